# cython: nonecheck=False
# (A check for None would need the GIL; a ring is never None.)
"""Frames that are too large for a ring: see ring_layout.h.

They are written and read by system calls: the file may grow without a mapping that
grows, and no memory is an error, not a signal.
"""

from libc.errno cimport EBADMSG, EBUSY
from libc.stdint cimport int64_t, uint64_t

from chronomux._core.ring cimport (
    CHANGED,
    DONE,
    LOCKED,
    NO_ROOM,
    RING_EXTENTS,
    Outcome,
    Piece,
    Ring,
    extent,
    file_size,
    free_pages,
    load_acquire,
    load_relaxed,
    lock_release,
    lock_try,
    lock_within,
    place,
    position_of,
    read_at,
    read_fence,
    record,
    write_at,
)

cdef enum:
    GRAIN = 1 << 16  # bytes: extents begin and end at multiples of it
    KEPT_BYTES = 2 << 20  # of memory that a free extent keeps


cdef Outcome lock_extents(Ring ring, int64_t ns) noexcept nogil:
    cdef int error = lock_within(&ring.shared.extent_lock, ns)
    return LOCKED if error == EBUSY else <Outcome>error


cdef void unlock_extents(Ring ring) noexcept nogil:
    free_surplus(ring)
    lock_release(&ring.shared.extent_lock)


cdef inline bint is_free(Ring ring, const extent* one) noexcept nogil:
    """Its record was taken, or its writer died before there was one."""
    cdef uint64_t after = one.after
    return (
        after <= position_of(load_acquire(&ring.shared.head))
        or after > ring.last_front().tail
    )


cdef extent* choose(Ring ring, uint64_t size) noexcept nogil:
    """A free extent, if possible one with that much room."""
    cdef extent* found = NULL
    cdef extent* one
    cdef int i
    for i in range(RING_EXTENTS):
        one = &ring.shared.extents[i]
        if is_free(ring, one):
            if one.room >= size:
                return one
            found = one
    return found


cdef void move(Ring ring, extent* one, uint64_t size) noexcept nogil:
    """Give an extent a new place at the end of the file. A death at any line leaves it
    without room, or with all of it."""
    cdef uint64_t room = (size + GRAIN - 1) // GRAIN * GRAIN
    if one.filled:
        free_pages(ring.fd, one.offset, one.filled)
    one.filled = 0
    one.room = 0
    one.offset = ring.shared.file_end
    ring.shared.file_end += room
    one.room = room


cdef Outcome write_extent(
    Ring ring, const Piece* pieces, int count, uint64_t size, place* where
) noexcept nogil:
    cdef extent* one = choose(ring, size)
    cdef uint64_t offset
    cdef int i, error
    if one == NULL:
        return NO_ROOM
    if one.room < size:
        move(ring, one, size)
    if one.filled < size:
        one.filled = size
    where.offset = offset = one.offset
    where.bytes = size
    for i in range(count):
        error = write_at(ring.fd, pieces[i].data, pieces[i].bytes, offset)
        if error:
            free_pages(ring.fd, one.offset, one.filled)
            one.filled = 0
            return <Outcome>error
        offset += pieces[i].bytes
    return DONE


cdef void lend_extent(Ring ring, const place* where) noexcept nogil:
    cdef int i
    for i in range(RING_EXTENTS):
        if ring.shared.extents[i].offset == where.offset:
            ring.shared.extents[i].after = (
                ring.last_front().tail + sizeof(record) + sizeof(place)
            )


cdef void free_surplus(Ring ring) noexcept nogil:
    """Free the memory of large extents that are free."""
    cdef extent* one
    cdef int i
    for i in range(RING_EXTENTS):
        one = &ring.shared.extents[i]
        if one.filled > KEPT_BYTES and is_free(ring, one):
            free_pages(ring.fd, one.offset + KEPT_BYTES, one.filled - KEPT_BYTES)
            one.filled = KEPT_BYTES


cdef Outcome find_place(
    Ring ring, uint64_t head, const record* found, place* where
) noexcept nogil:
    if found.bytes != sizeof(place):
        return <Outcome>EBADMSG
    if ring.copy_payload(head, found, <char*>where) != DONE:
        return CHANGED
    # Sizes and offsets may lie: they must not overflow, nor make us take all memory.
    cdef uint64_t end = file_size(ring.fd)
    if where.bytes > end or where.offset > end - where.bytes or where.bytes & 7:
        return <Outcome>EBADMSG
    return DONE


cdef Outcome read_extent(
    Ring ring, uint64_t head, const place* where, char* to
) noexcept nogil:
    """CHANGED: what was read may have been written over meanwhile."""
    cdef int error = read_at(ring.fd, to, where.bytes, where.offset)
    read_fence()
    if position_of(load_relaxed(&ring.shared.head)) != position_of(head):
        return CHANGED
    return <Outcome>error


cdef void return_memory(Ring ring, uint64_t size) noexcept nogil:
    if size > KEPT_BYTES and lock_try(&ring.shared.extent_lock) == 0:
        unlock_extents(ring)
