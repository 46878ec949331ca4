"""The bytes at hand of a stream: new ones at the end, old ones leave at the front."""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from libc.string cimport memcpy, memmove

from chronomux._core.csv.slots cimport give_slot, take_slot


cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject* item) noexcept


@cython.final
cdef class Window:
    """Room for bytes. Rows may keep it, and see what they saw when they were made."""

    def __cinit__(self, size_t room):
        self.data = take_slot(room)
        self.is_slot = self.data is not NULL
        if not self.is_slot:
            self.data = <uint8_t*>PyMem_Malloc(room)
        if self.data is NULL:
            raise MemoryError
        self.room = room
        self.is_ascii = True

    def __dealloc__(self):
        if self.is_slot:
            give_slot(self.data)
        else:
            PyMem_Free(self.data)

    def __getbuffer__(self, Py_buffer* view, int flags):
        # Of what is there now: more may follow.
        PyBuffer_FillInfo(view, self, self.data, self.size, True, flags)

    cdef int append(self, const uint8_t* bytes, size_t size) except -1:
        """Add bytes; there must be room for them."""
        if size > self.room - self.size:
            raise BufferError(f"no room for {size} bytes")
        memcpy(self.data + self.size, bytes, size)
        self.size += size
        self.is_ascii = self.is_ascii and only_ascii(bytes, size)
        return 0

    cdef int grow(self, size_t size) except -1:
        """Add bytes that were written behind the others; they count as any bytes."""
        if size > self.room - self.size:
            raise BufferError(f"no room for {size} bytes")
        self.size += size
        self.is_ascii = False
        return 0

    cdef bint is_shared(self) noexcept:
        """Whether anyone but the reader holds it."""
        return Py_REFCNT(<PyObject*>self) > 1

    cdef void slide(self, size_t begin) noexcept:
        """Drop the bytes before `begin`; nobody else may hold the window."""
        self.size -= begin
        memmove(self.data, self.data + begin, self.size)
        self.is_ascii = only_ascii(self.data, self.size)


@cython.final
cdef class Vacancy:
    """The room behind the bytes of a window, for those who write there before `grow`.

    Whoever keeps it keeps the window too, and so can do harm to nobody's memory.
    """

    def __cinit__(self, Window window not None):
        self.window = window

    def __getbuffer__(self, Py_buffer* view, int flags):
        cdef Window window = self.window
        PyBuffer_FillInfo(
            view, self, window.data + window.size, window.room - window.size, False,
            flags,
        )


cdef bint only_ascii(const uint8_t* bytes, size_t size) noexcept nogil:
    cdef uint8_t seen = 0
    cdef size_t i
    for i in range(size):
        seen |= bytes[i]
    return seen < 0x80
