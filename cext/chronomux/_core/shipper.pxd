"""Frames into a ring: at once, or as parcels that wait in this process's memory."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from chronomux._core.ring cimport Outcome, Piece, Ring, bell, gate, record


# A frame that waits in this process's memory until the ring has room.
cdef struct Parcel:
    Parcel* next
    uint32_t rows
    uint64_t bytes


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
    cdef readonly int failure  # 0, or the errno of the last try to publish
    cdef readonly uint64_t tries

    cdef int64_t admit(self, uint64_t wanted) noexcept nogil
    cdef void release(self, uint64_t count) noexcept nogil
    cdef bint is_large(self, uint64_t size) noexcept nogil  # for the ring itself
    cdef Outcome send(
        self, const Piece* pieces, int count, uint64_t size, uint32_t rows
    ) noexcept nogil
    cdef Outcome ship(self) noexcept nogil  # the first parcel

    # For this module only.
    cdef Parcel* new_parcel(self, uint64_t size, uint32_t rows) noexcept nogil
    cdef void append(self, Parcel* parcel) noexcept nogil
    cdef Outcome publish_soon(
        self, const Piece* pieces, int count, uint64_t size, uint32_t rows
    ) noexcept nogil
    cdef Outcome publish(
        self, const Piece* pieces, int count, uint64_t size, uint32_t rows
    ) noexcept nogil
    cdef Outcome publish_small(
        self, record* head, const Piece* pieces, int count
    ) noexcept nogil
    cdef Outcome publish_large(
        self, record* head, const Piece* pieces, int count
    ) noexcept nogil
