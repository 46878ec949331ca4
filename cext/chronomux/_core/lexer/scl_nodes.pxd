"""A statement with the places of its parts."""


cdef class SCLNode:
    cdef readonly str key
    cdef readonly str kind
    cdef readonly object value
    cdef readonly tuple children
    cdef readonly str source
    cdef readonly str dialect
    cdef Py_ssize_t _begin, _key_end, _value_begin, _value_end, _end

    cdef tuple fields(self)
