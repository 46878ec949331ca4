"""Frames that are too large for a ring: in the same file, behind it."""

from libc.stdint cimport int64_t, uint64_t

from chronomux._core.ring cimport Outcome, Piece, Ring, Source, place, record


# Whoever has the lock of extents may put a frame behind the ring, and then publish a
# record with that place; `lend` comes between, with the ring's lock held.
cdef Outcome lock_extents(Ring ring, int64_t ns) noexcept nogil
cdef void unlock_extents(Ring ring) noexcept nogil
# NO_ROOM: all are in use. An errno: there is no memory.
cdef Outcome write_extent(
    Ring ring, const Piece* pieces, int count, uint64_t size, place* where
) noexcept nogil
cdef void lend_extent(Ring ring, const place* where) noexcept nogil

# For consumers: what is at a place that a record says; EBADMSG where no frame can be.
cdef Outcome find_place(
    Ring ring, const Source* source, uint64_t head, const record* found, place* where
) noexcept nogil
cdef Outcome read_extent(
    Ring ring, const Source* source, uint64_t head, const place* where, char* to
) noexcept nogil
# A frame of this size was taken: give back what is too large for a nest.
cdef void return_memory(Ring ring, uint64_t size) noexcept nogil
