"""The time of the row at hand; see row_times.pyx."""

from libc.stdint cimport int64_t

from chronomux._core.csv.rows cimport Rows
from chronomux._core.times cimport TimeForm, TimeParser


cdef class RowTimes:
    cdef TimeParser parser
    cdef TimeForm form
    cdef size_t column  # the only one, if is_simple
    cdef bint is_simple
    cdef object pick
    cdef object on_bad
    cdef object on_first

    # Of the row at hand.
    cdef bint is_known
    cdef int64_t ns

    cdef bint read(self, Rows rows) noexcept
    cdef bint ask(self, Rows rows, list fields) except -1
