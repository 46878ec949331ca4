"""Fields of a row as row bytes of a frame (see rows.pxd): no object is made."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from chronomux._core.csv.rows cimport Rows
from chronomux._core.frame_builder cimport FrameBuilder
from chronomux._core.frames cimport raise_fault
from chronomux._core.rows cimport TEXT1

cdef enum:
    TEXT_HEAD = 5  # tag and number of characters
    SMALL = 32  # bytes that are copied faster than it takes to call a function
    MARGIN = 2 * SMALL  # behind a frame's open row, for what copies of SMALL write
    WIDEST = 4  # bytes that a byte of text may become


# The head of ASCII text: TEXT_HEAD bytes. What it writes behind them is for nothing.
cdef inline void write_head(char* out, size_t size) noexcept nogil:
    cdef uint64_t head = <uint64_t>TEXT1 | <uint64_t>size << 8
    memcpy(out, &head, 8)


# Any field as it stands in RFC 4180 text; quote: -1 where none is left. Returns the
# end of what it wrote.
cdef char* write_field(
    char* out, const uint8_t* data, size_t size, int quote, bint is_ascii
) noexcept nogil


# Fields of ASCII, behind each of which SMALL bytes may be read, up to those at `ends`.
cdef inline char* write_ascii_fields(
    char* out, const uint8_t* data, size_t begin, const uint32_t* ends, size_t count,
    size_t gap, int quote,
) noexcept nogil:
    cdef const uint8_t* field
    cdef size_t i, size
    for i in range(count):
        field = data + begin
        size = ends[i] - begin
        begin = ends[i] + gap
        if field[0] == quote:
            out = write_field(out, field, size, quote, True)
            continue
        write_head(out, size)
        out += TEXT_HEAD
        memcpy(out, field, SMALL)
        if size > SMALL:
            memcpy(out + SMALL, field + SMALL, size - SMALL)
        out += size
    return out


cdef inline char* write_any_fields(
    char* out, const uint8_t* data, size_t begin, const uint32_t* ends, size_t count,
    size_t gap, int quote, bint is_ascii,
) noexcept nogil:
    cdef size_t i
    for i in range(count):
        out = write_field(out, data + begin, ends[i] - begin, quote, is_ascii)
        begin = ends[i] + gap
    return out


# Fields [first, last) of the row at hand, all of which it has.
cdef inline int write_fields(
    FrameBuilder frame, Rows rows, size_t first, size_t last
) except -1:
    cdef const uint32_t* ends = rows.ends
    cdef size_t gap = rows.gap, begin = ends[first - 1] + gap if first else rows.begin
    cdef size_t end = ends[last - 1], span, count = last - first
    cdef int quote = -1 if rows.is_exact else rows.rules.syntax.quote
    cdef char* out
    span = (1 if rows.is_ascii else WIDEST) * (end - begin) + TEXT_HEAD * count + MARGIN
    if frame.used + <Py_ssize_t>span > frame.room:
        raise_fault(frame.reserve(span))
    out = frame.row_data + frame.used
    if rows.is_ascii and not rows.is_exact and end + SMALL <= rows.window.size:
        out = write_ascii_fields(
            out, rows.bytes, begin, ends + first, count, gap, quote
        )
    else:
        out = write_any_fields(
            out, rows.bytes, begin, ends + first, count, gap, quote, rows.is_ascii
        )
    frame.used = out - frame.row_data
    return 0
