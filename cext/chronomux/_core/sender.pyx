# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""From items put to frames in a ring: batching, and what waits for room.

An open frame goes into the ring when it is full, when a consumer waits and no flood is
on, when it is DELAY old, and whenever the caller says so. What does not fit the ring
waits in parcels, and the feeder, a thread that never needs the GIL, brings them in.
"""

from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.errno cimport ENOMEM
from libc.stdint cimport INT64_MAX, int64_t, uint32_t, uint64_t
from libc.string cimport memmove

cimport cython
from chronomux._core.encoder cimport Encoder, Key, key_of
from chronomux._core.frame_builder cimport MOST_PIECES
from chronomux._core.frames cimport (
    DOUBLE_KEYS,
    INT64_KEYS,
    OBJECT_KEYS,
)
from chronomux._core.gate cimport enter_gate
from chronomux._core.limits cimport (
    EXACT_DOUBLE,
    KEPT_BYTES,
    MOST_BYTES,
    MOST_ROWS,
)
from chronomux._core.ring cimport (
    DONE,
    LOCKED,
    Outcome,
    Piece,
    Ring,
    bell_call,
    bell_is_wanted,
    bell_wait,
    bell_want,
    clock_ns,
    gate_lock,
    gate_unlock,
    sleep_ns,
)
from chronomux._core.shipper cimport Shipper

cdef enum:
    DELAY = 1_000_000  # ns that an item waits at most for others
    PAUSE = 10_000  # ns between two puts: less is a flood
    SPAN = 100_000  # ns that a waiting consumer waits at most in a flood
    SLICE = 50_000_000  # ns until a wait looks again
    IDLE = 1_000_000_000  # ns that a feeder sleeps unless it is called


@cython.final
cdef class Sender(Shipper):
    """One process's way into a ring.

    `slot` is what Ring.attach returned. `feed` is the feeder's whole life.
    """

    def __cinit__(self, Ring ring not None, int slot):
        self.frame = Encoder()
        self.frame.leaves_tails = True
        # Only a frame of one large row may be too large for the ring.
        self.most_bytes = min(MOST_BYTES, <Py_ssize_t>ring.capacity // 4)

    def __dealloc__(self):
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
        """There is no feeder: it could not start, or has worked for long enough."""
        self.enter()
        self.fed = False
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

    # ---- Inside

    cdef int enter(self) except -1:
        return enter_gate(
            &self.gate, "a queue was used by the code that encodes an item put on it"
        )

    cdef void leave(self) noexcept nogil:
        gate_unlock(&self.gate)

    cdef bint idle(self) noexcept nogil:
        return self.first == NULL and self.frame.rows == 0

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

    cdef int added(self, bint end) except -1:
        """A row was added: see whether the frame goes now, or who sends it later."""
        cdef Py_ssize_t last = self.frame.rows - 1
        cdef uint64_t row_bytes = (
            self.frame.offset_column[last + 1] - self.frame.offset_column[last]
        )
        cdef int64_t now
        if last > 0 and row_bytes > <uint64_t>self.most_bytes // 2:
            self.isolate()
        if self.frame.tails:
            return self.pack_tail()
        if self.frame.rows >= MOST_ROWS or self.frame.size() >= self.most_bytes or end:
            self.pack()
            return 0
        if bell_is_wanted(&self.ring.shared.items):
            now = clock_ns()
            if now - self.last_put >= PAUSE or now - self.last_pack >= SPAN:
                self.pack()
            self.last_put = now
        if self.frame.rows == 1:
            self.due = clock_ns() + DELAY
            bell_call(&self.work)
        return 0

    cdef int pack_tail(self) except -1:
        """Send the frame before anybody changes the buffers of its last row."""
        cdef Outcome outcome
        with nogil:
            outcome = self.pack()
        if outcome != DONE:
            self.frame.drop_rows(self.frame.rows - 1)
        self.frame.drop_tail()
        if outcome != DONE:
            self.release(1)
            raise MemoryError("no memory for an item")
        return 0

    cdef void isolate(self) noexcept:
        """Send the rows before the last, so that a large one travels alone."""
        cdef Encoder frame = self.frame
        cdef Py_ssize_t last = frame.rows - 1, begin = frame.offset_column[last]
        cdef Py_ssize_t size = frame.used - begin, whole = frame.offset_column[last + 1]
        cdef Py_ssize_t schemas = frame.schemas, tail_bytes = frame.tail_bytes
        cdef int64_t key = frame.key_column[last]
        cdef int tails = frame.tails
        cdef Outcome outcome
        frame.rows = last
        frame.used = begin
        frame.tails = 0
        frame.tail_bytes = 0
        outcome = self.pack()
        frame.tails = tails
        frame.tail_bytes = tail_bytes
        if outcome == DONE:
            frame.schemas = schemas
            memmove(frame.row_data, frame.row_data + begin, size)
            frame.key_column[0] = key
            frame.used = size
            if tails:
                frame.used -= frame.tail_gap
                frame.place_tail()
            frame.offset_column[1] = frame.used + tail_bytes
            frame.rows = 1
        else:
            frame.used = begin + size
            frame.offset_column[last + 1] = whole
            frame.rows = last + 1

    # ---- Into the ring

    cdef Outcome pack(self) noexcept nogil:
        """Send the open frame, if it has rows; then it is empty. An errno: it is as it
        was."""
        cdef Py_ssize_t size = self.frame.size()
        cdef Py_ssize_t here = size - self.frame.tail_bytes
        cdef Piece pieces[MOST_PIECES + 1]
        cdef Outcome outcome
        cdef char* moved
        cdef int i
        if self.frame.rows == 0:
            return DONE
        if here > self.packed_room:
            moved = <char*>PyMem_RawRealloc(self.packed, here)
            if moved == NULL:
                self.failure = ENOMEM
                return <Outcome>ENOMEM
            self.packed = moved
            self.packed_room = here
        self.frame.write_to(self.packed)
        pieces[0] = Piece(self.packed, here)
        for i in range(self.frame.tails):
            pieces[i + 1] = self.frame.tail[i]
        outcome = self.send(
            pieces, self.frame.tails + 1, size, <uint32_t>self.frame.rows
        )
        if outcome == DONE:
            self.last_pack = clock_ns()
            self.frame.clear_frame()
            if here > KEPT_BYTES:
                self.frame.shrink()
        return outcome

    # ---- The feeder

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
