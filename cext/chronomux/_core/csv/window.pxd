"""The bytes at hand of a stream."""

from libc.stdint cimport uint8_t


# Bytes below `size` never change while anyone else holds the window.
cdef class Window:
    cdef uint8_t* data
    cdef size_t size
    cdef size_t room
    cdef bint is_ascii
    cdef bint is_slot  # where its memory is from

    cdef int append(self, const uint8_t* bytes, size_t size) except -1
    cdef int grow(self, size_t size) except -1
    cdef bint is_shared(self) noexcept
    cdef void slide(self, size_t begin) noexcept


cdef class Vacancy:
    cdef Window window


cdef bint only_ascii(const uint8_t* bytes, size_t size) noexcept nogil
