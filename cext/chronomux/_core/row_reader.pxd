"""Row bytes into items: see rows.pxd for the bytes."""

from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

from chronomux._core.frame_memory cimport FrameMemory

cdef enum:
    STRINGS = 512  # places for short strings, a power of two


cdef class RowReader:
    """Reads values; remembers short strings, so that repeated ones are one object."""

    cdef PyObject* strings[STRINGS]
    cdef FrameMemory memory  # what large buffers may stay in, or None

    # The item in [begin, end), no byte more or less. `schemas` are pairs, one
    # behind the other: a dict with the keys in order and None as values, and the keys.
    cdef object read_item(self, const char* begin, const char* end, list schemas)
    cdef object read_value(self, const char** at, const char* end)
    # For this module and its tests only.
    cdef object read_text(self, const char** at, const char* end, int width)
    cdef object short_text(self, const char* data, Py_ssize_t size)
    cdef dict read_dict(self, const char** at, const char* end, list schemas)
    cdef object read_sequence(self, const char** at, const char* end, bint as_list)
    cdef object read_bulk(self, const char* at, const char* end)
    cdef object buffer_at(self, const char* begin, uint64_t size)
    cdef tuple read_schema(self, const char* schema)
