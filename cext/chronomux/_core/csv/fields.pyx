"""The text of a field from its bytes."""

from cpython.mem cimport PyMem_Free, PyMem_Malloc


cdef PyObject* text_of_doubled(
    const uint8_t* data, size_t size, uint8_t quote, bint is_ascii
) except NULL:
    """The text in which each two quotes stand for one."""
    single = <uint8_t*>PyMem_Malloc(size)
    if single is NULL:
        raise MemoryError
    cdef size_t length = 0
    cdef size_t i = 0
    while i < size:
        single[length] = data[i]
        length += 1
        i += 2 if data[i] == quote else 1
    try:
        return text_of(single, length, is_ascii)
    finally:
        PyMem_Free(single)
