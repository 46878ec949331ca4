"""Symbols: what rules ask of single values, as numbers."""

from libc.stdint cimport int32_t


cdef class Symbol:
    cdef int32_t number
    cdef Node node
    cdef object kind, key


cdef class Node:
    cdef Node parent
    cdef str segment
    cdef readonly int depth
    cdef readonly int uses   # symbols here and nodes one step below
    cdef dict kids           # one segment, or several with dots between -> Node
    cdef Symbol present, true, false
    cdef dict values         # value -> Symbol
    cdef list prefixes, suffixes  # (length, text -> Symbol), longest last
    cdef dict folded         # text without case -> Symbol
    cdef dict networks       # (version, length of prefix) -> prefix -> Symbol
    cdef Ranges ranges
    cdef bint has_text       # one of the four kinds above that look at text

    cdef Node at(self, tuple path)
    cdef Symbol find(self, object kind, object key)
    cdef int insert(self, Symbol symbol) except -1
    cdef int remove(self, Symbol symbol) except -1
    cdef bint is_below(self, Node other) noexcept
    cdef bint is_rooted(self, Node root) except -1
    cdef int prune(self) except -1


cdef struct Bounds:
    double low, high
    bint with_low, with_high
    int32_t number


cdef class Ranges:
    cdef dict symbols    # bounds -> Symbol
    cdef Bounds* bounds  # by low as far as `ordered`; then as they came
    cdef double* highest  # greatest high of each block of ordered bounds
    cdef Py_ssize_t length, ordered, room, blocks

    cdef int insert(self, Symbol symbol) except -1
    cdef int remove(self, Symbol symbol) except -1
    cdef int _grow(self) except -1
    cdef void _order(self) noexcept
