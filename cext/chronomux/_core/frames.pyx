"""Frames in memory, viewed and checked: see frames.pxd for the layout."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

import sys

from chronomux.errors import FrameError

if sys.byteorder != "little":
    raise ImportError("frames are little-endian; this machine is not")

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

# The names of KeyKind.
KEY_KINDS = ("object", "int64", "double")

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


# ---- Checksum

cdef inline uint64_t mixed(uint64_t sum, uint64_t word) noexcept nogil:
    """One-to-one in either argument, so that one wrong word always shows."""
    sum = (sum ^ word) * 0x9E3779B97F4A7C15u
    return sum ^ (sum >> 29)


cdef uint64_t checksum(const char* memory, Py_ssize_t size) noexcept nogil:
    """Of a frame's first bytes but for the checksum's place; `size`, without what is
    loose, is a multiple of 8.

    Eight sums, as one would wait for its multiplication in every step.
    """
    cdef uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8
    cdef const char* p = memory
    cdef const char* end = memory + CHECKSUM_AT
    while p < end:
        a = mixed(a, load64(p))
        p += 8
    p = memory + HEADER_BYTES
    end = memory + size
    while end - p >= 64:
        a = mixed(a, load64(p))
        b = mixed(b, load64(p + 8))
        c = mixed(c, load64(p + 16))
        d = mixed(d, load64(p + 24))
        e = mixed(e, load64(p + 32))
        f = mixed(f, load64(p + 40))
        g = mixed(g, load64(p + 48))
        h = mixed(h, load64(p + 56))
        p += 64
    while p < end:
        a = mixed(a, load64(p))
        p += 8
    return mixed(
        mixed(mixed(mixed(a, b), mixed(c, d)), mixed(e, f)), mixed(g, h)
    )


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
    cdef uint32_t size
    for _ in range(view.schemas):
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
    cdef const char* begin = NULL
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
    if header.loose > header.row_bytes or header.loose & 7:
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
    if checksum(memory, size - header.loose) != header.checksum:
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


def _seal(bytearray frame not None):
    """Give a frame the checksum of what it holds now: for tests of hostile frames."""
    cdef char* p = frame
    cdef Py_ssize_t size = len(frame)
    cdef Header header
    cdef uint64_t seal
    if size < HEADER_BYTES or size & 7:
        raise ValueError(f"{size} bytes cannot be a frame")
    memcpy(&header, p, sizeof(header))
    if not sizes_agree(&header, size):
        header.loose = 0
    seal = checksum(p, size - header.loose)
    memcpy(p + CHECKSUM_AT, &seal, sizeof(seal))
