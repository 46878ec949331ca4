"""Fields of a row as row bytes of a frame (see rows.pxd): no object is made."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memchr, memcpy

from chronomux._core.csv.rows cimport Rows
from chronomux._core.frame_builder cimport FrameBuilder
from chronomux._core.frames cimport raise_fault
from chronomux._core.rows cimport TEXT1

cdef enum:
    TEXT_HEAD = 5  # tag and number of characters
    SMALL = 32  # bytes that are copied faster than it takes to call a function
    MARGIN = 2 * SMALL  # behind a frame's open row, for what copies of SMALL write
    WIDEST = 4  # bytes that a byte of text may become


# What stands at `data` and of which SMALL bytes may be read if `readable` are.
cdef inline char* write_ascii(
    char* out, const uint8_t* data, size_t size, size_t readable
) noexcept nogil:
    cdef uint64_t head = <uint64_t>TEXT1 | <uint64_t>size << 8
    memcpy(out, &head, 8)  # its last bytes are written over
    out += TEXT_HEAD
    if readable >= SMALL:
        memcpy(out, data, SMALL)
        if size > SMALL:
            memcpy(out + SMALL, data + SMALL, size - SMALL)
    else:
        memcpy(out, data, size)
    return out + size


cdef inline bint all_ascii(const uint8_t* data, size_t size) noexcept nogil:
    cdef uint8_t bits = 0
    cdef size_t i
    for i in range(size):
        bits |= data[i]
    return bits < 0x80


# A field as it stands in RFC 4180 text; quote: -1 where none is left.
cdef inline char* write_field(
    char* out, const uint8_t* data, size_t size, int quote, bint is_ascii,
    size_t readable,
) noexcept nogil:
    if size and data[0] == quote:
        data += 1
        size -= 2
        readable -= 1
        if memchr(data, quote, size) is not NULL:
            return write_text(out, data, size, quote)
    if not is_ascii and not all_ascii(data, size):
        return write_text(out, data, size, -1)
    return write_ascii(out, data, size, readable)


# Text in which each two quotes stand for one, and characters may have several bytes.
cdef char* write_text(
    char* out, const uint8_t* data, size_t size, int quote
) noexcept nogil


# Fields [first, last) of the row at hand, all of which it has.
cdef inline int write_fields(
    FrameBuilder frame, Rows rows, size_t first, size_t last
) except -1:
    cdef const uint8_t* data = rows.bytes
    cdef const uint32_t* ends = rows.ends
    cdef size_t gap = rows.gap, begin = ends[first - 1] + gap if first else rows.begin
    cdef bint is_ascii = rows.is_ascii
    cdef int quote = rows.rules.syntax.quote
    cdef size_t known = rows.window.size, span = ends[last - 1] - begin, i
    cdef char* out
    if rows.is_exact:
        quote = -1
        known = ends[rows.width - 1]
    span = (1 if is_ascii else WIDEST) * span + TEXT_HEAD * (last - first) + MARGIN
    if frame.used + <Py_ssize_t>span > frame.room:
        raise_fault(frame.reserve(span))
    out = frame.row_data + frame.used
    for i in range(first, last):
        out = write_field(
            out, data + begin, ends[i] - begin, quote, is_ascii, known - begin
        )
        begin = ends[i] + gap
    frame.used = out - frame.row_data
    return 0
