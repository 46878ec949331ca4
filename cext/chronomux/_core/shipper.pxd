"""Frames into a ring: at once, or as parcels that wait in this process's memory."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from chronomux._core.ring cimport Outcome, Ring, bell, gate


# A frame that waits in this process's memory until the ring has room.
cdef struct Parcel:
    Parcel* next
    uint32_t rows
    uint64_t bytes
    uint64_t sent  # bytes, of one that goes in parts


cdef class Shipper:
    """Publishes frames, in order. All fields are for who is inside the gate."""

    cdef Ring ring
    cdef gate gate
    cdef readonly int slot
    cdef Parcel* first  # while there is one, only the feeder publishes
    cdef Parcel* last
    cdef bell work  # wakes the feeder
    cdef bell done  # wakes who waits until there is no parcel
    cdef bint closing
    cdef readonly bint streaming  # the first parcel is on its way in parts
    cdef readonly int failure  # 0, or the errno of the last try to publish
    cdef readonly uint64_t tries

    cdef int64_t admit(self, uint64_t wanted) noexcept nogil
    cdef void release(self, uint64_t count) noexcept nogil
    cdef bint fits(self, uint64_t size) noexcept nogil
    cdef Outcome send(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil
    cdef Parcel* new_parcel(self, uint64_t size, uint32_t rows) noexcept nogil
    cdef void append(self, Parcel* parcel) noexcept nogil
    cdef Outcome ship(self) noexcept nogil  # the first parcel, or a part of it

    # For this module only.
    cdef Outcome publish(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil
    cdef Outcome ship_parts(self, Parcel* parcel) noexcept nogil
    cdef Outcome ship_part(self, Parcel* parcel) noexcept nogil
