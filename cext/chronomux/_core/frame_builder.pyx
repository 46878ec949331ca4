# cython: nonecheck=False
# (A check for None would need the GIL; `self` is never None.)
"""Frames under construction: rows one by one, or slices of other frames."""

from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport uint16_t, uint32_t
from libc.string cimport memcmp, memcpy, memset

from chronomux._core.frames cimport (
    BAD_OFFSETS,
    BAD_ROW,
    CHECKSUM_AT,
    DICT_HEAD,
    DICT_TAG,
    FINE,
    FULL,
    HEADER_BYTES,
    MAGIC,
    MOST_SCHEMAS,
    NO_MEMORY,
    OTHER_KEYS,
    VERSION,
    Fault,
    FrameView,
    Header,
    KeyKind,
    checksum,
    item_of,
    load16,
    load32,
    padded,
    raise_fault,
    row_of,
)

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    FIRST_ROWS = 256
    FIRST_BYTES = 1 << 14
    FIRST_SCHEMA_BYTES = 512
    TAIL_ALIGNMENT = 64


cdef inline Fault grow(
    void** data, Py_ssize_t* room, Py_ssize_t needed, Py_ssize_t unit, Py_ssize_t first
) noexcept nogil:
    """Make room for `needed` entries, at least twice as many as there was."""
    cdef Py_ssize_t wanted = max(needed, 2 * room[0], first)
    cdef void* moved
    if needed < 0 or wanted > PY_SSIZE_T_MAX // unit:
        return NO_MEMORY
    moved = PyMem_RawRealloc(data[0], wanted * unit)
    if moved == NULL:
        return NO_MEMORY
    data[0] = moved
    room[0] = wanted
    return FINE


cdef class FrameBuilder:
    """An open frame, as bytes."""

    def __cinit__(self):
        self.serial = 1
        raise_fault(self.reserve_rows(1))
        raise_fault(self.reserve(1))
        self.offset_column[0] = 0

    def __dealloc__(self):
        PyMem_RawFree(self.key_column)
        PyMem_RawFree(self.offset_column)
        PyMem_RawFree(self.row_data)
        PyMem_RawFree(self.schema_data)

    cdef bint accept(self, KeyKind kind) noexcept nogil:
        if self.rows == 0:
            self.kind = kind
        return self.kind == kind

    cdef Fault reserve(self, Py_ssize_t size) noexcept nogil:
        if size > PY_SSIZE_T_MAX - self.used:
            return NO_MEMORY
        if self.used + size <= self.room:
            return FINE
        return grow(
            <void**>&self.row_data, &self.room, self.used + size, 1, FIRST_BYTES
        )

    cdef Fault reserve_rows(self, Py_ssize_t count) noexcept nogil:
        cdef Py_ssize_t needed = self.rows + count + 1, room = self.row_room
        cdef Fault fault
        if needed <= self.row_room:
            return FINE
        if needed > <Py_ssize_t>0xFFFFFFFFu:  # more than the header can say
            return NO_MEMORY
        fault = grow(<void**>&self.key_column, &room, needed, 8, FIRST_ROWS)
        if fault == FINE:
            fault = grow(
                <void**>&self.offset_column, &self.row_room, needed, 8, FIRST_ROWS
            )
        return fault

    cdef Fault place_schema(
        self, const char* schema, Py_ssize_t size, Py_ssize_t* number
    ) noexcept nogil:
        cdef Py_ssize_t i, begin, used = self.schema_ends[self.schemas]
        for i in range(self.schemas):
            begin = self.schema_ends[i]
            if self.schema_ends[i + 1] - begin == size and not memcmp(
                self.schema_data + begin, schema, size
            ):
                number[0] = i
                return FINE
        if self.schemas == MOST_SCHEMAS:
            return FULL
        if used + size > self.schema_room and grow(
            <void**>&self.schema_data, &self.schema_room, used + size, 1,
            FIRST_SCHEMA_BYTES,
        ):
            return NO_MEMORY
        memcpy(self.schema_data + used, schema, size)
        number[0] = self.schemas
        self.schemas += 1
        self.schema_ends[self.schemas] = used + size
        return FINE

    cdef void drop_rows(self, Py_ssize_t count) noexcept nogil:
        if self.rows > count:
            self.rows = count
            self.used = self.offset_column[count]

    cdef void drop_schemas(self, Py_ssize_t count) noexcept nogil:
        if self.schemas > count:
            self.schemas = count
            self.serial += 1  # no one may trust a number that is given again

    cdef Fault map_schemas(self, FrameView* view) noexcept nogil:
        """Bring all schemas of the view in, once for each pair of frames."""
        cdef Py_ssize_t before = self.schemas, i, number = 0
        cdef const char* schema = view.schema_data
        cdef Fault fault
        if view.target == <void*>self and view.target_serial == self.serial:
            return FINE
        view.same_numbers = True
        for i in range(view.schemas):
            fault = self.place_schema(schema, load32(schema), &number)
            if fault:
                self.drop_schemas(before)
                return fault
            view.numbers[i] = <uint16_t>number
            view.same_numbers &= number == i
            schema += load32(schema)
        view.target = <void*>self
        view.target_serial = self.serial
        return FINE

    cdef Fault copy_rows(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil:
        cdef const char* begin = NULL
        cdef const char* end = NULL
        cdef const char* row_end = NULL
        cdef const char* item = NULL
        cdef char* out
        cdef Py_ssize_t i, used = self.used, base
        cdef Fault fault
        if start >= stop:
            return FINE
        if not self.accept(view.kind):
            return OTHER_KEYS
        fault = row_of(view, start, &begin, &end)
        if fault == FINE:
            fault = row_of(view, stop - 1, &item, &end)
        if fault == FINE and end < begin:
            fault = BAD_OFFSETS
        if fault == FINE:
            fault = self.map_schemas(view)
        if fault == FINE:
            fault = self.reserve_rows(stop - start)
        if fault == FINE:
            fault = self.reserve(end - begin)
        if fault:
            return fault
        memcpy(self.row_data + used, begin, end - begin)
        memcpy(
            self.key_column + self.rows, view.key_column + 8 * start, 8 * (stop - start)
        )
        base = used - (begin - view.row_data)
        for i in range(start, stop):
            fault = item_of(view, i, &item, &row_end)
            # The memory may be another process's: offsets are bounds each time anew.
            if fault == FINE and (item < begin or row_end > end):
                fault = BAD_OFFSETS
            if fault:
                return fault
            out = self.row_data + base + (item - view.row_data)
            if out[0] == DICT_TAG and renumber(view, out, row_end - item):
                return BAD_ROW
            begin = row_end
            self.offset_column[self.rows + i - start + 1] = (
                base + (row_end - view.row_data)
            )
        self.rows += stop - start
        self.used = self.offset_column[self.rows]
        return FINE

    cdef Fault copy_items(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil:
        cdef const char* begin = NULL
        cdef const char* end = NULL
        cdef Py_ssize_t row, rows = self.rows
        cdef Fault fault
        if start >= stop:
            return FINE
        if not self.accept(OBJECT_KEYS):
            return OTHER_KEYS
        fault = self.map_schemas(view)
        if fault == FINE:
            fault = self.reserve_rows(stop - start)
        for row in range(start, stop):
            if fault == FINE:
                fault = item_of(view, row, &begin, &end)
            if fault == FINE:
                fault = self.reserve(end - begin)
            if fault == FINE:
                fault = copy_bytes(
                    self, view, begin - view.row_data, end - view.row_data
                )
            if fault:
                self.drop_rows(rows)
                return fault
            finish_row(self, 0)
        return FINE

    cdef Py_ssize_t size(self) noexcept nogil:
        return (
            HEADER_BYTES + 16 * self.rows + 8 + self.schema_ends[self.schemas]
            + padded(self.offset_column[self.rows])
        )

    cdef void write_to(self, char* memory) noexcept nogil:
        cdef Py_ssize_t row_bytes = self.offset_column[self.rows], size = self.size()
        cdef Py_ssize_t schema_bytes = self.schema_ends[self.schemas]
        cdef Py_ssize_t here = size - self.tail_bytes
        cdef char* p = memory + HEADER_BYTES
        cdef Header header = Header(
            MAGIC, VERSION, self.kind, 0, <uint32_t>self.rows, <uint32_t>self.schemas,
            schema_bytes, row_bytes, size, self.tail_bytes, 0,
        )
        memcpy(memory, &header, sizeof(header))
        memcpy(p, self.key_column, 8 * self.rows)
        p += 8 * self.rows
        memcpy(p, self.offset_column, 8 * (self.rows + 1))
        p += 8 * (self.rows + 1)
        if schema_bytes:
            memcpy(p, self.schema_data, schema_bytes)
        p += schema_bytes
        memset(memory + here - 8, 0, 8 if row_bytes else 0)
        memcpy(p, self.row_data, row_bytes - self.tail_bytes)
        header.checksum = checksum(memory, here)
        memcpy(memory + CHECKSUM_AT, &header.checksum, 8)

    cdef Fault place_tail(self) noexcept nogil:
        cdef Py_ssize_t begin = self.schema_ends[self.schemas] + self.used
        cdef Py_ssize_t gap = -(HEADER_BYTES + 16 * (self.rows + 1) + 8 + begin)
        cdef Fault fault
        gap &= TAIL_ALIGNMENT - 1
        fault = self.reserve(gap)
        if fault:
            return fault
        memset(self.row_data + self.used, 0, gap)
        self.used += gap
        self.tail_gap = gap
        return FINE

    cdef Fault keep_tail(self) noexcept nogil:
        cdef int i
        cdef Fault fault = self.reserve(self.tail_bytes)
        if fault:
            return fault
        for i in range(self.tails):
            memcpy(self.row_data + self.used, self.tail[i].data, self.tail[i].bytes)
            self.used += self.tail[i].bytes
        self.tails = 0
        self.tail_bytes = 0
        return FINE

    cdef void clear_frame(self) noexcept nogil:
        self.rows = self.used = self.schemas = 0
        self.tails = 0
        self.tail_bytes = 0
        self.serial += 1

    cdef void shrink(self) noexcept nogil:
        cdef char* moved
        if self.used == 0 and self.room > FIRST_BYTES:
            moved = <char*>PyMem_RawRealloc(self.row_data, FIRST_BYTES)
            if moved != NULL:
                self.row_data = moved
                self.room = FIRST_BYTES


cdef inline Fault renumber(
    const FrameView* view, char* item, Py_ssize_t size
) noexcept nogil:
    cdef uint16_t number
    if size < DICT_HEAD:
        return BAD_ROW
    number = load16(item + 1)
    if number >= view.schemas:
        return BAD_ROW
    if not view.same_numbers:
        memcpy(item + 1, &view.numbers[number], sizeof(number))
    return FINE
