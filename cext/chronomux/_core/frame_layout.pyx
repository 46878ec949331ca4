"""Frames as bytes: see frame_layout.pxd for the layout. Nothing here touches an object."""

from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

import sys

from chronomux.errors import FrameError

if sys.byteorder != "little":
    raise ImportError("frames are little-endian; this machine is not")

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    FIRST_ROWS = 256
    FIRST_BYTES = 1 << 14
    FIRST_SCHEMA_BYTES = 512


cdef dict MESSAGES = {
    TOO_SHORT: "it is shorter than a header",
    NO_FRAME: "it does not begin as a frame does",
    OTHER_VERSION: "its version or its flags are of another release of chronomux",
    BAD_SIZES: "the sizes in its header do not agree with its length",
    BAD_CHECKSUM: "its checksum is wrong",
    BAD_OFFSETS: "its row offsets do not ascend from 0 to the end of its rows",
    BAD_SCHEMA: "a schema is malformed",
    BAD_ROW: "a row is malformed",
}


cdef int raise_fault(Fault fault) except -1:
    if fault == FINE:
        return 0
    if fault == NO_MEMORY:
        raise MemoryError("no memory for a frame")
    if fault == OTHER_KEYS:
        raise TypeError(
            "the open frame holds keys of another kind: take() it, then add again"
        )
    if fault == FULL:
        raise OverflowError(
            f"the open frame has no place for more than {MOST_SCHEMAS} schemas: "
            "take() it, then copy again"
        )
    raise FrameError(
        f"damaged frame: {MESSAGES[fault]}; get it again from its producer"
    )


cdef inline Py_ssize_t padded(Py_ssize_t size) noexcept nogil:
    return (size + 7) & ~<Py_ssize_t>7


# ---- Checksum

cdef inline uint64_t mixed(uint64_t sum, uint64_t word) noexcept nogil:
    """One-to-one in either argument, so that one wrong word always shows."""
    sum = (sum ^ word) * 0x9E3779B97F4A7C15u
    return sum ^ (sum >> 29)


cdef uint64_t checksum(const char* memory, Py_ssize_t size) noexcept nogil:
    """Of a whole frame but for the checksum's place; `size` is a multiple of 8.

    Four sums, as one would wait for its multiplication in every step.
    """
    cdef uint64_t a = 1, b = 2, c = 3, d = 4
    cdef const char* p = memory
    cdef const char* end = memory + CHECKSUM_AT
    while p < end:
        a = mixed(a, load64(p))
        p += 8
    p = memory + HEADER_BYTES
    end = memory + size
    while end - p >= 32:
        a = mixed(a, load64(p))
        b = mixed(b, load64(p + 8))
        c = mixed(c, load64(p + 16))
        d = mixed(d, load64(p + 24))
        p += 32
    while p < end:
        a = mixed(a, load64(p))
        p += 8
    return mixed(mixed(mixed(a, b), c), d)


# ---- Views

cdef inline Fault check_schema(const char* p, const char* end) noexcept nogil:
    """Whether the keys of one schema, given without what follows it, are all there."""
    cdef uint32_t count = load32(p + 4)
    cdef uint64_t wide
    p += SCHEMA_HEAD
    while count:
        if end - p < KEY_HEAD or p[0] not in (1, 2, 4):
            return BAD_SCHEMA
        wide = <uint64_t>load32(p + 1) * <uint64_t>p[0]
        p += KEY_HEAD
        if wide > <uint64_t>(end - p):
            return BAD_SCHEMA
        p += wide
        count -= 1
    return FINE if end - p < 8 else BAD_SCHEMA


cdef inline Fault check_schemas(const FrameView* view) noexcept nogil:
    cdef const char* p = view.schema_data
    cdef const char* end = p + view.schema_bytes
    cdef Py_ssize_t i
    cdef uint32_t size
    for i in range(view.schemas):
        if end - p < SCHEMA_HEAD:
            return BAD_SCHEMA
        size = load32(p)
        if size < SCHEMA_HEAD or size & 7 or size > <uint64_t>(end - p):
            return BAD_SCHEMA
        if check_schema(p, p + size):
            return BAD_SCHEMA
        p += size
    return FINE if p == end else BAD_SCHEMA


cdef Fault row_of(
    const FrameView* view, Py_ssize_t row, const char** begin, const char** end
) noexcept nogil:
    cdef uint64_t low = load64(view.offset_column + 8 * row)
    cdef uint64_t high = load64(view.offset_column + 8 * row + 8)
    if low >= high or high > <uint64_t>view.row_bytes:
        return BAD_OFFSETS
    begin[0] = view.row_data + low
    end[0] = view.row_data + high
    return FINE


cdef Fault item_of(
    const FrameView* view, Py_ssize_t row, const char** begin, const char** end
) noexcept nogil:
    cdef Fault fault = row_of(view, row, begin, end)
    cdef uint64_t key
    if fault == FINE and view.kind == OBJECT_KEYS:
        key = load64(view.key_column + 8 * row)
        if key >= <uint64_t>(end[0] - begin[0]):
            return BAD_ROW
        begin[0] += key
    return fault


cdef inline Fault check_rows(const FrameView* view) noexcept nogil:
    cdef Py_ssize_t i
    cdef const char* begin
    cdef const char* end = view.row_data
    cdef const char* previous
    cdef Fault fault
    if load64(view.offset_column) != 0:
        return BAD_OFFSETS
    for i in range(view.rows):
        previous = end
        fault = item_of(view, i, &begin, &end)
        if fault:
            return fault
        if end <= previous:
            return BAD_OFFSETS
    return FINE if end == view.row_data + view.row_bytes else BAD_OFFSETS


cdef inline bint sizes_agree(const Header* header, uint64_t size) noexcept nogil:
    """Every part is a bound by itself first, so that no sum can overflow."""
    if size & 7 or header.frame_bytes != size or size > <uint64_t>PY_SSIZE_T_MAX:
        return False
    if header.row_bytes > size or header.schema_bytes > size:
        return False
    if header.schema_bytes & 7 or header.schemas > MOST_SCHEMAS:
        return False
    if 16 * <uint64_t>header.rows > size:
        return False
    return size == (
        HEADER_BYTES + 16 * <uint64_t>header.rows + 8 + header.schema_bytes
        + ((header.row_bytes + 7) & ~<uint64_t>7)
    )


cdef Fault view_frame(
    const char* memory, Py_ssize_t size, FrameView* view
) noexcept nogil:
    cdef Header header
    cdef Fault fault
    if size < HEADER_BYTES:
        return TOO_SHORT
    memcpy(&header, memory, sizeof(header))
    if header.magic != MAGIC:
        return NO_FRAME
    if header.version != VERSION or header.flags or header.kind > DOUBLE_KEYS:
        return OTHER_VERSION
    if not sizes_agree(&header, size):
        return BAD_SIZES
    if checksum(memory, size) != header.checksum:
        return BAD_CHECKSUM
    view.kind = <KeyKind>header.kind
    view.rows = header.rows
    view.schemas = header.schemas
    view.schema_bytes = header.schema_bytes
    view.row_bytes = header.row_bytes
    view.key_column = memory + HEADER_BYTES
    view.offset_column = view.key_column + 8 * view.rows
    view.schema_data = view.offset_column + 8 * (view.rows + 1)
    view.row_data = view.schema_data + view.schema_bytes
    view.target = NULL
    fault = check_schemas(view)
    return fault if fault else check_rows(view)


# ---- Building

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
        cdef Py_ssize_t before = self.schemas, i, number
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
        cdef const char* begin
        cdef const char* end
        cdef const char* row_end
        cdef const char* item
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

    cdef Py_ssize_t size(self) noexcept nogil:
        return (
            HEADER_BYTES + 16 * self.rows + 8 + self.schema_ends[self.schemas]
            + padded(self.offset_column[self.rows])
        )

    cdef void write_to(self, char* memory) noexcept nogil:
        cdef Py_ssize_t row_bytes = self.offset_column[self.rows], size = self.size()
        cdef Py_ssize_t schema_bytes = self.schema_ends[self.schemas]
        cdef char* p = memory + HEADER_BYTES
        cdef Header header = Header(
            MAGIC, VERSION, self.kind, 0, <uint32_t>self.rows, <uint32_t>self.schemas,
            schema_bytes, row_bytes, size, 0,
        )
        memcpy(memory, &header, sizeof(header))
        memcpy(p, self.key_column, 8 * self.rows)
        p += 8 * self.rows
        memcpy(p, self.offset_column, 8 * (self.rows + 1))
        p += 8 * (self.rows + 1)
        if schema_bytes:
            memcpy(p, self.schema_data, schema_bytes)
        p += schema_bytes
        memset(memory + size - 8, 0, 8 if row_bytes else 0)
        memcpy(p, self.row_data, row_bytes)
        header.checksum = checksum(memory, size)
        memcpy(memory + CHECKSUM_AT, &header.checksum, 8)

    cdef void clear_frame(self) noexcept nogil:
        self.rows = self.used = self.schemas = 0
        self.serial += 1


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
