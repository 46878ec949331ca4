"""Fields of a row as row bytes of a frame: those with quotes, or more than ASCII."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memchr, memcpy

from chronomux._core.rows cimport TEXT1, TEXT2, TEXT4

cdef enum:
    # The least first byte of a character of two bytes and more in UTF-8.
    OF_TWO = 0xC0
    OF_THREE = 0xE0
    OF_FOUR = 0xF0
    BEYOND_LATIN = 0xC4  # that of U+0100


cdef inline bint all_ascii(const uint8_t* data, size_t size) noexcept nogil:
    cdef uint8_t bits = 0
    cdef size_t i
    for i in range(size):
        bits |= data[i]
    return bits < 0x80


cdef inline int width_of(const uint8_t* data, size_t size) noexcept nogil:
    """The bytes of the widest character, as Python holds it."""
    cdef uint8_t most = 0
    cdef size_t i
    for i in range(size):
        most = max(most, data[i])
    return 4 if most >= OF_FOUR else 2 if most >= BEYOND_LATIN else 1


cdef inline uint32_t character(const uint8_t** data) noexcept nogil:
    """The character that valid UTF-8 begins with; `data` goes behind it."""
    cdef const uint8_t* p = data[0]
    cdef uint32_t code = p[0]
    cdef int more = 0, i
    if code >= OF_TWO:
        more = 3 if code >= OF_FOUR else 2 if code >= OF_THREE else 1
        code &= 0x3F >> more
    for i in range(more):
        code = code << 6 | (p[i + 1] & 0x3F)
    data[0] = p + more + 1
    return code


cdef char* write_text(
    char* out, const uint8_t* data, size_t size, int quote
) noexcept nogil:
    """Text in which each two quotes stand for one, of characters of any width."""
    cdef const uint8_t* end = data + size
    cdef int width = width_of(data, size)
    cdef char* head = out
    cdef uint32_t count = 0, code
    cdef uint16_t code16
    out += TEXT_HEAD
    while data < end:
        code = character(&data)
        if <int>code == quote:
            data += 1  # the other one
        if width == 1:
            out[0] = <char>code
        elif width == 2:
            code16 = <uint16_t>code
            memcpy(out, &code16, 2)
        else:
            memcpy(out, &code, 4)
        out += width
        count += 1
    head[0] = <char>(TEXT1 if width == 1 else TEXT2 if width == 2 else TEXT4)
    memcpy(head + 1, &count, 4)
    return out


cdef char* write_field(
    char* out, const uint8_t* data, size_t size, int quote, bint is_ascii
) noexcept nogil:
    if size and data[0] == quote:
        data += 1
        size -= 2
        if memchr(data, quote, size) is not NULL:
            return write_text(out, data, size, quote)
    if not is_ascii and not all_ascii(data, size):
        return write_text(out, data, size, -1)
    write_head(out, size)
    out += TEXT_HEAD
    memcpy(out, data, size)
    return out + size
