"""Frames under construction, as bytes and without the GIL."""

cimport cython
from libc.stdint cimport int64_t, uint64_t

from chronomux._core.frames cimport MOST_SCHEMAS, Fault, FrameView, KeyKind


cdef class FrameBuilder:
    """An open frame: rows come in one by one or as slices of other frames.

    Methods that return a Fault leave the frame as it was unless it is FINE.
    """

    cdef KeyKind kind  # of the open frame; changes only while it has no row
    cdef uint64_t serial  # changes with every frame: numbers of schemas end with it
    cdef Py_ssize_t rows
    cdef Py_ssize_t row_room
    cdef int64_t* key_column  # bits of doubles where they are
    cdef uint64_t* offset_column  # one more than rows
    cdef char* row_data
    cdef Py_ssize_t used  # bytes of row_data: beyond the last offset, of an open row
    cdef Py_ssize_t room
    cdef Py_ssize_t schemas
    cdef char* schema_data
    cdef Py_ssize_t schema_room
    cdef Py_ssize_t schema_ends[MOST_SCHEMAS + 1]  # [0] is 0

    # Whether a row of this kind may be added; an empty frame takes that kind.
    cdef bint accept(self, KeyKind kind) noexcept nogil
    cdef Fault reserve(self, Py_ssize_t size) noexcept nogil  # bytes after `used`
    cdef Fault reserve_rows(self, Py_ssize_t count) noexcept nogil
    # The number of a schema, given as the layout has it; added if it is new.
    cdef Fault place_schema(
        self, const char* schema, Py_ssize_t size, Py_ssize_t* number
    ) noexcept nogil
    cdef void drop_rows(self, Py_ssize_t count) noexcept nogil  # all but the first
    # Drops all schemas but the first `count`.
    cdef void drop_schemas(self, Py_ssize_t count) noexcept nogil
    # Copies rows [start, stop) of the view. FULL: not even one; finish the frame first.
    cdef Fault copy_rows(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil
    cdef Py_ssize_t size(self) noexcept nogil  # bytes of the frame as it stands
    cdef void write_to(self, char* memory) noexcept nogil  # size() bytes
    cdef void shrink(self) noexcept nogil  # an empty frame lets go of what it grew by
    cdef void clear_frame(self) noexcept nogil  # begins a new frame
    cdef Fault map_schemas(self, FrameView* view) noexcept nogil


# What was written after the last row becomes a row. reserve_rows(1) came before.
@cython.nonecheck(False)  # which would need the GIL
cdef inline void finish_row(FrameBuilder frame, int64_t key) noexcept nogil:
    frame.key_column[frame.rows] = key
    frame.rows += 1
    frame.offset_column[frame.rows] = frame.used
