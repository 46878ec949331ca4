# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""From items put to frames in a ring: batching, and what waits for room.

An open frame goes into the ring when it is full, when a consumer waits and no flood is
on, when it is DELAY old, and whenever the caller says so. What does not fit the ring
waits in parcels, and the feeder, a thread that never needs the GIL, brings them in.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc, PyMem_RawRealloc
from libc.errno cimport ENOMEM
from libc.stdint cimport INT64_MAX, int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

cimport cython
from chronomux._core.encoder cimport Encoder, Key, key_of
from chronomux._core.frames cimport (
    DOUBLE_KEYS,
    FINE,
    INT64_KEYS,
    OBJECT_KEYS,
    FrameView,
    view_frame,
)
from chronomux._core.ring cimport (
    DONE,
    FIRST_PART,
    LAST_PART,
    LOCKED,
    NEXT_PART,
    NO_ROOM,
    WHOLE_FRAME,
    Outcome,
    Ring,
    bell_call,
    bell_is_wanted,
    bell_wait,
    bell_want,
    clock_ns,
    full_fence,
    gate_init,
    gate_lock,
    gate_try,
    gate_unlock,
    load_relaxed,
    record,
    sleep_ns,
    store_relaxed,
    store_release,
)

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() nogil
    const Py_ssize_t PY_SSIZE_T_MAX

cdef enum:
    MOST_ROWS = 256
    MOST_BYTES = 1 << 16
    KEPT_BYTES = 1 << 20  # of a buffer that had to grow beyond it
    DELAY = 1_000_000  # ns that an item waits at most for others
    PAUSE = 10_000  # ns between two puts: less is a flood
    SPAN = 100_000  # ns that a waiting consumer waits at most in a flood
    LOCK_LIMIT = 1_000_000  # ns
    SLICE = 50_000_000  # ns until a wait looks again
    IDLE = 1_000_000_000  # ns that a feeder sleeps unless it is called

cdef int64_t EXACT_DOUBLE = 1 << 53  # integers up to it are doubles


@cython.final
cdef class Sender:
    """One process's way into a ring.

    `slot` is what Ring.attach returned. `feed` is the feeder's whole life.
    """

    def __cinit__(self, Ring ring not None, int slot):
        self.ring = ring
        self.slot = slot
        self.frame = Encoder()
        # Only a frame of one large row may need parts: one consumer gets all of it.
        self.most_bytes = min(MOST_BYTES, <Py_ssize_t>ring.capacity // 4)
        if gate_init(&self.gate):
            raise MemoryError("no lock for a queue")

    def __dealloc__(self):
        cdef Parcel* parcel
        while self.first != NULL:
            parcel = self.first
            self.first = parcel.next
            PyMem_RawFree(parcel)
        PyMem_RawFree(self.packed)

    def feed(self):
        """Bring parcels and open frames into the ring until `close` and all is in."""
        with nogil:
            self.feed_until(INT64_MAX)

    def feed_within(self, int64_t ns):
        """Do the feeder's work for a while, where none can be started; `start_feeding`
        was true."""
        with nogil:
            self.feed_until(clock_ns() + ns)
        self.stop_feeding()

    def start_feeding(self):
        """Whether the caller has to start the feeder: there is work and none is."""
        cdef bint start
        self.enter()
        start = not self.fed and not self.idle()
        self.fed = self.fed or start
        self.leave()
        return start

    def stop_feeding(self):
        """There is no feeder: it could not start, or has worked for long enough. But
        who has begun with a parcel in parts goes on: its thread has the ring's lock."""
        self.enter()
        self.fed = self.streaming
        self.leave()

    def flush(self):
        """Publish the open frame. Whether all is in the ring."""
        cdef bint idle
        self.enter()
        with nogil:
            if self.frame.rows:
                self.pack()
            idle = self.first == NULL and self.frame.rows == 0
        self.leave()
        return idle

    def flushed_within(self, int64_t ns):
        """Whether the feeder has brought in all parcels; waits for that."""
        cdef uint32_t calls
        cdef bint idle
        with nogil:
            gate_lock(&self.gate)
            calls = bell_want(&self.done)
            idle = self.first == NULL
            gate_unlock(&self.gate)
            if not idle:
                bell_wait(&self.done, calls, ns if ns < SLICE else SLICE)
        return idle

    def close(self):
        """The feeder ends when all is in."""
        self.enter()
        self.closing = True
        self.leave()
        bell_call(&self.work)

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

    # ---- Inside

    cdef int enter(self) except -1:
        cdef uint64_t me = PyThread_get_thread_ident()
        if gate_try(&self.gate):
            if self.owner == me:
                raise RuntimeError(
                    "a queue was used by the code that encodes an item put on it"
                )
            with nogil:
                gate_lock(&self.gate)
        self.owner = me
        return 0

    cdef void leave(self) noexcept nogil:
        self.owner = 0
        gate_unlock(&self.gate)

    cdef bint idle(self) noexcept nogil:
        return self.first == NULL and self.frame.rows == 0

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

    cdef int add(self, object item, object key, bint keyed) except -1:
        """Encode an item into the open frame. Without `keyed` it has no key."""
        cdef Key column = Key(OBJECT_KEYS, 0)
        cdef double real
        if keyed:
            column = key_of(key)
        if self.frame.rows and self.frame.kind != column.kind:
            if (
                column.kind == INT64_KEYS
                and self.frame.kind == DOUBLE_KEYS
                and -EXACT_DOUBLE <= column.bits <= EXACT_DOUBLE
            ):
                real = <double>column.bits
                return self.frame.add_double(item, real)
            self.pack()
        if column.kind == OBJECT_KEYS and (not keyed or key is item):
            return self.frame.add_item(item)  # the item itself is the key it has
        return self.frame.add_row(item, column.kind, column.bits, key)

    cdef void added(self, bint end) noexcept nogil:
        """A row was added: see whether the frame goes now, or who sends it later."""
        cdef Py_ssize_t last = self.frame.rows - 1
        cdef Py_ssize_t row_bytes = (
            self.frame.used - <Py_ssize_t>self.frame.offset_column[last]
        )
        cdef int64_t now
        if row_bytes > self.most_bytes // 2 and last > 0:
            self.isolate()
        if self.frame.rows >= MOST_ROWS or self.frame.size() >= self.most_bytes or end:
            self.pack()
            return
        if bell_is_wanted(&self.ring.shared.items):
            now = clock_ns()
            if now - self.last_put >= PAUSE or now - self.last_pack >= SPAN:
                self.pack()
            self.last_put = now
        if self.frame.rows == 1:
            self.due = clock_ns() + DELAY
            bell_call(&self.work)

    cdef int isolate(self) noexcept nogil:
        """Send the rows before the last, so that a large one travels alone: what needs
        many parts is taken by one consumer as a whole."""
        cdef Py_ssize_t rows = self.frame.rows, size = self.frame.size()
        cdef char* whole = <char*>PyMem_RawMalloc(size)
        cdef FrameView view
        if whole == NULL:
            return 0
        self.frame.write_to(whole)
        if view_frame(whole, size, &view) == FINE:
            self.frame.clear_frame()
            self.frame.copy_rows(&view, 0, rows - 1)
            self.pack()
            self.frame.copy_rows(&view, rows - 1, rows)
        PyMem_RawFree(whole)
        return 0

    # ---- Into the ring

    cdef Outcome pack(self) noexcept nogil:
        """Send the open frame, if it has rows; then it is empty. An errno: it is as it
        was."""
        cdef Py_ssize_t size = self.frame.size()
        cdef Outcome outcome
        cdef char* moved
        if self.frame.rows == 0:
            return DONE
        if size > self.packed_room:
            moved = <char*>PyMem_RawRealloc(self.packed, size)
            if moved == NULL:
                self.failure = ENOMEM
                return <Outcome>ENOMEM
            self.packed = moved
            self.packed_room = size
        self.frame.write_to(self.packed)
        outcome = self.send(self.packed, size, <uint32_t>self.frame.rows)
        if outcome == DONE:
            self.last_pack = clock_ns()
            self.frame.clear_frame()
            if self.packed_room > KEPT_BYTES:
                PyMem_RawFree(self.packed)
                self.packed = NULL
                self.packed_room = 0
                self.frame.shrink()
        return outcome

    cdef Outcome send(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil:
        """Publish a frame, or make it a parcel. ENOMEM: neither was possible."""
        if (
            self.first == NULL
            and size <= self.ring.capacity // 2
            and self.publish(payload, size, rows) == DONE
        ):
            return DONE
        return self.keep(payload, size, rows)

    cdef Outcome keep(
        self, const char* payload, uint64_t size, uint32_t rows
    ) noexcept nogil:
        cdef Parcel* parcel = NULL
        if size <= PY_SSIZE_T_MAX - sizeof(Parcel):
            parcel = <Parcel*>PyMem_RawMalloc(sizeof(Parcel) + size)
        if parcel == NULL:
            self.failure = ENOMEM
            return <Outcome>ENOMEM
        parcel[0] = Parcel(NULL, rows, size, 0)
        memcpy(parcel + 1, payload, size)
        if self.first == NULL:
            self.first = parcel
        else:
            self.last.next = parcel
        self.last = parcel
        bell_call(&self.work)
        return DONE

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
        if outcome == DONE:
            full_fence()
            bell_call(&self.ring.shared.items)
        return outcome

    # ---- The feeder

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

    cdef int64_t step(self) noexcept nogil:
        """Do what can be done; ns until there may be more, 0 at the end."""
        cdef int64_t now
        cdef Outcome outcome
        if self.first != NULL:
            outcome = self.ship()
            return 1 if outcome == DONE else DELAY if outcome == LOCKED else SLICE
        if self.frame.rows:
            now = clock_ns()
            if now < self.due and not self.closing:
                return self.due - now
            return 1 if self.pack() == DONE else SLICE
        return 0 if self.closing else IDLE

    cdef void feed_until(self, int64_t end) noexcept nogil:
        cdef int64_t wait = 1
        cdef uint32_t calls, room = 0
        cdef bint blocked, watched
        while wait and clock_ns() < end:
            watched = self.first != NULL
            if watched:
                room = bell_want(&self.ring.shared.room)
            gate_lock(&self.gate)
            wait = self.step()
            blocked = self.first != NULL
            # Only a feeder with nothing to do is called by a put. Inside the gate no
            # put can come between the look and this.
            calls = bell_want(&self.work) if wait == IDLE else 0
            self.fed = wait != 0
            gate_unlock(&self.gate)
            if wait == IDLE:
                bell_wait(&self.work, calls, wait)
            elif blocked and wait == SLICE:
                if watched:  # else look again: the room may have come before the bell
                    bell_wait(&self.ring.shared.room, room, wait)
            elif wait > 1:
                sleep_ns(wait)
