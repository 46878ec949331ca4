"""What the garbage collector calls, so that it sees objects in C arrays as well.

Cython makes both functions from the fields of a class: keep its own, call it in yours.
Visit every reference that is owned, each once, and nothing else; never allocate.
"""

from cpython.ref cimport PyObject


cdef extern from "Python.h":
    ctypedef int (*visitproc)(PyObject*, void*) noexcept
    ctypedef int (*traverseproc)(PyObject*, visitproc, void*) noexcept
    ctypedef int (*inquiry)(PyObject*) noexcept
    ctypedef struct PyTypeObject:
        traverseproc tp_traverse
        inquiry tp_clear
