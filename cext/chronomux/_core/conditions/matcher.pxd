"""One condition as a tree of path segments with tests, and one event through it."""

# How an alternative of a test is tried; the first item of its tuple.
cpdef enum Trial:
    VALUE    # (VALUE, v): equal to a hashable v that is no container
    EQUAL    # (EQUAL, v): equal to an unhashable value or a container
    ELEMENT  # (ELEMENT, f, hint): f(element) of one element of a list, or of the value
    WHOLE    # (WHOLE, f, hint): f(value), whatever the value is
    EXISTS   # (EXISTS,): there is a value
    ABSENT   # (ABSENT,): there is none


cdef class Test:
    cdef set scalars
    cdef list equals, elements, wholes
    cdef bint exists, absent, true, false

    cdef bint holds(self, object value) except -1
    cdef bint _datum(self, object value) except -1
    cdef bint _equals_one(self, object value) except -1
    cdef bint _element(self, object value) except -1


cdef class Branch:
    cdef dict kids      # segment -> Branch
    cdef list literals  # (dotted key, Branch) of branches more than a step below
    cdef list tests

    cdef Branch grow(self, tuple path)
    cdef bint holds(self, object value, set blocked) except -1
    cdef bint below(self, object value, set blocked) except -1
    cdef int _elements(self, object values, set blocked) except -1
    cdef bint _inside(self, object value, int kind, set blocked) except -1
    cdef bint _inside_dotted(self, object value, set hits, set blocked) except -1
    cdef set family(self)
    cdef bint nothing(self, set blocked) except -1


cdef class Matcher:
    cdef Branch root
