"""Rows as Python objects."""

from cpython.object cimport PyObject

from chronomux._core.csv.records cimport Records


cdef class Rows(Records):
    cdef readonly object dialect

    cdef PyObject* exact_field(self, size_t begin, size_t i) except NULL
    cdef list fields_from(self, size_t first)
    cdef bint is_blank(self) noexcept


cdef list interned(keys)
