"""Text to int64 nanoseconds since 1970 (UTC), exactly: the forms that captures have.

`read_time` reads what is common; what it does not read is for `TimeParser.slow`, which
knows the rest, and says what is no time.
"""

from libc.stdint cimport int64_t, uint16_t, uint64_t

cdef enum:
    BY_MAGNITUDE = -1  # the unit of epoch numbers


# Neither iso nor epoch: all texts are for the slow parser. A form remembers how the
# last time began, so threads that read at the same time need a copy each.
cdef struct TimeForm:
    bint iso
    bint epoch
    int places  # an epoch unit is 10**places ns, or BY_MAGNITUDE
    bint naive  # whether times without an offset are read, as being at `offset_ns`
    int64_t offset_ns
    uint64_t date  # the first eight characters of the last date
    uint16_t date_end  # and the other two
    int64_t day  # seconds from 1970 to it
    bint comma  # whether it may stand for the point of a fraction
    uint64_t head  # the first eight digits of the last number of ns
    int64_t head_number


# False for what the slow parser is to read or to refuse; then *ns is left as it was.
cdef bint read_time(
    TimeForm* form, const char* text, Py_ssize_t size, int64_t* ns
) noexcept nogil


# Reads texts up to the first of those; how many. A loop here is a call less for each.
cdef size_t read_times(
    TimeForm* form, const char* const* texts, const Py_ssize_t* sizes, size_t count,
    int64_t* ns,
) noexcept nogil


cdef class TimeParser:
    cdef TimeForm form
    cdef readonly object slow  # str -> int, or TimestampError
