"""The symbols that one value has, at the node of the trie where it stands."""

cimport cython

from libc.stdint cimport int32_t

from chronomux._core.conditions.ranges cimport Ranges
from chronomux._core.conditions.symbols cimport Node


cdef class ValueSymbols:
    cdef int32_t* symbols  # one may come more than once
    cdef Py_ssize_t length, room

    cdef int _grow(self) except -1
    cdef int exact_text(self, Node node, str text) except -1
    cdef int plain(self, Node node, object value) except -1
    cdef int look_up(self, Node node, object value) except -1
    cdef int text(self, Node node, str text) except -1
    cdef int ask_ranges(self, Ranges ranges, object value) except -1
    cdef int _number(self, Ranges ranges, double number) except -1

    @cython.final
    cdef inline int emit(self, int32_t number) except -1:
        if self.length == self.room:
            self._grow()
        self.symbols[self.length] = number
        self.length += 1
        return 0
