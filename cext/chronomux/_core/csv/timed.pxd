"""Records as they stand in a file, with their times: frames."""

from libc.stdint cimport int64_t, uint8_t

from chronomux._core.csv.records cimport Records
from chronomux._core.csv.structure cimport Index
from chronomux._core.times cimport TimeForm, TimeParser


cdef class TimedRecords(Records):
    cdef TimeParser parser
    cdef TimeForm form
    cdef tuple columns
    cdef size_t column  # the first, or only, of them
    cdef bint is_simple  # it is the only one
    cdef str missing
    cdef str encoding
    cdef object on_bad
    cdef object on_first
    cdef object failure
    cdef Index row_ends
    cdef size_t most  # records of a frame
    cdef size_t count  # records of the frame begun

    cdef int gather(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) except -1
    cdef int gather_indexed(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) noexcept
    cdef int gather_lines(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) except -1
    cdef bint leave_index(self) noexcept
    cdef bint find_row_ends(self) except -1
    cdef bint is_timed(
        self, const uint8_t* begin, const uint8_t* end, int64_t* ns
    ) noexcept
    cdef bint note_line(
        self, size_t end, int64_t* begins, int64_t* ends, int64_t* lines
    ) noexcept
    cdef bint is_taken(self, int64_t* ns) except -1
    cdef bint is_blank(self) noexcept
    cdef bint time_of_row(self, int64_t* ns) except -1
    cdef bint slow_time(self, int64_t* ns) except -1
    cdef object text(self, size_t column)
    cdef tuple frame(self, object arrays)
    cdef bytes joined(self, const int64_t* begin, const int64_t* end, int64_t size)
