"""Symbols by number: what rules ask for, each kept while a rule does."""

from libc.stdint cimport int32_t, uint32_t

from chronomux._core.conditions.postings cimport Posting
from chronomux._core.conditions.symbols cimport Node, Symbol

cdef enum:
    ALWAYS = 0  # the symbol of every event


ctypedef struct State:  # of a symbol
    uint32_t stamp    # the event that had it last
    int32_t rules     # that ask for it
    int32_t leads     # pairs that it is the first of
    int32_t follows   # and the second
    Posting posting


cdef class SymbolBook:
    cdef Node root
    cdef State* states
    cdef int32_t symbol_count, symbol_room
    cdef list symbols, free_symbols  # by number

    cdef Symbol _symbol(self, Node node, object kind, object key)
    cdef int _new_symbol(self, Symbol symbol) except -1
    cdef int _forget(self, Symbol symbol) except -1
