"""Symbols: what rules ask of single values, as numbers.

A symbol is one thing a value can have: to be there, to equal this, to begin with that.
All rules that ask the same of the same path share it. The nodes, one for each segment
of a path, tell which symbols a value has without trying them one by one.
"""

cimport cython

from operator import itemgetter

from cpython.object cimport PyObject
from libc.stdint cimport intptr_t

from chronomux._core.conditions.ranges cimport Ranges
from chronomux._core.conditions.texts cimport Texts

# Keys of these types are equal to no str; of others nobody knows.
cdef frozenset UNLIKE_TEXT = frozenset({int, float, bytes, type(None)})


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
        self.names, self.texts = Texts(), Texts()

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
            ancestor.names.put(dotted, <intptr_t> <PyObject*> self)
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
                    ancestor.names.drop(dotted)
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
        return dict(tables or ()).get(len(key), {}).get(key)

    cdef int insert(self, Symbol symbol) except -1:
        """Let values here have this symbol."""
        self._set(symbol.kind, symbol.key, symbol)
        self.uses += 1
        return 0

    cdef int remove(self, Symbol symbol) except -1:
        """No rule asks for this any more."""
        self._set(symbol.kind, symbol.key, None)
        self.uses -= 1
        return self.prune()

    def _set(self, kind, key, Symbol symbol):
        if kind == "value":
            self._set_value(key, symbol)
        elif kind == "present":
            self.present = symbol
        elif kind == "range":
            self._set_range(key, symbol)
        else:
            self._set_text(kind, key, symbol)

    def _set_value(self, key, Symbol symbol):
        if key is True:
            self.true = symbol
        elif key is False:
            self.false = symbol
        else:
            if type(key) is str and symbol is None:
                self.texts.drop(key)
            elif type(key) is str:
                self.texts.put(key, symbol.number)
            elif type(key) not in UNLIKE_TEXT:
                self.odd += -1 if symbol is None else 1
            put(self.values, key, symbol)

    def _set_range(self, key, Symbol symbol):
        if self.ranges is None:
            self.ranges = Ranges()
        if symbol is not None:
            self.ranges.insert(key, symbol.number, symbol)
        elif self.ranges.remove(key) == 0:
            self.ranges = None

    def _set_text(self, kind, key, Symbol symbol):
        if kind == "folded":
            self.folded = self.folded or {}
            put(self.folded, key, symbol)
        elif kind == "cidr":
            self.networks = self.networks or {}
            put(self.networks.setdefault(key[:2], {}), key[2], symbol)
            if not self.networks[key[:2]]:
                del self.networks[key[:2]]
        elif kind == "prefix":
            self.prefixes = with_text(self.prefixes, key, symbol)
        else:
            self.suffixes = with_text(self.suffixes, key, symbol)
        self.has_text = bool(
            self.folded or self.networks or self.prefixes or self.suffixes
        )


cdef int put(dict table, object key, Symbol symbol) except -1:
    if symbol is None:
        del table[key]
    else:
        table[key] = symbol
    return 0


cdef list with_text(list tables, str text, Symbol symbol):
    """The tables with this symbol for the text, or without the text.

    A new list where a table comes or goes, as a match may be reading the old one.
    """
    cdef dict by_length = dict(tables or ())
    put(by_length.setdefault(len(text), {}), text, symbol)
    if len(by_length) == len(tables or ()) and by_length[len(text)]:
        return tables
    return sorted(
        [(length, texts) for length, texts in by_length.items() if texts],
        key=itemgetter(0),
    )
