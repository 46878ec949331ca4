"""Rows that stay bytes until a field is asked for."""

from libc.stdint cimport uint8_t, uint32_t

from chronomux._core.csv.rows cimport Rows
from chronomux._core.csv.window cimport Window


# What the rows of a file have in common.
cdef class Columns:
    cdef tuple keys
    cdef dict places  # key -> number of its column
    cdef object restkey
    cdef object restval
    cdef object time_key  # of the value that is no column; None if there is none
    cdef int quote
    cdef bint is_simple  # no key stands twice


# What the rows of some bytes have in common: the bytes, and where their fields end.
cdef class Chunk:
    cdef Columns columns
    cdef Window window
    cdef uint8_t* own  # the bytes, if they are not the window's
    cdef const uint8_t* bytes
    cdef uint32_t* ends
    cdef uint8_t* kinds
    cdef size_t gap
    cdef bint is_ascii


cdef class LazyRow:
    cdef Chunk chunk
    cdef object time
    cdef size_t begin
    cdef size_t first  # of the chunk's ends
    cdef size_t width

    cdef object field(self, size_t i)
    cdef list fields_from(self, size_t first)
    cdef dict as_dict(self)
    cdef bint has_rest(self) noexcept


cdef class LazyRows(Rows):
    cdef Columns columns
    cdef Chunk chunk

    cdef LazyRow row_of_index(self)
    cdef LazyRow row_of_machine(self)
