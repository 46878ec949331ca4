"""Statements as nodes that know where they stand.

Trees are deep: nothing here recurses.
"""

cimport cython

from .scl_writer import write


@cython.final
cdef class SCLNode:
    """One statement; frozen. `SCLLexer.parse(text, nodes=True)` makes them.

    key: its word. kind: 'keyword', 'number', 'string', or 'group' for `key=(...)`.
    value: a str, a Decimal, or None for a group. children: a tuple of nodes, () for
    `()`, None where there are no parentheses. source: the text it stands in, whole.
    span, key_span, value_span: (begin, end) in source, counted in characters; the value
    of a group is its parentheses.

    Nodes are equal that have equal keys, kinds, values and children, wherever they
    stand.
    """

    def __init__(self):
        raise TypeError("nodes come from SCLLexer.parse(text, nodes=True) alone")

    @property
    def span(self):
        return self._begin, self._end

    @property
    def key_span(self):
        return self._begin, self._key_end

    @property
    def value_span(self):
        return self._value_begin, self._value_end

    def to_scl(self, indent=None):
        """The statement as it stands in the source, comments and all.

        With `indent`, a number of blanks for each level, written anew: every child on
        a line of its own.
        """
        if indent is None:
            return self.source[self._begin : self._end]
        return write((self,), indent, self.dialect)

    def to_dict(self):
        """What `SCLLexer.parse(text)` gives for this statement."""
        return results([self])[0]

    def __repr__(self):
        below = "" if self.children is None else f", {len(self.children)} children"
        return (
            f"<SCLNode {self.key}={self.kind} {self.value!r}{below}, "
            f"{self._begin}:{self._end}>"
        )

    def __eq__(self, other):
        cdef SCLNode ours, theirs
        cdef list pairs
        if not isinstance(other, SCLNode):
            return NotImplemented
        pairs = [(self, other)]
        while pairs:
            ours, theirs = pairs.pop()
            if ours is theirs:
                continue
            if (
                ours.key != theirs.key
                or ours.kind != theirs.kind
                or ours.value != theirs.value
                or (ours.children is None) != (theirs.children is None)
            ):
                return False
            if ours.children is not None:
                if len(ours.children) != len(theirs.children):
                    return False
                pairs.extend(zip(ours.children, theirs.children))
        return True

    def __hash__(self):
        """Of the statement itself: of its children only how many there are."""
        count = None if self.children is None else len(self.children)
        return hash((self.key, self.kind, self.value, count))

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        """All below it goes along in one flat list: no depth is too deep for pickle."""
        cdef list flat = []
        cdef list left = [self]
        cdef SCLNode node
        while left:
            node = left.pop()
            flat.append(node.fields())
            left.extend((node.children or ())[::-1])
        return rebuilt, (self.source, self.dialect, flat)

    cdef tuple fields(self):
        count = None if self.children is None else len(self.children)
        places = (
            self._begin, self._key_end, self._value_begin, self._value_end, self._end
        )
        return self.key, self.kind, self.value, count, places


def rebuilt(str source not None, str dialect not None, list flat not None):
    """The first of the nodes whose fields stand in `flat`, parents before children."""
    cdef list done = []  # the siblings that stand last are below
    cdef SCLNode node
    for key, kind, value, count, places in reversed(flat):
        node = SCLNode.__new__(SCLNode)
        node.key, node.kind, node.value = key, kind, value
        node.source, node.dialect = source, dialect
        begin, key_end, value_begin, value_end, end = places
        node._begin, node._key_end, node._end = begin, key_end, end
        node._value_begin, node._value_end = value_begin, value_end
        if count is not None:
            if count > len(done):
                raise ValueError("there are fewer nodes than children")
            node.children = tuple(done[len(done) - count:][::-1])
            del done[len(done) - count:]
        done.append(node)
    if len(done) != 1:
        raise ValueError(f"{len(done)} nodes that are nobody's children")
    return done[0]


def results(nodes):
    """The dictionaries of nodes and all below them, as a list."""
    cdef list top = []
    cdef list left = [(top, nodes)]
    cdef SCLNode node
    cdef dict result
    cdef list into, below
    while left:
        into, nodes = left.pop()
        for node in nodes:
            result = {"key": node.key, "value": node.value}
            if node.children is not None:
                below = []
                result["value" if node.kind == "group" else "children"] = below
                left.append((below, node.children))
            into.append(result)
    return top
