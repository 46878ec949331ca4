"""From items put to frames in a ring."""

from libc.stdint cimport int64_t

from chronomux._core.encoder cimport Encoder
from chronomux._core.ring cimport Outcome
from chronomux._core.shipper cimport Shipper


cdef class Sender(Shipper):
    """One process's way into a ring. All fields are for who is inside the gate."""

    cdef Encoder frame  # the open one
    cdef Py_ssize_t most_bytes  # of a frame that gets another row
    cdef char* packed
    cdef Py_ssize_t packed_room
    cdef int64_t due  # when the open frame must go, ns
    cdef int64_t last_put
    cdef int64_t last_pack
    cdef readonly bint fed  # a feeder is there

    cdef int enter(self) except -1
    cdef void leave(self) noexcept nogil
    cdef int add(self, object item, object key, bint keyed) except -1
    cdef int added(self, bint end) except -1
    cdef bint idle(self) noexcept nogil
    cdef Outcome pack(self) noexcept nogil

    # For this module only.
    cdef void isolate(self) noexcept
    cdef int pack_tail(self) except -1
    cdef int64_t step(self) noexcept nogil
    cdef void feed_until(self, int64_t end) noexcept nogil
