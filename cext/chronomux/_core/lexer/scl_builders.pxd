"""What becomes of the statements that a parser reads."""

from cpython.object cimport PyObject

from .scl_stack cimport Cell


cdef class Builder:
    # New references. children: NULL where there are no parentheses after a value.
    cdef PyObject* statement(
        self, str text, const Cell* key, const Cell* value, const Cell* children
    ) except NULL
    cdef PyObject* siblings(self, PyObject* statements) except NULL


cdef class DictBuilder(Builder):
    pass


cdef class NodeBuilder(Builder):
    cdef str _dialect
