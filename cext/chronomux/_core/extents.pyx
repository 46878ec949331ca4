# cython: nonecheck=False
# (A check for None would need the GIL; a ring is never None.)
"""Frames that are too large for a ring: see ring_layout.h.

Nests are mapped, which is twice as fast as system calls are. What is too large for them
is read and written by calls: the file grows and shrinks with no mapping that has to.
"""

from libc.errno cimport EBADMSG, EBUSY
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from chronomux._core.ring cimport (
    CHANGED,
    DONE,
    LOCKED,
    NEST_BYTES,
    NO_ROOM,
    RING_EXTENTS,
    Outcome,
    Piece,
    Ring,
    Source,
    extent,
    file_size,
    free_pages,
    load_relaxed,
    lock_release,
    lock_try,
    lock_within,
    place,
    position_of,
    read_at,
    read_fence,
    record,
    reserve_pages,
    store_relaxed,
    write_at,
    write_fence,
)

cdef enum:
    NOT_LENT = 0  # no record ends there
    GRAIN = 1 << 16  # bytes: places begin and end, nests get memory, at multiples of it


cdef Outcome lock_extents(Ring ring, int64_t ns) noexcept nogil:
    cdef int error = lock_within(&ring.shared.extent_lock, ns)
    return LOCKED if error == EBUSY else <Outcome>error


cdef void unlock_extents(Ring ring) noexcept nogil:
    free_memory(ring)
    lock_release(&ring.shared.extent_lock)


cdef inline bint is_free(Ring ring, const extent* one) noexcept nogil:
    """Its record was taken, or its writer died before there was one."""
    cdef uint64_t after = one.after
    return after <= ring.spared_from() or after > ring.last_front().tail


cdef extent* choose(Ring ring) noexcept nogil:
    """The first free extent: the fewer are in use, the less memory is."""
    cdef int i
    for i in range(RING_EXTENTS):
        if is_free(ring, &ring.shared.extents[i]):
            return &ring.shared.extents[i]
    return NULL


cdef inline uint64_t nest_of(Ring ring, const extent* one) noexcept nogil:
    return ring.nests + (one - ring.shared.extents) * NEST_BYTES


cdef inline uint64_t in_grains(uint64_t size) noexcept nogil:
    return (size + GRAIN - 1) // GRAIN * GRAIN


cdef void move(Ring ring, extent* one, uint64_t size) noexcept nogil:
    """Give an extent a new place at the end of the file. A death at any line leaves it
    without room, or with all of it."""
    cdef uint64_t room = in_grains(size)
    one.room = 0
    one.offset = ring.shared.file_end
    ring.shared.file_end += room
    one.room = room


cdef Outcome write_extent(
    Ring ring, const Piece* pieces, int count, uint64_t size, place* where
) noexcept nogil:
    cdef extent* one = choose(ring)
    if one == NULL:
        return NO_ROOM
    store_relaxed(&one.after, NOT_LENT)
    write_fence()  # who reads what a dead consumer claimed finds that it is gone
    where.bytes = size
    if size <= NEST_BYTES:
        where.offset = nest_of(ring, one)
        return write_nest(ring, one, pieces, count, size)
    if one.room < size:
        move(ring, one, size)
    where.offset = one.offset
    return write_beyond(ring, one, pieces, count, size)


cdef Outcome write_nest(
    Ring ring, extent* one, const Piece* pieces, int count, uint64_t size
) noexcept nogil:
    cdef uint64_t offset = nest_of(ring, one)
    cdef int i, error
    if one.nested < size:
        error = reserve_pages(
            ring.fd, offset + one.nested, in_grains(size) - one.nested
        )
        if error:
            return <Outcome>error
        one.nested = in_grains(size)
    for i in range(count):
        memcpy(<char*>ring.shared + offset, pieces[i].data, pieces[i].bytes)
        offset += pieces[i].bytes
    return DONE


cdef Outcome write_beyond(
    Ring ring, extent* one, const Piece* pieces, int count, uint64_t size
) noexcept nogil:
    cdef uint64_t offset = one.offset
    cdef int i, error
    if one.filled < size:
        one.filled = size
    for i in range(count):
        error = write_at(ring.fd, pieces[i].data, pieces[i].bytes, offset)
        if error:
            return <Outcome>error  # `unlock_extents` gives the memory back
        offset += pieces[i].bytes
    return DONE


cdef void lend_extent(Ring ring, const place* where) noexcept nogil:
    cdef extent* one
    cdef int i
    for i in range(RING_EXTENTS):
        one = &ring.shared.extents[i]
        if where.offset in (one.offset, nest_of(ring, one)):
            one.after = ring.last_front().tail + sizeof(record) + sizeof(place)


cdef bint is_lent(Ring ring, uint64_t head) noexcept nogil:
    """Whether the extent of the record there is still its own."""
    cdef uint64_t after = position_of(head) + sizeof(record) + sizeof(place)
    cdef int i
    for i in range(RING_EXTENTS):
        if load_relaxed(&ring.shared.extents[i].after) == after:
            return True
    return False


cdef void free_memory(Ring ring) noexcept nogil:
    """Of places that are free; nests keep theirs."""
    cdef extent* one
    cdef int i
    for i in range(RING_EXTENTS):
        one = &ring.shared.extents[i]
        if one.filled and is_free(ring, one):
            free_pages(ring.fd, one.offset, one.filled)
            one.filled = 0


cdef Outcome find_place(
    Ring ring, const Source* source, uint64_t head, const record* found, place* where
) noexcept nogil:
    if found.bytes != sizeof(place):
        return <Outcome>EBADMSG
    if ring.copy_payload(source, head, found, <char*>where) != DONE:
        return CHANGED
    # Sizes and offsets may lie: they must not overflow, nor make us take all memory.
    cdef uint64_t end = file_size(ring.fd)
    if where.bytes > end or where.offset > end - where.bytes or where.bytes & 7:
        return <Outcome>EBADMSG
    return DONE


cdef Outcome read_extent(
    Ring ring, const Source* source, uint64_t head, const place* where, char* to
) noexcept nogil:
    """CHANGED: what was read may have been written over meanwhile."""
    cdef int error = 0
    # Beyond the nests memory comes and goes, and a mapping would make it come.
    if where.offset + where.bytes <= ring.nests + RING_EXTENTS * NEST_BYTES:
        memcpy(to, <char*>ring.shared + where.offset, where.bytes)
    else:
        error = read_at(ring.fd, to, where.bytes, where.offset)
    cdef bint lent = is_lent(ring, head)
    read_fence()
    if position_of(load_relaxed(source.head)) != position_of(head):
        return CHANGED
    return <Outcome>error if lent else <Outcome>EBADMSG


cdef void return_memory(Ring ring, uint64_t size) noexcept nogil:
    if size > NEST_BYTES and lock_try(&ring.shared.extent_lock) == 0:
        unlock_extents(ring)
