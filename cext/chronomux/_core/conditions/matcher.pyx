"""One condition as a tree of path segments with tests, and one event through it.

This is the exact answer. The index asks it where symbols alone cannot tell.
"""

cimport cython

from chronomux._core.conditions.values cimport (
    DATA,
    LIST,
    MAPPING,
    MISSING,
    Kind,
    kind_of,
    same,
    step,
)

cdef extern from "Python.h":
    # Non-zero is an error, by version -1 or 1.
    int Py_EnterRecursiveCall(const char* where) except *
    void Py_LeaveRecursiveCall() noexcept


@cython.final
cdef class Test:
    """The alternatives of one conjunct: it holds if one of them does."""

    def __cinit__(self, alternatives):
        self.scalars = set()
        self.equals, self.elements, self.wholes = [], [], []
        for alternative in alternatives:
            trial = alternative[0]
            if trial == VALUE:
                self._add_value(alternative[1])
            elif trial == EQUAL:
                self.equals.append(alternative[1])
            elif trial == ELEMENT:
                self.elements.append(alternative[1])
            elif trial == WHOLE:
                self.wholes.append(alternative[1])
            elif trial == EXISTS:
                self.exists = True
            else:
                self.absent = True

    def _add_value(self, value):
        if value is True:
            self.true = True
        elif value is False:
            self.false = True
        elif value == value:  # a NaN equals nothing
            self.scalars.add(value)

    def __call__(self, value) -> bool:
        """Whether one alternative holds for a value that is there."""
        return self.holds(value)

    cdef bint holds(self, object value) except -1:
        """Plain values first, callables last: those are the slow ones."""
        if value is MISSING:
            return self.absent
        if self.exists or self._datum(value):
            return True
        for check in self.wholes:
            if check(value):
                return True
        return self.elements != [] and self._element(value)

    cdef bint _datum(self, object value) except -1:
        """Whether the value, or one inside it, equals one asked for."""
        cdef Kind kind
        if value is True:
            return self.true
        if value is False:
            return self.false
        try:
            if value in self.scalars:
                return True
        except TypeError:
            if self._equals_one(value):
                return True
        for other in self.equals:
            if same(other, value):
                return True
        kind = kind_of(value)
        if kind == LIST:
            Py_EnterRecursiveCall(" in the lists of an event")
            try:
                for element in value:
                    if self._datum(element):
                        return True
            finally:
                Py_LeaveRecursiveCall()
        return False

    cdef bint _equals_one(self, object value) except -1:
        """For values without a hash."""
        for other in self.scalars:
            if same(other, value):
                return True
        return False

    cdef bint _element(self, object value) except -1:
        if kind_of(value) == LIST:
            Py_EnterRecursiveCall(" in the lists of an event")
            try:
                for element in value:
                    if self._element(element):
                        return True
            finally:
                Py_LeaveRecursiveCall()
            return False
        for check in self.elements:
            if check(value):
                return True
        return False


@cython.final
cdef class Branch:
    """A place in the tree: the tests of the value there, and the places below it.

    A dotted key of an event goes before the path it spells. What it leads to is
    `blocked` on any shorter way there.
    """

    def __cinit__(self):
        self.kids, self.literals, self.tests = {}, [], []

    cdef Branch grow(self, tuple path):
        """The branch at this path, made if need be."""
        cdef Branch branch = self, kid
        for i, segment in enumerate(path):
            if segment not in branch.kids:
                kid = Branch()
                branch.kids[segment] = kid
                self._add_literals(path, i, kid)
            branch = <Branch> branch.kids[segment]
        return branch

    cdef set family(self):
        """This branch and all below it."""
        cdef Branch kid
        cdef set family = {self}
        for kid in self.kids.values():
            family |= kid.family()
        return family

    def _add_literals(self, tuple path, Py_ssize_t last, Branch kid):
        """Every ancestor but the parent may have `kid` under a dotted key."""
        cdef Branch ancestor = self
        for i in range(last):
            ancestor.literals.append((".".join(path[i : last + 1]), kid))
            ancestor = <Branch> ancestor.kids[path[i]]

    cdef bint holds(self, object value, set blocked) except -1:
        """Whether all conjuncts here and below hold when this value stands here."""
        cdef Test test
        if blocked is not None and self in blocked:
            return True
        for test in self.tests:
            if not test.holds(value):
                return False
        if not self.kids:
            return True
        return self.below(value, blocked)

    cdef bint below(self, object value, set blocked) except -1:
        cdef Kind kind
        cdef int found
        if value is MISSING:
            return self.nothing(blocked)
        kind = kind_of(value)
        if kind == DATA:
            return self.nothing(blocked)
        if kind != LIST:
            return self._inside(value, kind, blocked)
        found = self._elements(value, blocked)
        return self.nothing(blocked) if found == 0 else found == 2

    cdef int _elements(self, object values, set blocked) except -1:
        """2: all conjuncts below hold in one element. 1: in none. 0: none can tell."""
        cdef int found = 0
        cdef Kind kind
        Py_EnterRecursiveCall(" in the lists of an event")
        try:
            for element in values:
                kind = kind_of(element)
                if kind == LIST:
                    found = max(found, self._elements(element, blocked))
                elif kind != DATA:
                    found = max(found, 1 + self._inside(element, kind, blocked))
                if found == 2:
                    break
        finally:
            Py_LeaveRecursiveCall()
        return found

    cdef bint _inside(self, object value, int kind, set blocked) except -1:
        """Whether all conjuncts below hold in this mapping or object."""
        cdef Branch kid
        cdef set hits
        if self.literals and kind == MAPPING:
            hits = {kid for dotted, kid in self.literals if dotted in value}
            if hits:
                return self._inside_dotted(value, hits, blocked)
        Py_EnterRecursiveCall(" in a condition")
        try:
            for segment, kid in self.kids.items():
                if not kid.holds(step(value, <Kind> kind, segment), blocked):
                    return False
        finally:
            Py_LeaveRecursiveCall()
        return True

    cdef bint _inside_dotted(self, object value, set hits, set blocked) except -1:
        """The same where dotted keys stand before the paths that they spell."""
        cdef Branch kid, hit
        cdef set before = blocked or set(), taken
        for dotted, kid in self.literals:
            if kid in hits and kid not in before:
                taken = set(before)
                for hit in hits:  # keys that spell more of the path
                    if hit is not kid and hit in kid.family():
                        taken |= hit.family()
                if not kid.holds(step(value, MAPPING, dotted), taken):
                    return False
        taken = set(before)
        for hit in hits:
            taken |= hit.family()
        for segment, kid in self.kids.items():
            if not kid.holds(step(value, MAPPING, segment), taken):
                return False
        return True

    cdef bint nothing(self, set blocked) except -1:
        """Whether all conjuncts below hold where there is nothing."""
        cdef Branch kid
        for kid in self.kids.values():
            if not kid.holds(MISSING, blocked):
                return False
        return True


@cython.final
cdef class Matcher:
    """A condition ready to match: made of (path, alternatives) for each conjunct.

    A path is a tuple of segments; () is the event itself. Exceptions of callables in
    the alternatives pass through.
    """

    def __cinit__(self, conjuncts):
        self.root = Branch()
        for path, alternatives in conjuncts:
            self.root.grow(path).tests.append(Test(alternatives))

    def matches(self, event) -> bool:
        """Whether all conjuncts hold for this event."""
        return self.root.holds(event, None)
