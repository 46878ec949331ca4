"""Runs of ASCII characters: what most tokens are, found without an expression."""

cimport cython

from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.unicode cimport PyUnicode_READ
from libc.stdint cimport uint64_t


cdef extern from "Python.h":
    int PyUnicode_KIND(str text) noexcept
    void* PyUnicode_DATA(str text) noexcept
    Py_ssize_t PyUnicode_GET_LENGTH(str text) noexcept


@cython.final
cdef class Scan:
    """Runs one behind the other, each taken as far as it goes.

    runs: (codes of the characters, how many at least, how many at most) for each.
    """

    def __cinit__(self, runs):
        self.runs = <Run*> PyMem_Calloc(max(len(runs), 1), sizeof(Run))
        if self.runs == NULL:
            raise MemoryError
        cdef Run* run = self.runs
        for codes, at_least, at_most in runs:
            run.low_half = bits([code for code in codes if code < 64])
            run.high_half = bits([code - 64 for code in codes if code >= 64])
            run.at_least, run.at_most = at_least, at_most
            run += 1
        self.length = len(runs)

    def __dealloc__(self):
        PyMem_Free(self.runs)

    cdef Py_ssize_t end_of(self, str text, Py_ssize_t start) noexcept:
        """Where they end; NO_MATCH or UNKNOWN."""
        cdef int kind = PyUnicode_KIND(text)
        cdef void* data = PyUnicode_DATA(text)
        cdef Py_ssize_t length = PyUnicode_GET_LENGTH(text)
        cdef Py_ssize_t number, count, position = start
        cdef unsigned int character
        cdef Run* run
        for number in range(self.length):
            run, count = &self.runs[number], 0
            while position < length and count < run.at_most:
                character = PyUnicode_READ(kind, data, position)
                if character >= 128:
                    return UNKNOWN
                if not has(run, character):
                    break
                position += 1
                count += 1
            if count < run.at_least:
                return NO_MATCH
        return position


cdef uint64_t bits(list codes) except? 0:
    cdef uint64_t found = 0
    for code in codes:
        found |= <uint64_t> 1 << <int> code
    return found
