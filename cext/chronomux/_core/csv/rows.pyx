"""Rows as Python objects: lists as csv.reader makes them, dicts as csv.DictReader does.
"""

import sys

cimport cython
from cpython.list cimport PyList_New
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from libc.stdint cimport uint8_t, uint32_t

from chronomux._core.csv.fields cimport field_text, text_of
from chronomux._core.csv.machine cimport NULL_FIELD, NUMBER


cdef enum:
    MOST_INTERNED = 4096


cdef extern from "Python.h":
    dict PyDict_Copy(dict)
    Py_ssize_t PyList_GET_SIZE(list items) noexcept
    PyObject* PyList_GET_ITEM(list items, Py_ssize_t i) noexcept
    int PyDict_SetItem(dict items, PyObject* key, PyObject* value) except -1
    void PyList_SET_ITEM(list items, Py_ssize_t i, PyObject* item) noexcept
    void Py_DECREF(PyObject* item) noexcept


cdef list interned(keys):
    """Keys that are found by identity; of very many, interning would take the most."""
    cdef list items = list(keys)
    if len(items) > MOST_INTERNED:
        return items
    return [sys.intern(key) if type(key) is str else key for key in items]


cdef inline PyObject* new_reference(object item) noexcept:
    Py_INCREF(item)
    return <PyObject*>item


cdef class Rows(Records):
    """Records whose fields become objects; `dialect` is the one they are read by."""

    def __init__(self, read, rules, name, dialect=None):
        self.dialect = dialect

    def skip(self):
        """Read a row without making it."""
        self.next()

    cdef PyObject* exact_field(self, size_t begin, size_t i) except NULL:
        """A new reference to the value of a field that the machine has read."""
        cdef size_t size = self.ends[i] - begin
        if self.machine.kinds[i] == NULL_FIELD:
            return new_reference(None)
        if self.machine.kinds[i] == NUMBER:
            return new_reference(self.number(begin, self.ends[i]))
        return text_of(self.bytes + begin, size, self.is_ascii)

    cdef list fields_from(self, size_t first):
        """The values of the row at hand from field `first` on."""
        cdef const uint8_t* bytes = self.bytes
        cdef const uint32_t* ends = self.ends
        cdef int quote = self.rules.syntax.quote
        cdef bint is_ascii = self.is_ascii
        cdef size_t begin = ends[first - 1] + self.gap if first else self.begin
        cdef size_t i
        cdef list row = PyList_New(self.width - first)
        if self.is_exact:
            for i in range(first, self.width):
                PyList_SET_ITEM(row, i - first, self.exact_field(begin, i))
                begin = ends[i]
            return row
        for i in range(first, self.width):
            PyList_SET_ITEM(
                row,
                i - first,
                field_text(bytes + begin, ends[i] - begin, quote, is_ascii),
            )
            begin = ends[i] + 1
        return row

    cdef bint is_blank(self) noexcept:
        """Whether the row at hand is an empty line."""
        if self.is_exact:
            return self.width == 0
        return self.width == 1 and self.ends[0] == self.begin


@cython.final
cdef class ListRows(Rows):
    """Iterates over rows as lists; an empty line is an empty list."""

    def __iter__(self):
        return self

    def __next__(self):
        if not self.next():
            raise StopIteration
        return [] if self.is_blank() else self.fields_from(0)


@cython.final
cdef class DictRows(Rows):
    """Iterates over rows as dicts, without empty lines.

    keys, restkey, restval: as `fieldnames` and the others of csv.DictReader.
    """

    cdef list keys
    cdef object restkey
    cdef object restval
    cdef dict blank

    def __init__(
        self, read, rules, name, keys, restkey=None, restval=None, *, dialect=None
    ):
        Rows.__init__(self, read, rules, name, dialect)
        self.keys = interned(keys)
        self.restkey = restkey
        self.restval = restval
        self.blank = dict.fromkeys(self.keys)

    def __iter__(self):
        return self

    def __next__(self):
        while self.next():
            if not self.is_blank():
                return self.row_dict()
        raise StopIteration

    cdef dict row_dict(self):
        cdef size_t known = PyList_GET_SIZE(self.keys)
        cdef size_t i
        cdef dict row = PyDict_Copy(self.blank)
        self.put_fields(row, min(known, self.width))
        if self.width > known:
            row[self.restkey] = self.fields_from(known)
        elif self.width < known:
            # A key that stands in the header twice has the value of its last column.
            for i in range(self.width, known):
                row[self.keys[i]] = self.restval
        return row

    cdef int put_fields(self, dict row, size_t count) except -1:
        """Set the first fields of the row at hand."""
        cdef const uint8_t* bytes = self.bytes
        cdef const uint32_t* ends = self.ends
        cdef int quote = self.rules.syntax.quote
        cdef bint is_ascii = self.is_ascii
        cdef size_t begin = self.begin
        cdef list keys = self.keys
        cdef PyObject* value
        cdef size_t i
        for i in range(count):
            if self.is_exact:
                value = self.exact_field(begin, i)
            else:
                value = field_text(bytes + begin, ends[i] - begin, quote, is_ascii)
            begin = ends[i] + self.gap
            try:
                PyDict_SetItem(row, PyList_GET_ITEM(keys, i), value)
            finally:
                Py_DECREF(value)
        return 0
