"""The layers of a packet."""

cdef frozenset LAYERS  # their names


cdef dict layers_of(bytes data, int linktype)
