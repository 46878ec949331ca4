"""Records as they stand in a file, with their times: frames."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from chronomux._core.csv.noted cimport Noted
from chronomux._core.csv.records cimport Records
from chronomux._core.csv.structure cimport Index
from chronomux._core.csv.window cimport Window
from chronomux._core.times cimport TimeForm, TimeParser

cdef enum:
    AT_ONCE = 64  # records whose times are found first, and then read


# The texts of times, up to AT_ONCE of them.
cdef struct Texts:
    const char* begins[AT_ONCE]
    Py_ssize_t sizes[AT_ONCE]


cdef class TimedRecords(Records):
    cdef object readinto
    cdef size_t block_bytes
    cdef TimeParser parser
    cdef TimeForm form
    cdef tuple columns
    cdef size_t column  # the first, or only, of them
    cdef bint is_simple  # it is the only one
    cdef bint may_guess  # how long a field is: no time has the delimiter in it
    cdef str missing
    cdef str encoding
    cdef object on_bad
    cdef object on_first
    cdef object failure
    cdef Index row_ends
    cdef Noted noted  # for the frame begun
    cdef size_t most  # records of a frame

    cdef int gather(self) except -1
    cdef int gather_indexed(self) except -1
    cdef bint gather_lines(self) except -1
    cdef bint is_short(self) noexcept
    cdef size_t at_once(self, size_t rows) noexcept
    cdef size_t row_after(self, size_t end) noexcept
    cdef size_t find_in_index(self, Texts* texts, size_t rows) noexcept
    cdef size_t find_in_lines(
        self, Texts* texts, const uint32_t* row_ends, size_t rows, bint guesses
    ) noexcept
    cdef size_t take_lines(
        self, const uint32_t* row_ends, size_t rows, bint guesses
    ) except? 0
    cdef size_t take(self, const Texts* texts, size_t found) except? 0
    cdef bint leave_index(self) noexcept
    cdef bint find_row_ends(self) except -1
    cdef bint is_taken(self, int64_t* ns) except -1
    cdef bint is_blank(self) noexcept
    cdef bint time_of_row(self, int64_t* ns) except -1
    cdef bint slow_time(self, int64_t* ns) except -1
    cdef object text(self, size_t column)
    cdef size_t read_into(self, Window window, size_t most) except? 0
