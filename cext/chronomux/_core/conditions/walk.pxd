"""One event walked along the paths of all rules."""

from libc.stdint cimport int32_t, int64_t

from chronomux._core.conditions.symbols cimport Node
from chronomux._core.conditions.table cimport Table
from chronomux._core.conditions.value_symbols cimport ValueSymbols


ctypedef struct Found:
    int64_t id
    int32_t slot


cdef class Walk(ValueSymbols):
    cdef bint grouped       # it has mappings in a list: conjuncts may need the same one
    cdef set blocked        # nodes that a dotted key has taken from the path walked now

    cdef Found* found       # rules whose symbols the event has
    cdef Py_ssize_t found_length, found_room

    cdef int start(self, Node root, object event) except -1
    cdef int start_row(self, Node root, Table table, Py_ssize_t row) except -1
    cdef int find(self, int64_t id, int32_t slot) except -1
    cdef int _dict(self, Node node, dict event) except -1
    cdef bint _at_once(self, Node node, Node kid, object value) except -1
    cdef int _inside(self, Node node, object value, int kind) except -1
    cdef int _inside_dotted(self, Node node, object value) except -1
    cdef bint _is_blocked(self, Node node) except -1
    cdef int _arrive(self, Node node, object value) except -1
    cdef int _element(self, Node node, object value) except -1
    cdef int _list(self, Node node, object values) except -1
    cdef int _other(self, Node node, object value) except -1
