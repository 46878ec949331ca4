"""Texts to numbers or pointers: a hash table for str and nothing else.

Twice as fast as a dict: it is looked at without a call, hashes stand beside what they
lead to, and no code of others can run in it.
"""

from cpython.object cimport PyObject
from cpython.unicode cimport (
    PyUnicode_DATA,
    PyUnicode_GET_LENGTH,
    PyUnicode_KIND,
)
from libc.stdint cimport intptr_t
from libc.string cimport memcmp

cdef extern from "Python.h":
    ctypedef struct PyASCIIObject:  # what every str begins with
        Py_hash_t hash              # -1 until it is asked for
    Py_hash_t PyObject_Hash(PyObject* text) noexcept  # of an exact str


ctypedef struct Text:
    PyObject* text  # NULL: a free place
    Py_hash_t hash
    intptr_t value


cdef class Texts:
    cdef Text* places
    cdef Py_ssize_t room, length  # room is 0 or a power of 2, at most half full

    cdef int put(self, str text, intptr_t value) except -1
    cdef int drop(self, str text) except -1
    cdef Text* _place(self, PyObject* text, Py_hash_t hash) noexcept
    cdef int _resize(self, Py_ssize_t room) except -1


cdef inline Py_hash_t hash_of(PyObject* text) noexcept:
    cdef Py_hash_t hash = (<PyASCIIObject*> text).hash
    return hash if hash != -1 else PyObject_Hash(text)


cdef inline bint are_equal(PyObject* left, PyObject* right) noexcept:
    """Whether two exact str of one hash are the same text."""
    cdef Py_ssize_t length = PyUnicode_GET_LENGTH(<object> left)
    cdef int kind = PyUnicode_KIND(<object> left)
    if length != PyUnicode_GET_LENGTH(<object> right):
        return False
    if kind != PyUnicode_KIND(<object> right):
        return False
    return not memcmp(
        PyUnicode_DATA(<object> left), PyUnicode_DATA(<object> right), length * kind
    )


cdef inline intptr_t value_of(Texts texts, PyObject* text) noexcept:
    """What an exact str leads to, or 0."""
    cdef Py_hash_t hash
    cdef Py_ssize_t i
    cdef const Text* place
    if texts.length == 0:
        return 0
    hash = hash_of(text)
    i = hash & (texts.room - 1)
    while True:
        place = &texts.places[i]
        if place.text == NULL:
            return 0
        if place.hash == hash and (
            place.text == text or are_equal(place.text, text)
        ):
            return place.value
        i = (i + 1) & (texts.room - 1)
