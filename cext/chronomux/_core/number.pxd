"""Which Python keys compare as numbers, by their ordinals."""

from cpython.bool cimport PyBool_Check
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check, PyFloat_CheckExact
from cpython.long cimport PyLong_CheckExact

from chronomux._core.ordinal cimport Exact, exact_of_float, exact_of_int


cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1


cdef inline bint exact_of_key(object key, Exact* exact) except -1:
    """Whether the key is a float, a bool or an int of 64 bits.

    Other subclasses of these may compare as they like.
    """
    cdef int overflow = 0
    cdef long long number
    if PyFloat_CheckExact(key):
        exact[0] = exact_of_float(PyFloat_AS_DOUBLE(key))
        return True
    if PyLong_CheckExact(key) or PyBool_Check(key):
        number = PyLong_AsLongLongAndOverflow(key, &overflow)
        if overflow == 0:
            exact[0] = exact_of_int(number)
            return True
    return False


cdef inline bint is_float_nan(object key) noexcept:
    """Also of a subclass of float, as numpy's are."""
    return PyFloat_Check(key) and PyFloat_AS_DOUBLE(key) != PyFloat_AS_DOUBLE(key)
