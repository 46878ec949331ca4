"""Frames into items, one by one or in bulk, wherever the frame lies."""

from cpython.buffer cimport Py_buffer

from chronomux._core.frames cimport FrameView
from chronomux._core.row_reader cimport RowReader


cdef class Decoder:
    cdef FrameView view
    cdef readonly Py_ssize_t position  # of the next row
    cdef Py_buffer buffer
    cdef bint held  # buffer is
    cdef bint busy
    cdef RowReader reader
    cdef list schemas  # of the open frame: see RowReader
    cdef bytes image  # of the schemas
    cdef object error  # what the next row raised when rows before it were taken

    # Reads a frame where it lies; the memory must not go before the next open or close.
    cdef int open_memory(self, const char* memory, Py_ssize_t size) except -1
    cdef int close_frame(self) except -1
    cdef object take_item(self)  # the next item; IndexError at the end
    cdef list take_items(self, Py_ssize_t most)
    cdef object key_at(self, Py_ssize_t row)
    cdef object item_at(self, Py_ssize_t row)

    # For this module only.
    cdef object read_row(self, Py_ssize_t row)
    cdef object object_key_at(self, Py_ssize_t row)
    cdef int begin(self) except -1
    cdef int read_schemas(self) except -1
