"""The key of an item: itself, one value of a dict, or what a callable gives."""

cdef class Getter:
    cdef object key  # None: the item itself
    cdef object name  # key is operator.itemgetter(name)

    cdef object get(self, object item)
