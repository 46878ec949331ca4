# cython: nonecheck=False
# (A check for None would need the GIL; `self` is never None.)
"""Memory of a frame that the arrays in it may keep."""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport uint64_t


@cython.final
cdef class FrameMemory:
    """A buffer that can be written to. Who has another reference may have its bytes."""

    def __dealloc__(self):
        PyMem_RawFree(self.data)

    def __getbuffer__(self, Py_buffer* buffer, int flags):
        PyBuffer_FillInfo(buffer, self, self.data, self.room, 0, flags)

    cdef bint resize(self, uint64_t room) noexcept nogil:
        cdef char* moved = <char*>PyMem_RawRealloc(self.data, room)
        if moved == NULL:
            return False
        self.data = moved
        self.room = room
        return True

    cdef object part(self, Py_ssize_t start, Py_ssize_t stop):
        return memoryview(self)[start:stop]
