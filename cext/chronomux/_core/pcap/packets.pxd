"""All packets of a capture, a window at a time."""

from chronomux._core.pcap.packet cimport Packet
from chronomux._core.pcap.scan cimport Found, Scan, Status


cdef class Packets:
    cdef Scan scan
    cdef Found* found
    cdef size_t count  # of the packets found last
    cdef public object read
    cdef str name
    cdef bytes window
    cdef bint is_sections
    cdef bint is_begun
    cdef bint is_ended

    cdef size_t advance(self) except? 0
    cdef list at_hand(self)
    cdef int begin(self) except -1
    cdef bint fill(self) except -1
    cdef size_t left(self) noexcept
    cdef Packet packet(self, const Found* found)
    cdef object failure(self)
    cdef object cut(self)
    cdef bytes joined(self, size_t count)
