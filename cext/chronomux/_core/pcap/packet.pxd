"""A packet."""

from libc.stdint cimport uint16_t, uint32_t


cdef class Packet:
    cdef readonly object timestamp
    cdef readonly bytes data
    cdef readonly uint32_t length
    cdef readonly uint32_t interface
    cdef readonly uint16_t linktype
    cdef dict found  # the layers, once asked for

    cdef dict layers(self)
    cdef dict as_dict(self)
