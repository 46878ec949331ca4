# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""Frames into a ring: at once, or as parcels that wait in this process's memory."""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.errno cimport ENOMEM
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from chronomux._core.claims cimport pass_stopped
from chronomux._core.extents cimport (
    lend_extent,
    lock_extents,
    unlock_extents,
    write_extent,
)
from chronomux._core.ring cimport (
    DONE,
    LARGE_FRAME,
    NO_ROOM,
    WHOLE_FRAME,
    Outcome,
    Piece,
    Ring,
    bell_call,
    bell_wait,
    bell_want,
    clock_ns,
    full_fence,
    gate_init,
    gate_lock,
    gate_unlock,
    load_relaxed,
    place,
    record,
    store_relaxed,
    store_release,
)

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    LOCK_LIMIT = 1_000_000  # ns
    COPY_TIME = 500_000  # ns


cdef class Shipper:
    """Publishes frames, in order, as one producer of a ring: that of `slot`."""

    def __cinit__(self, Ring ring not None, int slot):
        self.ring = ring
        self.slot = slot
        if gate_init(&self.gate):
            raise MemoryError("no lock for a queue")

    def __dealloc__(self):
        cdef Parcel* parcel
        while self.first != NULL:
            parcel = self.first
            self.first = parcel.next
            PyMem_RawFree(parcel)

    @property
    def parcels(self):
        """Frames that wait for room, and their bytes."""
        cdef Parcel* parcel
        cdef uint64_t size = 0
        count = 0
        with nogil:
            gate_lock(&self.gate)
        parcel = self.first
        while parcel != NULL:
            count += 1
            size += parcel.bytes
            parcel = parcel.next
        gate_unlock(&self.gate)
        return count, size

    # ---- Room in a queue with a maxsize

    cdef int64_t admit(self, uint64_t wanted) noexcept nogil:
        """How many of so many items may be put now: fewer when the queue is bounded,
        -1 when the ring's lock was not to be had in time."""
        cdef uint64_t* held = &self.ring.shared.slots[self.slot].held
        cdef uint64_t most = self.ring.shared.maxsize
        cdef int64_t room
        if self.closing:  # the slot may be another process's by now
            return 0
        if most == 0:
            store_relaxed(held, load_relaxed(held) + wanted)
            return wanted
        if self.ring.lock(LOCK_LIMIT) != DONE:
            return -1
        room = <int64_t>most - self.ring.items_put()
        if room < 0:
            room = 0
        if wanted > <uint64_t>room:
            wanted = room
        store_relaxed(held, load_relaxed(held) + wanted)
        self.ring.unlock()
        return wanted

    cdef void release(self, uint64_t count) noexcept nogil:
        """Items admitted are in the ring, or will not come."""
        cdef uint64_t* held = &self.ring.shared.slots[self.slot].held
        cdef uint64_t before = load_relaxed(held)
        # After it was published, for who counts.
        store_release(held, before - count if before > count else 0)
        if self.ring.shared.maxsize:
            full_fence()
            bell_call(&self.ring.shared.room)  # who counted it twice looks again

    # ---- Frames

    cdef inline bint is_large(self, uint64_t size) noexcept nogil:
        return size > self.ring.capacity // 2

    cdef Outcome send(
        self, const Piece* pieces, int count, uint64_t size, uint32_t rows
    ) noexcept nogil:
        """Publish a frame, or make it a parcel. ENOMEM: neither was possible."""
        cdef Parcel* parcel
        cdef char* end
        cdef int i
        if self.first == NULL and self.publish_soon(pieces, count, size, rows) == DONE:
            return DONE
        parcel = self.new_parcel(size, rows)
        if parcel == NULL:
            return <Outcome>ENOMEM
        end = <char*>(parcel + 1)
        for i in range(count):
            memcpy(end, pieces[i].data, pieces[i].bytes)
            end += pieces[i].bytes
        self.append(parcel)
        return DONE

    cdef Parcel* new_parcel(self, uint64_t size, uint32_t rows) noexcept nogil:
        cdef Parcel* parcel = NULL
        if size <= PY_SSIZE_T_MAX - sizeof(Parcel):
            parcel = <Parcel*>PyMem_RawMalloc(sizeof(Parcel) + size)
        if parcel == NULL:
            self.failure = ENOMEM
        else:
            parcel[0] = Parcel(NULL, rows, size)
        return parcel

    cdef void append(self, Parcel* parcel) noexcept nogil:
        if self.first == NULL:
            self.first = parcel
        else:
            self.last.next = parcel
        self.last = parcel
        bell_call(&self.work)

    cdef Outcome publish_soon(
        self, const Piece* pieces, int count, uint64_t size, uint32_t rows
    ) noexcept nogil:
        """For a large frame it is worth to wait, for no longer than a copy in fresh
        memory would take. Where nobody takes anything the next ones do not wait: a
        parcel is before them."""
        cdef Outcome outcome = self.publish(pieces, count, size, rows)
        cdef int64_t left = COPY_TIME, end = 0
        cdef uint32_t calls
        while outcome == NO_ROOM and left > 0 and self.is_large(size):
            calls = bell_want(&self.ring.shared.room)
            outcome = self.publish(pieces, count, size, rows)
            if outcome == NO_ROOM:
                end = end or clock_ns() + COPY_TIME
                left = end - clock_ns()
                bell_wait(&self.ring.shared.room, calls, left)
        return outcome

    cdef Outcome publish(
        self, const Piece* pieces, int count, uint64_t size, uint32_t rows
    ) noexcept nogil:
        cdef record head = record(WHOLE_FRAME, <uint16_t>self.slot, rows, size, 0)
        cdef Outcome outcome
        if self.is_large(size):
            outcome = self.publish_large(&head, pieces, count)
        else:
            outcome = self.publish_small(&head, pieces, count)
        self.failure = <int>outcome if outcome > 0 else 0
        self.tries += 1
        if outcome == DONE:
            full_fence()
            bell_call(&self.ring.shared.items)
        return outcome

    cdef Outcome publish_small(
        self, record* head, const Piece* pieces, int count
    ) noexcept nogil:
        cdef Outcome outcome = self.ring.lock(LOCK_LIMIT)
        if outcome == DONE:
            outcome = self.ring.publish(head, pieces, count)
            if outcome == DONE:
                self.release(head.rows)  # under the lock: nobody counts an item twice
            elif outcome == NO_ROOM:
                pass_stopped(self.ring)
            self.ring.unlock()
        return outcome

    cdef Outcome publish_large(
        self, record* head, const Piece* pieces, int count
    ) noexcept nogil:
        cdef place where
        cdef Piece piece = Piece(<const char*>&where, sizeof(place))
        cdef Outcome outcome = lock_extents(self.ring, LOCK_LIMIT)
        if outcome != DONE:
            return outcome
        outcome = write_extent(self.ring, pieces, count, head.bytes, &where)
        if outcome == NO_ROOM and self.ring.lock(LOCK_LIMIT) == DONE:
            pass_stopped(self.ring)
            self.ring.unlock()
        if outcome == DONE:
            head.kind = LARGE_FRAME
            head.bytes = sizeof(place)
            outcome = self.ring.lock(LOCK_LIMIT)
        if outcome == DONE:
            lend_extent(self.ring, &where)
            outcome = self.ring.publish(head, &piece, 1)
            if outcome == DONE:
                self.release(head.rows)
            self.ring.unlock()
        unlock_extents(self.ring)
        return outcome

    cdef Outcome ship(self) noexcept nogil:
        """Send the first parcel."""
        cdef Parcel* parcel = self.first
        cdef Piece piece = Piece(<char*>(parcel + 1), parcel.bytes)
        cdef Outcome outcome = self.publish(&piece, 1, parcel.bytes, parcel.rows)
        if outcome == DONE:
            self.first = parcel.next
            PyMem_RawFree(parcel)
            if self.first == NULL:
                self.last = NULL
                full_fence()
                bell_call(&self.done)
        return outcome
