"""All packets of a capture, a window at a time."""

from libc.stdint cimport int64_t

from chronomux._core.pcap.packet cimport Packet
from chronomux._core.pcap.put cimport Form
from chronomux._core.pcap.scan cimport Found, Scan, Status


cdef class Packets:
    cdef Scan scan
    cdef Found* found
    cdef size_t count  # of the packets found last
    cdef int64_t latest  # time of the latest packet that `records` wrote with one
    cdef public object read
    cdef str name
    cdef bytes window
    cdef bint is_sections
    cdef bint is_begun
    cdef bint is_ended

    cdef size_t advance(self) except? 0
    cdef tuple frame(self)
    cdef int number_interfaces(self, object describe) except -1
    cdef int move_times(self, int64_t offset, int64_t last) except -1
    cdef object misfit(self, size_t i, int64_t time, object offset, object last)
    cdef bytes put(self, Form form, int64_t* keys, int64_t* offsets, bytes wanted)
    cdef bint stands_so(self) noexcept
    cdef int begin(self) except -1
    cdef bint fill(self) except -1
    cdef size_t left(self) noexcept
    cdef Packet packet(self, const Found* found)
    cdef object failure(self)
    cdef object cut(self)
    cdef bytes joined(self, size_t count)
