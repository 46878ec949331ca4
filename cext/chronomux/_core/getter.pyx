"""The key of an item: itself, one value of a dict, or what a callable gives."""

from operator import itemgetter

cimport cython
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError
from cpython.ref cimport PyObject


@cython.final
cdef class Getter:
    """Calls `key`, but for operator.itemgetter(name) on dicts: these are looked up."""

    def __cinit__(self, key):
        self.key = key
        self.name = None
        if type(key) is itemgetter:
            names = key.__reduce__()[1]
            if len(names) == 1:
                self.name = names[0]

    cdef object get(self, object item):
        cdef PyObject* value
        if self.key is None:
            return item
        if self.name is not None and PyDict_CheckExact(item):
            value = PyDict_GetItemWithError(item, self.name)
            if value is not NULL:
                return <object>value
        return self.key(item)  # which also says what is missing
