"""From items put to frames in a ring."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from chronomux._core.encoder cimport Encoder
from chronomux._core.ring cimport Outcome, Ring, bell, gate


# A frame that waits in this process's memory until the ring has room.
cdef struct Parcel:
    Parcel* next
    uint32_t rows
    uint64_t bytes
    uint64_t sent  # bytes, of one that goes in parts


cdef class Sender:
    """One process's way into a ring. All fields are for who is inside the gate."""

    cdef Ring ring
    cdef Encoder frame  # the open one
    cdef gate gate
    cdef uint64_t owner  # the thread inside, 0 for none
    cdef readonly int slot
    cdef Parcel* first  # while there is one, only the feeder publishes
    cdef Parcel* last
    cdef Py_ssize_t most_bytes  # of a frame that gets another row
    cdef char* packed
    cdef Py_ssize_t packed_room
    cdef bell work  # wakes the feeder
    cdef bell done  # wakes who waits until there is no parcel
    cdef int64_t due  # when the open frame must go, ns
    cdef int64_t last_put
    cdef int64_t last_pack
    cdef readonly bint fed  # a feeder is there
    cdef bint closing
    cdef readonly bint streaming  # the first parcel is on its way in parts
    cdef readonly int failure  # 0, or the errno of the last try to publish

    cdef int enter(self) except -1
    cdef void leave(self) noexcept nogil
    cdef int64_t admit(self, uint64_t wanted) noexcept nogil
    cdef void release(self, uint64_t count) noexcept nogil
    cdef int add(self, object item, object key, bint keyed) except -1
    cdef void added(self, bint end) noexcept nogil
    cdef bint idle(self) noexcept nogil
    cdef Outcome pack(self) noexcept nogil
    cdef Outcome send(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil

    # For this module only.
    cdef int isolate(self) noexcept nogil
    cdef bint fits(self, uint64_t size) noexcept nogil
    cdef Outcome pack_for_now(self, Py_ssize_t size, uint32_t rows) noexcept nogil
    cdef Outcome pack_for_later(self, Py_ssize_t size, uint32_t rows) noexcept nogil
    cdef Parcel* new_parcel(self, uint64_t size, uint32_t rows) noexcept nogil
    cdef void append(self, Parcel* parcel) noexcept nogil
    cdef Outcome publish(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil
    cdef Outcome ship(self) noexcept nogil
    cdef Outcome ship_parts(self, Parcel* parcel) noexcept nogil
    cdef Outcome ship_part(self, Parcel* parcel) noexcept nogil
    cdef int64_t step(self) noexcept nogil
    cdef void feed_until(self, int64_t end) noexcept nogil
