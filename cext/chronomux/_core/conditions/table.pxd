"""Rows that are kept as columns."""


cdef class Table:
    cdef list names, columns  # TypedColumn, if `is_typed`
    cdef readonly Py_ssize_t length  # rows
    cdef readonly bint is_typed

    cdef object value(self, Py_ssize_t column, Py_ssize_t row)
    cdef dict row(self, Py_ssize_t row)
