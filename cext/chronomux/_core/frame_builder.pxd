"""Frames under construction, as bytes and without the GIL."""

cimport cython
from libc.stdint cimport int64_t, uint16_t, uint64_t
from libc.string cimport memcpy

from chronomux._core.frames cimport (
    BAD_OFFSETS,
    BAD_ROW,
    DICT_HEAD,
    DICT_TAG,
    FINE,
    MOST_SCHEMAS,
    OBJECT_KEYS,
    Fault,
    FrameView,
    KeyKind,
    load16,
    load64,
)
from chronomux._core.ring cimport Piece

cdef enum:
    MOST_PIECES = 32

cdef extern from *:
    void fetch_early "__builtin_prefetch"(const void* memory) noexcept nogil

cdef enum:
    SMALL = 64  # bytes that are copied faster than it takes to call a function


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
    # The end of the last row may lie elsewhere: the content of its large buffers. With
    # a tail, the frame has to go before another row comes.
    cdef Piece tail[MOST_PIECES]
    cdef int tails
    cdef Py_ssize_t tail_bytes  # a multiple of 8
    cdef Py_ssize_t tail_gap  # zeros before it, so that it is aligned in the frame
    cdef object tail_owner

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
    # The same without their keys, whatever these are.
    cdef Fault copy_items(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil
    cdef Py_ssize_t size(self) noexcept nogil  # bytes of the frame as it stands
    cdef void write_to(self, char* memory) noexcept nogil  # all but the tail
    cdef Fault place_tail(self) noexcept nogil  # of the last row, which is not finished
    cdef Fault keep_tail(self) noexcept nogil  # copies it into the row
    cdef void shrink(self) noexcept nogil  # an empty frame lets go of what it grew by
    cdef void clear_frame(self) noexcept nogil  # begins a new frame

    # For this module only.
    cdef Fault map_schemas(self, FrameView* view) noexcept nogil


# What was written after the last row becomes a row. reserve_rows(1) came before.
@cython.nonecheck(False)  # which would need the GIL
cdef inline void finish_row(FrameBuilder frame, int64_t key) noexcept nogil:
    frame.key_column[frame.rows] = key
    frame.rows += 1
    frame.offset_column[frame.rows] = frame.used


# Copies bytes [begin, end) of the rows of a view, an item in whose frame of origin its
# schema has another number, behind those of the open frame. There is room for them.
@cython.nonecheck(False)
cdef inline Fault copy_bytes(
    FrameBuilder frame, const FrameView* view, uint64_t begin, uint64_t end
) noexcept nogil:
    cdef Py_ssize_t size = <Py_ssize_t>(end - begin)
    cdef const char* source = view.row_data + begin
    cdef char* out = frame.row_data + frame.used
    cdef uint16_t number
    if begin >= end or end > <uint64_t>view.row_bytes:
        return BAD_OFFSETS
    # The next row of the view comes soon, with rows of other views before it.
    fetch_early(source + size)
    fetch_early(source + size + 64)
    # Most rows are small: what is copied beyond them is written over by the next.
    if view.row_bytes - begin >= SMALL and frame.room - frame.used >= SMALL:
        memcpy(out, source, SMALL)
        if size > SMALL:
            memcpy(out + SMALL, source + SMALL, size - SMALL)
    else:
        memcpy(out, source, size)
    if out[0] == DICT_TAG:
        if size < DICT_HEAD:
            return BAD_ROW
        number = load16(out + 1)
        if number >= view.schemas:
            return BAD_ROW
        memcpy(out + 1, &view.numbers[number], sizeof(number))
    frame.used += size
    return FINE


# Whether one row may be added without a look at anything but its size.
@cython.nonecheck(False)
cdef inline bint takes_rows_of(
    FrameBuilder frame, const FrameView* view
) noexcept nogil:
    return (
        frame.rows > 0
        and view.target == <void*>frame and view.target_serial == frame.serial
        and frame.rows + 1 < frame.row_room
    )


# Copies one row, as copy_rows does, at less cost where rows come one at a time.
@cython.nonecheck(False)
cdef inline Fault copy_row(
    FrameBuilder frame, FrameView* view, Py_ssize_t row
) noexcept nogil:
    cdef uint64_t begin = load64(view.offset_column + 8 * row)
    cdef uint64_t end = load64(view.offset_column + 8 * row + 8)
    cdef Fault fault
    if (
        not takes_rows_of(frame, view)
        or frame.kind != view.kind or view.kind == OBJECT_KEYS
        or frame.room - frame.used < <Py_ssize_t>(end - begin)
    ):
        return frame.copy_rows(view, row, row + 1)
    fault = copy_bytes(frame, view, begin, end)
    if fault == FINE:
        finish_row(frame, <int64_t>load64(view.key_column + 8 * row))
    return fault


# Copies one row without its key, as copy_items does.
@cython.nonecheck(False)
cdef inline Fault copy_item(
    FrameBuilder frame, FrameView* view, Py_ssize_t row
) noexcept nogil:
    cdef uint64_t begin = load64(view.offset_column + 8 * row)
    cdef uint64_t end = load64(view.offset_column + 8 * row + 8)
    cdef uint64_t key = 0
    cdef Fault fault
    if (
        not takes_rows_of(frame, view) or frame.kind != OBJECT_KEYS
        or frame.room - frame.used < <Py_ssize_t>(end - begin)
    ):
        return frame.copy_items(view, row, row + 1)
    if view.kind == OBJECT_KEYS:
        key = load64(view.key_column + 8 * row)
        if key >= end - begin:
            return BAD_ROW
    fault = copy_bytes(frame, view, begin + key, end)
    if fault == FINE:
        finish_row(frame, 0)
    return fault
