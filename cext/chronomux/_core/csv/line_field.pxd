"""A field of a row that is one line, found without an index of fields."""

from libc.stdint cimport uint8_t
from libc.string cimport memchr


cdef extern from "chronomux/_core/csv/simd.h" nogil:
    const uint8_t* next_byte(
        const uint8_t* p, const uint8_t* end, uint8_t byte
    ) noexcept


cdef inline const uint8_t* field_end(
    const uint8_t* p, const uint8_t* end, uint8_t delimiter, int quote
) noexcept nogil:
    """Where the field at p ends, of a row in which all quotes are RFC 4180's."""
    if p < end and p[0] == quote:
        while True:
            p = <const uint8_t*>memchr(p + 1, quote, end - p - 1)
            if p == NULL:
                return end
            p += 1
            if p == end or p[0] != quote:
                return p
    return next_byte(p, end, delimiter)


cdef inline bint find_column(
    const uint8_t** begin, const uint8_t* end, size_t column, uint8_t delimiter,
    int quote,
) noexcept nogil:
    """Go on to where a field of a row begins; False: the row has too few."""
    while column:
        column -= 1
        begin[0] = field_end(begin[0], end, delimiter, quote)
        if begin[0] == end:
            return False
        begin[0] += 1
    return True
