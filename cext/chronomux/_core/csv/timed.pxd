"""Records as they stand in a file, with their times: frames."""

from libc.stdint cimport int64_t

from chronomux._core.csv.records cimport Records
from chronomux._core.csv.window cimport Window
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
    cdef bint is_pending  # the row at hand belongs to the next frame
    cdef size_t count  # records of the frame begun

    cdef bint gather(
        self,
        Window window,
        int64_t* keys,
        int64_t* begins,
        int64_t* ends,
        int64_t* lines,
    ) except -1
    cdef int gather_lines(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) noexcept
    cdef bint is_taken(self, int64_t* ns) except -1
    cdef bint is_blank(self) noexcept
    cdef bint time_of_row(self, int64_t* ns) except -1
    cdef bint slow_time(self, int64_t* ns) except -1
    cdef object text(self, size_t column)
    cdef tuple frame(self, Window window, object arrays)
    cdef bytes joined(
        self, Window window, const int64_t* begin, const int64_t* end, int64_t size
    )
