cdef class KeyPath:
    cdef tuple names  # one name a step: str or int
    cdef object only  # the one name, if there are no more
    cdef tuple indices  # the same as a place in a sequence, or None

    cdef object key_of(self, object item)
