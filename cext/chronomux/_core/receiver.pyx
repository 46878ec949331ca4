# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""From frames in a ring to items.

A consumer copies the frame at the head and decodes its rows from the copy. It takes a
row by moving the head, before it decodes: of several consumers one gets it, and none
waits for another. What it takes it claims, until the items are made. When nothing is at
the head, it takes what dead consumers have left.
"""

from libc.errno cimport EBADMSG, ENOMEM
from libc.stdint cimport uint64_t

cimport cython
from chronomux._core.claims cimport Claim
from chronomux._core.decoder cimport Decoder
from chronomux._core.extents cimport find_place, read_extent, return_memory
from chronomux._core.frame_memory cimport FrameMemory
from chronomux._core.gate cimport enter_gate
from chronomux._core.limits cimport KEPT_BYTES
from chronomux._core.ring cimport (
    CHANGED,
    DONE,
    LARGE_FRAME,
    NO_CLAIM,
    NOTHING,
    Outcome,
    Ring,
    gate_init,
    gate_unlock,
    load_acquire,
    place,
    position_of,
    rows_taken,
    swap_word,
)

from chronomux.errors import FrameError

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(object item)

cdef uint64_t NOWHERE = <uint64_t>-1


@cython.final
cdef class Receiver:
    """One process's way out of a ring. claim: its own."""

    def __cinit__(self, Ring ring not None, Claim claim not None):
        self.ring = ring
        self.hands = claim
        self.source = ring.own_source()
        ring.find_orphan(&self.source)  # what the dead have left is the oldest
        self.decoder = Decoder()
        self.memory = FrameMemory()
        self.position = NOWHERE
        if gate_init(&self.gate):
            raise MemoryError("no lock for a queue")

    cdef int enter(self) except -1:
        return enter_gate(
            &self.gate, "a queue was used by the code that decodes an item got from it"
        )

    cdef void leave(self) noexcept nogil:
        self.settle()
        gate_unlock(&self.gate)

    cdef void settle(self) noexcept nogil:
        self.hands.settle()
        if self.large_bytes:
            return_memory(self.ring, self.large_bytes)
            self.large_bytes = 0

    cdef inline bint has_own_rows(self) noexcept:
        return self.decoder.position < self.claimed or self.decoder.error is not None

    cdef Outcome find(self) except *:
        cdef Outcome outcome
        if self.late_error is not None:
            error, self.late_error = self.late_error, None
            raise error
        while not self.has_own_rows():
            self.head = load_acquire(self.source.head)
            if position_of(self.head) == self.position and self.head < self.source.end:
                return DONE
            if Py_REFCNT(self.memory) > 1:  # an item is still in it
                self.decoder.close_frame()
                self.claimed = 0
                self.memory = FrameMemory()
            with nogil:
                outcome = self.fetch()
            if outcome == CHANGED:
                continue
            if outcome != DONE:
                if outcome > 0:
                    self.raise_error(outcome)
                return outcome
            self.open()
        return DONE

    cdef int raise_error(self, int error) except -1:
        if error == ENOMEM:
            raise MemoryError("no memory for a frame")
        raise FrameError(
            "damaged queue: what should be a frame is none; make a new queue"
        )

    cdef int open(self) except -1:
        """Open the frame that was copied. A damaged one is skipped."""
        cdef uint64_t rows
        self.claimed = 0
        try:
            self.decoder.open_memory(self.copy, self.bytes)
            rows = self.decoder.view.rows
            if rows != self.found.rows or rows == 0:
                raise FrameError("damaged frame: it has other rows than it should")
        except FrameError:
            self.decoder.close_frame()
            self.ring.take(
                &self.source,
                self.head,
                self.found.rows - rows_taken(self.head),
                &self.found,
            )
            raise
        self.position = position_of(self.head)
        return 0

    cdef bint goes_on(self) noexcept nogil:
        # What the dead had stays apart: what is behind it may not be what kills.
        return self.hands.goes_on(self.head) and not self.hands.is_of_the_dead()

    cdef bint claim(self, Py_ssize_t most, Py_ssize_t* count) noexcept:
        """Take `most` rows at most of what was found; the decoder is at the first."""
        cdef Py_ssize_t row, left
        if self.has_own_rows():
            count[0] = min(most, self.claimed - self.decoder.position)
            return True
        row = rows_taken(self.head)
        left = self.found.rows - row
        count[0] = min(most, 1 if self.is_at_orphan() else left)
        if left <= 0 or not self.take(count[0]):
            return False
        self.decoder.position = row
        self.claimed = row + count[0]
        return True

    cdef bint take(self, Py_ssize_t count) noexcept nogil:
        if not self.hands.take(&self.source, self.head, count, &self.found):
            return False
        if (
            self.found.kind == LARGE_FRAME
            and rows_taken(self.head) + count >= self.found.rows
        ):
            self.large_bytes = self.bytes
        return True

    cdef Py_ssize_t own_rows(self) noexcept:
        cdef Py_ssize_t rows = max(0, self.claimed - self.decoder.position)
        return (
            rows + (self.decoder.error is not None) + (self.late_error is not None)
        )

    cdef object receive(self):
        if self.decoder.view.rows > 1:
            return self.decoder.take_item()
        # A frame of a row of its own: large buffers in it may stay where they are.
        self.decoder.reader.memory = self.memory
        try:
            return self.decoder.take_item()
        finally:
            self.decoder.reader.memory = None

    cdef list receive_many(self, Py_ssize_t most):
        if self.decoder.view.rows > 1:
            return self.decoder.take_items(most)
        return [self.receive()]

    # ---- From the ring

    cdef inline bint is_at_orphan(self) noexcept nogil:
        return self.source.head != &self.ring.shared.head

    cdef bint change_source(self) noexcept nogil:
        """Nothing is left where we took from: whether there may be elsewhere."""
        if self.is_at_orphan():
            self.source = self.ring.own_source()
            return True
        return self.ring.find_orphan(&self.source)

    cdef Outcome fetch(self) noexcept nogil:
        """Copy the next frame."""
        cdef Outcome outcome = self.fetch_next()
        if outcome == NOTHING and self.change_source():
            return CHANGED
        if outcome == EBADMSG and self.is_at_orphan():
            # Its owner died in the race for rows that have gone to another.
            swap_word(self.source.head, self.head, NO_CLAIM)
            return CHANGED
        return outcome

    cdef Outcome fetch_next(self) noexcept nogil:
        cdef Outcome outcome
        self.position = NOWHERE
        outcome = self.ring.look(&self.source, &self.head, &self.found)
        if outcome != DONE:
            return outcome
        if self.found.kind == LARGE_FRAME:
            return self.fetch_large()
        outcome = self.make_room(self.found.bytes)
        if outcome != DONE:
            return outcome
        self.bytes = self.found.bytes
        return self.ring.copy_payload(
            &self.source, self.head, &self.found, self.copy
        )

    cdef Outcome fetch_large(self) noexcept nogil:
        cdef place where
        cdef Outcome outcome = find_place(
            self.ring, &self.source, self.head, &self.found, &where
        )
        if outcome == DONE:
            outcome = self.make_room(where.bytes)
        if outcome != DONE:
            return outcome
        self.bytes = where.bytes
        return read_extent(self.ring, &self.source, self.head, &where, self.copy)

    cdef Outcome make_room(self, uint64_t size) noexcept nogil:
        cdef uint64_t room = self.memory.room
        if size > room or (room > KEPT_BYTES and size <= room // 4):
            if not self.memory.resize(size):
                return <Outcome>ENOMEM
        self.copy = self.memory.data
        return DONE
