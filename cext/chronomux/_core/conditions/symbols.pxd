"""Symbols: what rules ask of single values, as numbers."""

from libc.stdint cimport int32_t

from chronomux._core.conditions.ranges cimport Ranges
from chronomux._core.conditions.texts cimport Texts


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
    cdef Texts names         # the same of them, as borrowed pointers
    cdef Symbol present, true, false
    cdef dict values         # value -> Symbol
    cdef Texts texts         # those that are exact str -> number
    cdef int odd             # values of types that may be equal to a str of others
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
