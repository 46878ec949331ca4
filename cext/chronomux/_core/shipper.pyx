# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""Frames into a ring: at once, or as parcels that wait in this process's memory."""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc
from libc.errno cimport ENOMEM
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

from chronomux._core.ring cimport (
    DONE,
    FIRST_PART,
    LAST_PART,
    NEXT_PART,
    NO_ROOM,
    WHOLE_FRAME,
    Outcome,
    Ring,
    bell_call,
    full_fence,
    gate_init,
    gate_lock,
    gate_unlock,
    load_relaxed,
    record,
    store_relaxed,
    store_release,
)

cdef extern from "Python.h":
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    LOCK_LIMIT = 1_000_000  # ns


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
            size += parcel.bytes - parcel.sent
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

    cdef inline bint fits(self, uint64_t size) noexcept nogil:
        """Whether a frame may go into the ring at once and as a whole."""
        return self.first == NULL and size <= self.ring.capacity // 2

    cdef Outcome send(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil:
        """Publish a frame, or make it a parcel. ENOMEM: neither was possible."""
        cdef Parcel* parcel
        if self.fits(size) and self.publish(payload, size, rows) == DONE:
            return DONE
        parcel = self.new_parcel(size, rows)
        if parcel == NULL:
            return <Outcome>ENOMEM
        memcpy(parcel + 1, payload, size)
        self.append(parcel)
        return DONE

    cdef Parcel* new_parcel(self, uint64_t size, uint32_t rows) noexcept nogil:
        cdef Parcel* parcel = NULL
        if size <= PY_SSIZE_T_MAX - sizeof(Parcel):
            parcel = <Parcel*>PyMem_RawMalloc(sizeof(Parcel) + size)
        if parcel == NULL:
            self.failure = ENOMEM
        else:
            parcel[0] = Parcel(NULL, rows, size, 0)
        return parcel

    cdef void append(self, Parcel* parcel) noexcept nogil:
        if self.first == NULL:
            self.first = parcel
        else:
            self.last.next = parcel
        self.last = parcel
        bell_call(&self.work)

    cdef Outcome publish(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil:
        cdef record head = record(WHOLE_FRAME, <uint16_t>self.slot, rows, size, 0)
        cdef Outcome outcome = self.ring.lock(LOCK_LIMIT)
        if outcome == DONE:
            if self.ring.is_streaming():
                outcome = NO_ROOM
            else:
                outcome = self.ring.publish(&head, payload)
            if outcome == DONE:
                self.release(rows)  # inside the lock: nobody counts an item twice
            self.ring.unlock()
        self.failure = <int>outcome if outcome > 0 else 0
        self.tries += 1
        if outcome == DONE:
            full_fence()
            bell_call(&self.ring.shared.items)
        return outcome

    cdef Outcome ship(self) noexcept nogil:
        """Send the first parcel, or what there is room for of it."""
        cdef Parcel* parcel = self.first
        cdef Outcome outcome
        if parcel.bytes > self.ring.capacity // 2:
            outcome = self.ship_parts(parcel)
        else:
            outcome = self.publish(<char*>(parcel + 1), parcel.bytes, parcel.rows)
        if outcome == DONE:
            self.first = parcel.next
            PyMem_RawFree(parcel)
            if self.first == NULL:
                self.last = NULL
                full_fence()
                bell_call(&self.done)
        return outcome

    cdef Outcome ship_parts(self, Parcel* parcel) noexcept nogil:
        """Send a parcel that is too large for the ring, a part at a time.

        Nobody else publishes from the first part to the last, over all calls.
        """
        cdef Outcome outcome = DONE
        while outcome == DONE and parcel.sent < parcel.bytes:
            outcome = self.ring.lock(LOCK_LIMIT)
            if outcome == DONE:
                outcome = self.ship_part(parcel)
                self.ring.unlock()
            if outcome == DONE:
                full_fence()
                bell_call(&self.ring.shared.items)
        self.failure = <int>outcome if outcome > 0 else 0
        self.tries += 1
        return outcome

    cdef Outcome ship_part(self, Parcel* parcel) noexcept nogil:
        """Send the next part, with the ring's lock held."""
        cdef record head = record(
            NEXT_PART, <uint16_t>self.slot, 0, self.ring.capacity // 4 // 8 * 8, 0
        )
        cdef Outcome outcome
        if not self.streaming:
            self.streaming = self.ring.begin_stream()
            if not self.streaming:
                return NO_ROOM
        if parcel.sent == 0:
            head.kind = FIRST_PART
        if parcel.sent + head.bytes >= parcel.bytes:
            head.kind = LAST_PART
            head.rows = parcel.rows
            head.bytes = parcel.bytes - parcel.sent
        outcome = self.ring.publish(&head, <char*>(parcel + 1) + parcel.sent)
        if outcome == DONE:
            parcel.sent += head.bytes
            if head.kind == LAST_PART:
                self.streaming = False
                self.ring.end_stream()
                self.release(parcel.rows)
        return outcome
