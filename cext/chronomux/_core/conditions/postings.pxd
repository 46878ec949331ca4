"""Postings: under which symbols, or pairs of them, rules are filed."""

from libc.stdint cimport int32_t, int64_t, uint64_t


ctypedef struct Entry:
    int32_t slot   # of the rule
    int32_t guard  # a symbol that the event must have as well, or -1


ctypedef struct Posting:
    Entry* entries
    int32_t length, room
    int32_t dead  # entries of rules that are gone


cdef int posting_add(Posting* posting, int32_t slot, int32_t guard) except -1


cdef class Pairs:
    """Postings under two symbols: a hash table with open addressing."""

    cdef uint64_t* keys
    cdef Posting* postings
    cdef Py_ssize_t room, used, live  # places; taken once; with a posting now

    cdef Py_ssize_t find(self, int32_t first, int32_t second) noexcept nogil
    cdef Py_ssize_t place(self, int32_t first, int32_t second) except -1
    cdef void drop(self, Py_ssize_t place) noexcept
    cdef int _resize(self) except -1
