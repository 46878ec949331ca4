"""Symbols by number: what rules ask for, each kept while a rule does."""

from cpython.object cimport PyObject
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free
from libc.string cimport memset

from chronomux._core.conditions.storage cimport resized
from chronomux._core.conditions.symbols cimport Node, Symbol
from chronomux._core.conditions.texts cimport value_of

# What a kind of symbol counts for before any rule asks for it, by how many values of
# events have it.
cdef dict WEIGHTS = {
    "value": 1, "folded": 1, "cidr": 16, "prefix": 16, "suffix": 16, "range": 64,
    "present": 1 << 12,
}


cdef class SymbolBook:
    """Symbols by number, with how many rules ask for each; a number is used again."""

    def __cinit__(self):
        self.root = Node()
        self.symbols, self.free_symbols = [], []
        self._new_symbol(Symbol())  # ALWAYS
        self.states[ALWAYS].rules = 1  # is never dropped

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self.symbol_count):
            free(self.states[i].posting.entries)
        free(self.states)

    def _symbols_of(self, list filters, list symbols):
        """The symbols of one conjunct; each gets a rule more, and goes to the list."""
        cdef Symbol symbol
        cdef dict found = {}  # in order; long lists of values are no rarity
        for path, kind, key in filters:
            symbol = self._symbol(self.root.at(path), kind, key)
            if symbol not in found:
                found[symbol] = None
                symbols.append(symbol)
                self.states[symbol.number].rules += 1
        return list(found)

    cdef Symbol _symbol(self, Node node, object kind, object key):
        cdef Symbol symbol = node.find(kind, key)
        cdef Symbol new
        if symbol is not None:
            return symbol
        new = Symbol()
        symbol = node.find(kind, key)  # making one may have collected garbage
        if symbol is not None:
            return symbol
        new.node, new.kind, new.key = node, kind, key
        self._new_symbol(new)
        node.insert(new)
        return new

    cdef int _new_symbol(self, Symbol symbol) except -1:
        cdef int32_t room
        if self.free_symbols:
            symbol.number = self.free_symbols.pop()
            self.symbols[symbol.number] = symbol
            return 0
        if self.symbol_count == self.symbol_room:
            room = max(64, self.symbol_room * 2)
            self.states = <State*> resized(self.states, room, sizeof(State))
            self.symbol_room = room
        symbol.number = self.symbol_count
        memset(&self.states[symbol.number], 0, sizeof(State))
        self.symbols.append(symbol)
        self.symbol_count += 1
        return 0

    def _load(self, list symbols):
        """How many rules an event may meet under these symbols."""
        cdef Symbol symbol
        cdef int64_t load = 0
        for symbol in symbols:
            load += self.states[symbol.number].rules + <int64_t> WEIGHTS[symbol.kind]
        return load

    cdef int _forget(self, Symbol symbol) except -1:
        """One rule less asks for this; the last takes it along."""
        self.states[symbol.number].rules -= 1
        if self.states[symbol.number].rules == 0:
            symbol.node.remove(symbol)
            self.symbols[symbol.number] = None
            self.free_symbols.append(symbol.number)
        return 0

    def _check_symbol(self, int32_t number, int32_t rules):
        cdef Symbol symbol = self.symbols[number]
        assert self.states[number].rules == rules, f"rules of symbol {number}"
        if rules == 0:
            assert symbol is None and number in self.free_symbols
            assert self.states[number].posting.length == 0
        elif number != ALWAYS:
            assert symbol.number == number
            assert symbol.node.find(symbol.kind, symbol.key) is symbol, symbol.key
            if symbol.kind == "value" and type(symbol.key) is str:
                text = <PyObject*> symbol.key
                assert value_of(symbol.node.texts, text) == number, symbol.key
            assert symbol.node.is_rooted(self.root)
