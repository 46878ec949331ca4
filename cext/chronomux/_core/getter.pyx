"""The key of an item: itself, one value of a dict, or what a callable gives."""

from operator import itemgetter

cimport cython


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
