"""Order-preserving maps from numbers to unsigned integers.

Every typed kernel compares ordinals, so int64, uint64 and double share one code path,
reverse order is a complement, and a missing key is 0, below all others.

`ordinal_of_*`   one 64-bit word; comparable within one kind of number only.
`exact_of_*`     two words, comparable across kinds without rounding: the ordinal of the
                 greatest double that is not above the number, and what is left over
                 (0..2047, as doubles near 2**63 lie 1024 or 2048 apart).
"""

from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy


cdef enum:
    LEFTOVER_BITS = 11

cdef struct Exact:
    uint64_t high
    uint64_t low


cdef extern from *:
    """
    /* The first doubles that fit neither int64 nor uint64. */
    #define INT64_END 9223372036854775808.0
    #define UINT64_END 18446744073709551616.0
    """
    const double INT64_END
    const double UINT64_END


cdef inline uint64_t ordinal_of_int(int64_t value) noexcept nogil:
    return <uint64_t>value ^ (<uint64_t>1 << 63)


cdef inline int64_t int_of_ordinal(uint64_t ordinal) noexcept nogil:
    return <int64_t>(ordinal ^ (<uint64_t>1 << 63))


cdef inline uint64_t ordinal_of_float(double value) noexcept nogil:
    """-0.0 equals 0.0; NaN is missing (0), and -inf lies just above it."""
    cdef uint64_t bits = 0
    value += 0.0  # -0.0 + 0.0 is 0.0
    memcpy(&bits, &value, sizeof(bits))
    # Negative doubles descend as bits: flip them all; positive ones lose to none.
    bits ^= -(bits >> 63) | (<uint64_t>1 << 63)
    return 0 if value != value else bits


cdef inline double float_of_ordinal(uint64_t ordinal) noexcept nogil:
    cdef double value = 0
    ordinal ^= ((ordinal >> 63) - 1) | (<uint64_t>1 << 63)
    memcpy(&value, &ordinal, sizeof(value))
    return value


cdef inline Exact exact_of_float(double value) noexcept nogil:
    return Exact(ordinal_of_float(value), 0)


cdef inline Exact exact_of_int(int64_t value) noexcept nogil:
    cdef double floor = <double>value
    cdef uint64_t high = ordinal_of_float(floor)
    if floor >= INT64_END or <int64_t>floor > value:  # rounded up: step down one double
        high -= 1
        floor = float_of_ordinal(high)
    return Exact(high, <uint64_t>(value - <int64_t>floor))


cdef inline Exact exact_of_uint(uint64_t value) noexcept nogil:
    cdef double floor = <double>value
    cdef uint64_t high = ordinal_of_float(floor)
    if floor >= UINT64_END or <uint64_t>floor > value:
        high -= 1
        floor = float_of_ordinal(high)
    return Exact(high, value - <uint64_t>floor)


cdef inline int bit_length(uint64_t value) noexcept nogil:
    cdef int bits = 0
    while value:
        value >>= 1
        bits += 1
    return bits
