"""The tables of an LALR(1) grammar as a driver reads them."""

from cpython cimport array
from libc.stdint cimport int16_t

cdef enum:
    NO_ACTION = 0  # the terminal is an error here
    ACCEPT = 32767
    END = 0    # the number of the terminal "$end"
    ERROR = 1  # and of "error"


cdef class LalrTable:
    """Rows of all states one behind the other, valid as long as this object lives.

    A driver in state `s` that sees terminal `t` takes `default_[s]` if that is not 0,
    before it asks for `t`, else `action[s * terminal_count + t]`. Above 0 it shifts and
    goes to that state; below 0 it reduces by production `p = -action`: takes
    `length[p]` symbols and states off its stacks, and goes to
    `goto_[s * nonterminal_count + head[p]]`, where `s` is then the state on top.
    """

    cdef int16_t* action
    cdef int16_t* goto_
    cdef int16_t* default_
    cdef int16_t* length  # of production p
    cdef int16_t* head    # of production p, a nonterminal; production 0 has none: -1
    cdef readonly int state_count, terminal_count, nonterminal_count, production_count
    cdef readonly tuple terminals, nonterminals  # names
    cdef readonly tuple methods  # names by production; None: the first symbol stays
    cdef readonly dict numbers   # of the terminals, by name
    cdef array.array _action, _goto, _default, _length, _head

    cdef inline int16_t action_at(self, int state, int terminal) noexcept nogil:
        return self.action[state * self.terminal_count + terminal]

    cdef inline int16_t goto_at(self, int state, int nonterminal) noexcept nogil:
        return self.goto_[state * self.nonterminal_count + nonterminal]

    cpdef tuple expected(self, int state)
