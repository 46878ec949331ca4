"""Memory that is fetched into the cache ahead of its use: a hint, never an access."""

from cpython.dict cimport PyDict_CheckExact
from cpython.object cimport PyObject
from libc.stdint cimport uintptr_t


cdef extern from *:
    """
    #if defined(__GNUC__)
    #define prefetch(p) __builtin_prefetch(p)
    #else
    #define prefetch(p) ((void)(p))
    #endif
    """
    void prefetch(const void* p) noexcept nogil

cdef extern from "Python.h":
    ctypedef struct PyDictObject:
        void* ma_keys

cdef enum:
    CACHE_LINE = 64


# Of a dict: where its table begins and, mostly, its first entries.
cdef inline void prefetch_keys(PyObject* item) noexcept:
    if PyDict_CheckExact(<object>item):
        prefetch_table(<uintptr_t>(<PyDictObject*>item).ma_keys)


# The next object, if they all lie in memory as far apart as these two.
cdef inline void prefetch_after(PyObject* one, PyObject* other) noexcept:
    prefetch(<void*>after(one, other))


cdef inline void prefetch_keys_after(PyObject* one, PyObject* other) noexcept:
    if PyDict_CheckExact(<object>one) and PyDict_CheckExact(<object>other):
        prefetch_table(
            after((<PyDictObject*>one).ma_keys, (<PyDictObject*>other).ma_keys)
        )


cdef inline void prefetch_table(uintptr_t keys) noexcept:
    prefetch(<void*>keys)
    prefetch(<void*>(keys + CACHE_LINE))


cdef inline uintptr_t after(const void* one, const void* other) noexcept nogil:
    return 2 * <uintptr_t>other - <uintptr_t>one
