"""Memory of a frame that the arrays in it may keep."""

from libc.stdint cimport uint64_t


cdef class FrameMemory:
    cdef char* data
    cdef uint64_t room

    cdef bint resize(self, uint64_t room) noexcept nogil  # while nobody else has it
    cdef object part(self, Py_ssize_t start, Py_ssize_t stop)  # a memoryview
