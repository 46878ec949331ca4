"""The tables of an LALR(1) grammar as a driver reads them."""

cimport cython

from libc.stdint cimport int16_t

from array import array as new_array
from itertools import chain

from chronomux.errors import GrammarError


@cython.final
cdef class LalrTable:
    """A `chronomux.lexer.tables.Tables` as typed arrays; it has checked its numbers.

    state_count, terminal_count, nonterminal_count, production_count: how many.
    terminals, nonterminals: their names, by number.
    methods: names of the methods to call, by production, or None.
    numbers: of the terminals, by name.
    """

    def __cinit__(self, tables):
        self.terminals, self.nonterminals = tables.terminals, tables.nonterminals
        self.methods = tuple([method for _, _, method in tables.productions])
        self.numbers = {name: number for number, name in enumerate(self.terminals)}
        self.terminal_count = len(self.terminals)
        self.nonterminal_count = len(self.nonterminals)
        self.production_count = len(tables.productions)
        self.state_count = len(tables.default)
        self._action = new_array("h", chain.from_iterable(tables.action))
        self._goto = new_array("h", chain.from_iterable(tables.goto))
        self._default = new_array("h", tables.default)
        lengths = [len(symbols) for _, symbols, _ in tables.productions]
        self._length = new_array("h", lengths)
        self._head = new_array("h", self._heads(tables.productions))
        if (
            len(self._action) != self.state_count * self.terminal_count
            or len(self._goto) != self.state_count * self.nonterminal_count
        ):
            raise GrammarError("rows of several lengths are no table of a grammar")
        self.action = <int16_t*> self._action.data.as_shorts
        self.goto_ = <int16_t*> self._goto.data.as_shorts
        self.default_ = <int16_t*> self._default.data.as_shorts
        self.length = <int16_t*> self._length.data.as_shorts
        self.head = <int16_t*> self._head.data.as_shorts

    def _heads(self, productions):
        numbers = {name: number for number, name in enumerate(self.nonterminals)}
        return [numbers.get(head, -1) for head, _, _ in productions]

    cpdef tuple expected(self, int state):
        """Names of the terminals that `state` has an action for, by number."""
        if not 0 <= state < self.state_count:
            raise IndexError(f"state {state} of {self.state_count}")
        cdef int terminal
        cdef list names = []
        for terminal in range(self.terminal_count):
            if terminal != ERROR and self.action_at(state, terminal) != NO_ACTION:
                names.append(self.terminals[terminal])
        return tuple(names)
