"""Arrays that grow."""

from libc.stdlib cimport realloc


cdef inline void* resized(void* items, size_t count, size_t size) except NULL:
    """The array with room for so many items of this size; MemoryError."""
    cdef void* moved = realloc(items, count * size)
    if moved == NULL:
        raise MemoryError
    return moved
