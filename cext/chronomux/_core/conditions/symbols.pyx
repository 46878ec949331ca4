"""Symbols: what rules ask of single values, as numbers.

A symbol is one thing a value can have: to be there, to equal this, to begin with that.
All rules that ask the same of the same path share it. The nodes, one for each segment
of a path, tell which symbols a value has without trying them one by one.
"""

cimport cython

from libc.math cimport INFINITY
from libc.stdlib cimport free, qsort, realloc

cdef enum:
    BLOCK = 32    # bounds that share one `highest`
    LOOSE = 64    # so many may wait unordered, or a quarter of all


@cython.final
cdef class Symbol:
    """One thing that rules ask of the values at one node."""


@cython.final
cdef class Node:
    """A place that paths of rules lead to or through.

    A mapping may hold it under its segment or, from further above, under a dotted key;
    so every ancestor knows it by the segments between, joined with dots.
    """

    def __cinit__(self, Node parent=None, str segment=""):
        self.parent = parent
        self.segment = segment
        self.depth = 0 if parent is None else parent.depth + 1
        self.kids, self.values = {}, {}

    cdef Node at(self, tuple path):
        """The node at this path below, made if need be."""
        cdef Node node = self, kid
        for segment in path:
            kid = <Node> node.kids.get(segment)
            if kid is None:
                kid = Node(node, segment)
                node.uses += 1
                kid._tell_ancestors()
            node = kid
        return node

    def _tell_ancestors(self):
        cdef Node ancestor = self.parent
        cdef str dotted = self.segment
        while ancestor is not None:
            ancestor.kids[dotted] = self
            dotted = f"{ancestor.segment}.{dotted}"
            ancestor = ancestor.parent

    cdef int prune(self) except -1:
        """Take this node out of the trie if nobody uses it, and so on upwards."""
        cdef Node node = self, ancestor
        cdef str dotted
        while node.uses == 0 and node.parent is not None:
            ancestor, dotted = node.parent, node.segment
            while ancestor is not None:
                if ancestor.kids.get(dotted) is node:
                    del ancestor.kids[dotted]
                dotted = f"{ancestor.segment}.{dotted}"
                ancestor = ancestor.parent
            node.parent.uses -= 1
            node = node.parent
        return 0

    cdef bint is_below(self, Node other) noexcept:
        cdef Node node = self.parent
        while node is not None and node is not other:
            node = node.parent
        return node is not None

    cdef bint is_rooted(self, Node root) except -1:
        """Whether all nodes up to the root hold on to this one."""
        cdef Node node = self
        while node.parent is not None:
            if node.parent.kids.get(node.segment) is not node or node.uses == 0:
                return False
            node = node.parent
        return node is root

    cdef Symbol find(self, object kind, object key):
        """The symbol for this, or None."""
        if kind == "value":
            if key is True:
                return self.true
            return self.false if key is False else self.values.get(key)
        if kind == "present":
            return self.present
        if kind == "range":
            return None if self.ranges is None else self.ranges.symbols.get(key)
        if kind == "folded":
            return None if self.folded is None else self.folded.get(key)
        if kind == "cidr":
            return (self.networks or {}).get(key[:2], {}).get(key[2])
        tables = self.prefixes if kind == "prefix" else self.suffixes
        for length, texts in tables or ():
            if length == len(key):
                return texts.get(key)
        return None

    cdef int insert(self, Symbol symbol) except -1:
        """Let values here have this symbol."""
        kind, key = symbol.kind, symbol.key
        if kind == "value":
            if key is True:
                self.true = symbol
            elif key is False:
                self.false = symbol
            else:
                self.values[key] = symbol
        elif kind == "present":
            self.present = symbol
        elif kind == "range":
            if self.ranges is None:
                self.ranges = Ranges()
            self.ranges.insert(symbol)
        else:
            self._insert_text(symbol)
        self.uses += 1
        return 0

    def _insert_text(self, Symbol symbol):
        kind, key = symbol.kind, symbol.key
        if kind == "folded":
            if self.folded is None:
                self.folded = {}
            self.folded[key] = symbol
        elif kind == "cidr":
            if self.networks is None:
                self.networks = {}
            self.networks.setdefault(key[:2], {})[key[2]] = symbol
        elif kind == "prefix":
            self.prefixes = with_text(self.prefixes, key, symbol)
        else:
            self.suffixes = with_text(self.suffixes, key, symbol)
        self.has_text = True

    cdef int remove(self, Symbol symbol) except -1:
        """No rule asks for this any more."""
        kind, key = symbol.kind, symbol.key
        if kind == "value":
            if key is True:
                self.true = None
            elif key is False:
                self.false = None
            else:
                del self.values[key]
        elif kind == "present":
            self.present = None
        elif kind == "range":
            self.ranges.remove(symbol)
            if not self.ranges.length:
                self.ranges = None
        else:
            self._remove_text(symbol)
        self.uses -= 1
        return self.prune()

    def _remove_text(self, Symbol symbol):
        kind, key = symbol.kind, symbol.key
        if kind == "folded":
            del self.folded[key]
        elif kind == "cidr":
            del self.networks[key[:2]][key[2]]
            if not self.networks[key[:2]]:
                del self.networks[key[:2]]
        elif kind == "prefix":
            self.prefixes = without_text(self.prefixes, key)
        else:
            self.suffixes = without_text(self.suffixes, key)
        self.has_text = bool(
            self.folded or self.networks or self.prefixes or self.suffixes
        )


cdef list with_text(list tables, str text, Symbol symbol):
    """The tables with a text more; a new list, as a match may be reading the old."""
    for length, texts in tables or ():
        if length == len(text):
            texts[text] = symbol
            return tables
    for i, (length, _) in enumerate(tables or ()):
        if length > len(text):
            return [*tables[:i], (len(text), {text: symbol}), *tables[i:]]
    return [*(tables or ()), (len(text), {text: symbol})]


cdef list without_text(list tables, str text):
    for length, texts in tables:
        if length == len(text):
            del texts[text]
    return [table for table in tables if table[1]]


cdef int by_low(const void* left, const void* right) noexcept nogil:
    cdef double a = (<const Bounds*> left).low, b = (<const Bounds*> right).low
    return (a > b) - (a < b)


@cython.final
cdef class Ranges:
    """Ranges of numbers, and which of them a number lies in.

    Ordered by their low bound; those that begin above the number are cut off by binary
    search, blocks that all end below it are stepped over. New ones wait in a loose end
    until it is worth while to order all.
    """

    def __cinit__(self):
        self.symbols = {}

    def __dealloc__(self):
        free(self.bounds)
        free(self.highest)

    cdef int insert(self, Symbol symbol) except -1:
        low, with_low, high, with_high = symbol.key
        if self.length == self.room:
            self._grow()
        self.symbols[symbol.key] = symbol
        self.bounds[self.length] = Bounds(low, high, with_low, with_high, symbol.number)
        self.length += 1
        if self.length - self.ordered > LOOSE + self.ordered // 4:
            self._order()
        return 0

    cdef int _grow(self) except -1:
        cdef Py_ssize_t room = max(8, self.room * 2)
        bounds = <Bounds*> realloc(self.bounds, room * sizeof(Bounds))
        if bounds == NULL:
            raise MemoryError
        self.bounds = bounds
        highest = <double*> realloc(
            self.highest, (room // BLOCK + 1) * sizeof(double)
        )
        if highest == NULL:
            raise MemoryError
        self.highest = highest
        self.room = room
        return 0

    cdef int remove(self, Symbol symbol) except -1:
        """A number of -1 marks what is gone until all is ordered again."""
        cdef Py_ssize_t i = self._place(symbol)
        del self.symbols[symbol.key]
        self.bounds[i].number = -1
        if len(self.symbols) * 2 <= self.length:
            self._order()
        return 0

    def _place(self, Symbol symbol):
        cdef Py_ssize_t i = 0, high = self.ordered, middle
        cdef double low = symbol.key[0]
        while i < high:
            middle = (i + high) // 2
            if self.bounds[middle].low < low:
                i = middle + 1
            else:
                high = middle
        while self.bounds[i].number != symbol.number:  # equal ones, then the loose end
            if i < self.ordered and self.bounds[i].low != low:
                i = self.ordered
            else:
                i += 1
        return i

    cdef void _order(self) noexcept:
        cdef Py_ssize_t i, n = 0
        for i in range(self.length):
            if self.bounds[i].number >= 0:
                self.bounds[n] = self.bounds[i]
                n += 1
        self.length = self.ordered = n
        qsort(self.bounds, n, sizeof(Bounds), by_low)
        for i in range(n):
            if i % BLOCK == 0:
                self.highest[i // BLOCK] = -INFINITY
            if self.bounds[i].high > self.highest[i // BLOCK]:
                self.highest[i // BLOCK] = self.bounds[i].high
