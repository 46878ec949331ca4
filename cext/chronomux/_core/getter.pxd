"""The key of an item: itself, one value of a dict, or what a callable gives."""

cimport cython
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.ref cimport PyObject


@cython.final
cdef class Getter:
    cdef object key  # None: the item itself
    cdef object name  # key is operator.itemgetter(name)

    cdef inline object get(self, object item):
        cdef PyObject* value
        if self.name is not None and PyDict_CheckExact(item):
            value = PyDict_GetItemWithError(item, self.name)
            if value is not NULL:
                return <object>value
        elif self.key is None:
            return item
        return self.key(item)  # which also says what is missing
