"""Runs of ASCII characters: what most tokens are, found without an expression."""

from libc.stdint cimport uint64_t

cdef enum:
    NO_MATCH = -1
    UNKNOWN = -2  # there is a character beyond ASCII: ask an expression


ctypedef struct Run:
    uint64_t low_half, high_half  # a bit a character
    Py_ssize_t at_least, at_most


cdef class Scan:
    """Runs one behind the other, each taken as far as it goes."""

    cdef Run* runs
    cdef Py_ssize_t length

    cdef Py_ssize_t end_of(self, str text, Py_ssize_t start) noexcept


cdef inline bint has(Run* run, unsigned int character) noexcept nogil:
    if character < 64:
        return (run.low_half >> character) & 1
    return (run.high_half >> (character - 64)) & 1
