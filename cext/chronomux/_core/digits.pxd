"""Numbers from decimal digits, eight at a time.

D. Lemire, "Quickly parsing eight digits" (2018): neighbours are joined to pairs, pairs
to fours, fours to eight, each in one multiplication for all of them.
"""

from libc.stdint cimport int64_t, uint64_t

cdef enum:
    MOST_DIGITS = 19  # a uint64 holds any number of so many


cdef extern from *:
    """
    #define FIGURE_ZEROS 0x3030303030303030ULL /* "00000000" */
    #define TEN_TO_8 100000000ULL
    #define TEN_TO_16 10000000000000000ULL
    static const int64_t TEN_TO[] = {
        1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
    };
    """
    const uint64_t FIGURE_ZEROS
    const uint64_t TEN_TO_8
    const uint64_t TEN_TO_16
    const int64_t TEN_TO[10]


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    /* Bytes in the order of the text, the first one lowest, on any machine. Of bytes
     * put together one by one not every compiler would make one load. */
    static inline uint64_t eight_bytes(const char *p)
    {
        uint64_t word;
        memcpy(&word, p, sizeof(word));
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        return word;
    }
    """
    uint64_t eight_bytes(const char* p) noexcept nogil


cdef inline bint are_digits(uint64_t word) noexcept nogil:
    """0x30 to 0x39: the high half is 3, and stays 3 when 6 is added."""
    return (
        (word & 0xF0F0F0F0F0F0F0F0ULL)
        | ((word + 0x0606060606060606ULL) & 0xF0F0F0F0F0F0F0F0ULL) >> 4
    ) == 0x3333333333333333ULL


cdef inline uint64_t number_of(uint64_t word) noexcept nogil:
    word = (word & 0x0F0F0F0F0F0F0F0FULL) * 2561 >> 8
    word = (word & 0x00FF00FF00FF00FFULL) * 6553601 >> 16
    return (word & 0x0000FFFF0000FFFFULL) * 42949672960001ULL >> 32


# Words whose last or first `count` bytes (1 to 8) count, behind zeros. They are made of
# the eight bytes that end, or begin, at p.
cdef inline uint64_t last_bytes(const char* p, Py_ssize_t count) noexcept nogil:
    cdef uint64_t before = zeros_before(count)
    return (eight_bytes(p - 8) & ~before) | (FIGURE_ZEROS & before)


cdef inline uint64_t first_bytes(const char* p, Py_ssize_t count) noexcept nogil:
    return eight_bytes(p) << 8 * (8 - count) | (FIGURE_ZEROS & zeros_before(count))


cdef inline uint64_t zeros_before(Py_ssize_t count) noexcept nogil:
    """All ones where zeros stand before so many last bytes (1 to 8)."""
    return (<uint64_t>1 << 8 * (8 - count)) - 1


cdef inline int64_t digits(
    const char* begin, const char* p, Py_ssize_t count
) noexcept nogil:
    """The number of 1 to MOST_DIGITS digits; -1 if it is none or passes an int64.

    begin: where the text begins that p points into; nothing outside it is read.
    """
    cdef const char* end = p + count
    cdef uint64_t number = 0, low, high
    if count > 16:  # the first ones, and sixteen more
        high = first_bytes(p, count - 16)
        if not are_digits(high):
            return -1
        number = number_of(high)
        p = end - 16
        count = 16
    if count > 8:
        low = eight_bytes(end - 8)
        high = first_bytes(p, count - 8)
        if not (are_digits(low) and are_digits(high)):
            return -1
        number = number * TEN_TO_16 + number_of(high) * TEN_TO_8 + number_of(low)
    elif end - begin >= 8:
        low = last_bytes(end, count)
        if not are_digits(low):
            return -1
        number = number_of(low)
    else:
        while p < end:
            if not c"0" <= p[0] <= c"9":
                return -1
            number = number * 10 + <uint64_t>(p[0] - c"0")
            p += 1
    return -1 if number >> 63 else <int64_t>number
