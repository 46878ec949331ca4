"""How values of events are told apart and compared."""

ctypedef enum Kind:
    DATA      # text, bytes, numbers, None: nothing inside
    LIST      # list, tuple, set, frozenset: searched element by element
    MAPPING   # followed by key
    OBJECT    # followed by attribute

# Stands for what an event does not have.
cdef object MISSING

cdef Kind kind_of(object value) except? DATA
cdef bint same(object left, object right) except -1
cdef object step(object value, Kind kind, str name)
