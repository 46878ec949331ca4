"""The records noted for a frame: their times, and where they stand."""

from libc.stdint cimport int64_t

from chronomux._core.csv.window cimport Window


# Records that follow each other, each of them one line.
cdef struct Stretch:
    size_t record  # the first
    size_t begin  # where it begins in the window
    size_t line


# Record i lies from offsets[i] to offsets[i + 1], what was left out not counted. The
# latest one stands `shift` bytes further on in the window.
cdef class Noted:
    cdef size_t count
    cdef int64_t* keys
    cdef int64_t* offsets
    cdef size_t shift
    cdef Window numbers  # keys, then offsets
    cdef size_t most
    cdef Stretch* stretches
    cdef size_t stretch_count
    cdef size_t stretch_room
    cdef bint has_gap  # something between two records was left out

    cdef int begin(self, size_t most) except -1
    cdef int go_on(self, size_t begin, size_t line) except -1
    cdef void add(self, int64_t key, size_t end) noexcept
    cdef tuple frame(self, Window window)
    cdef tuple key_views(self)
    cdef object rows(self, Window window)
    cdef object lines(self)
