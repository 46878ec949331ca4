"""The tables of the grammar, as the loops that parse and check read them."""

from libc.stdint cimport int16_t


cdef enum:
    # What an action is that is neither a shift to a state (> 0) nor a reduction (< 0).
    ERROR = 0
    ACCEPT = 0x7FFF


# What a production makes of the values of its symbols; named as in the grammar.
cdef enum Role:
    TEXT
    EMPTY_TEXT
    BLANK_EDGE
    BARE_EDGE
    FIRST_STATEMENT
    NEXT_STATEMENT
    PLAIN
    PARENT
    GROUP
    VALUE
    CHILDREN
    NO_CHILDREN


cdef struct Production:
    Role role
    int16_t head  # the column of its symbol in the gotos
    int16_t size


# actions has a row of TERMINALS for each state, gotos one of `heads`. Where a state
# reduces whatever comes, all of its row says so.
cdef class Machine:
    cdef int16_t* actions
    cdef int16_t* gotos
    cdef Production* productions
    cdef Py_ssize_t states, heads

    cdef int add_rule(
        self, Py_ssize_t number, str method, int16_t head, int16_t size
    ) except -1
    cdef tuple expected(self, list states)
    cdef bint allows(self, list states, int terminal) except -1
    cdef int16_t advance(self, list states, int terminal) except? -1
