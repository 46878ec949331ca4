# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""From frames in a ring to items.

A consumer copies the frame at the head and decodes its rows from the copy. It takes a
row by moving the head, before it decodes: of several consumers one gets it, and none
waits for another.
"""

import logging

from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.errno cimport ENOMEM
from libc.stdint cimport uint64_t
from posix.unistd cimport getpid

cimport cython
from chronomux._core.decoder cimport Decoder
from chronomux._core.ring cimport (
    CHANGED,
    DONE,
    FIRST_PART,
    LAST_PART,
    LOCKED,
    NOTHING,
    WHOLE_FRAME,
    Outcome,
    Ring,
    bell_call,
    gate_init,
    gate_lock,
    gate_try,
    gate_unlock,
    load_acquire,
    position_of,
    rows_taken,
    swap_word,
)

from chronomux.errors import FrameError

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident() nogil

cdef enum:
    KEPT_BYTES = 1 << 20  # of a copy that had to be larger

cdef uint64_t NOWHERE = <uint64_t>-1

logger = logging.getLogger("chronomux")


@cython.final
@cython.no_gc_clear  # __dealloc__ needs the ring
cdef class Receiver:
    """One process's way out of a ring.

    identity: a number of this process that no other has; its pid is the upper half.
    """

    def __cinit__(self, Ring ring not None, uint64_t identity):
        self.ring = ring
        self.identity = identity
        self.decoder = Decoder()
        self.position = NOWHERE
        if gate_init(&self.gate):
            raise MemoryError("no lock for a queue")

    def __dealloc__(self):
        # In a forked child that has an end, this is the parent's, at work over there.
        if self.assembling and self.identity >> 32 == <uint64_t>getpid():
            self.let_go()
        PyMem_RawFree(self.copy)

    cdef void let_go(self) noexcept nogil:
        """Of a frame in parts: who comes next skips what is left of it."""
        if not self.assembling:
            return  # or else it may be another receiver of this process that does
        self.assembling = False
        if swap_word(&self.ring.shared.assembler, self.identity, 0):
            bell_call(&self.ring.shared.items)  # for those who waited for the frame

    def waits_for(self):
        """(identity of the process that puts a large frame together, or 0; whether it
        is this one; the slot of the producer of that frame)."""
        cdef uint64_t assembler = load_acquire(&self.ring.shared.assembler)
        return assembler, self.assembling, self.found.slot

    def dismiss(self, uint64_t assembler):
        """The process that put a large frame together is dead."""
        swap_word(&self.ring.shared.assembler, assembler, 0)

    def give_up(self):
        """The producer of the frame that this process puts together is gone: if the
        other parts are not in the ring, they never will be."""
        cdef uint64_t head = 0
        cdef record next
        cdef bint lost
        self.enter()
        lost = self.assembling and self.ring.look(&head, &next) == NOTHING
        if lost:
            self.let_go()
        self.leave()
        if lost:
            logger.error("an item is lost: its producer died while it sent it")

    cdef int enter(self) except -1:
        cdef uint64_t me = PyThread_get_thread_ident()
        if gate_try(&self.gate):
            if self.owner == me:
                raise RuntimeError(
                    "a queue was used by the code that decodes an item got from it"
                )
            with nogil:
                gate_lock(&self.gate)
        self.owner = me
        return 0

    cdef void leave(self) noexcept nogil:
        self.owner = 0
        gate_unlock(&self.gate)

    cdef inline bint has_own_rows(self) noexcept:
        return self.decoder.position < self.claimed or self.decoder.error is not None

    cdef Outcome find(self) except *:
        cdef Outcome outcome
        if self.late_error is not None:
            error, self.late_error = self.late_error, None
            raise error
        while not self.has_own_rows():
            self.head = load_acquire(&self.ring.shared.head)
            if position_of(self.head) == self.position:
                return DONE
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
        cdef bint whole = self.found.kind == WHOLE_FRAME
        self.claimed = 0
        try:
            self.decoder.open_memory(self.copy, self.assembled)
            rows = self.decoder.view.rows
            if rows != self.found.rows or rows == 0:
                raise FrameError("damaged frame: it has other rows than it should")
        except FrameError:
            self.decoder.close_frame()
            if whole:
                self.ring.take(
                    self.head, self.found.rows - rows_taken(self.head), &self.found
                )
            raise
        if whole:
            self.position = position_of(self.head)
        else:
            self.claimed = rows
        return 0

    cdef bint claim(self, Py_ssize_t most, Py_ssize_t* count) noexcept:
        """Take `most` rows at most of what was found; the decoder is at the first."""
        cdef Py_ssize_t row, left
        if self.has_own_rows():
            count[0] = min(most, self.claimed - self.decoder.position)
            return True
        row = rows_taken(self.head)
        left = self.found.rows - row
        count[0] = min(most, left)
        if left <= 0 or not self.ring.take(self.head, count[0], &self.found):
            return False
        self.decoder.position = row
        self.claimed = row + count[0]
        return True

    cdef Py_ssize_t own_rows(self) noexcept:
        cdef Py_ssize_t rows = max(0, self.claimed - self.decoder.position)
        return (
            rows + (self.decoder.error is not None) + (self.late_error is not None)
        )

    cdef object receive(self):
        return self.decoder.take_item()

    cdef list receive_many(self, Py_ssize_t most):
        return self.decoder.take_items(most)

    # ---- From the ring

    cdef Outcome fetch(self) noexcept nogil:
        """Copy the frame at the head, whole or as far as its parts have come."""
        cdef Outcome outcome
        self.position = NOWHERE
        outcome = self.ring.look(&self.head, &self.found)
        if outcome != DONE:
            return outcome
        if self.found.kind != WHOLE_FRAME:
            # A call that has items returns before the next one that takes patience.
            return NOTHING if self.only_whole else self.fetch_part()
        if self.assembling:
            return self.drop_parts()
        outcome = self.make_room(self.found.bytes)
        if outcome != DONE:
            return outcome
        self.assembled = self.found.bytes
        return self.ring.copy_payload(self.head, &self.found, self.copy)

    cdef Outcome fetch_part(self) noexcept nogil:
        """DONE: the last part. LOCKED: another process has the first ones."""
        cdef uint64_t* assembler = &self.ring.shared.assembler
        cdef Outcome outcome
        if not self.assembling:
            if not swap_word(assembler, 0, self.identity):
                return LOCKED
            # Nobody moves the head over parts now; but somebody may have before.
            self.assembling = True
            self.assembled = 0
            if load_acquire(&self.ring.shared.head) != self.head:
                self.let_go()
                return CHANGED
        if (self.found.kind == FIRST_PART) != (self.assembled == 0):
            return self.drop_parts()
        outcome = self.make_room(self.assembled + self.found.bytes)
        if outcome != DONE:
            return outcome
        self.ring.copy_payload(self.head, &self.found, self.copy + self.assembled)
        self.ring.take(self.head, self.found.rows, &self.found)
        self.assembled += self.found.bytes
        if self.found.kind != LAST_PART:
            return CHANGED
        self.let_go()
        return DONE

    cdef Outcome drop_parts(self) noexcept nogil:
        """What was put together will never be whole: begin anew, or skip what is left
        of a frame whose first part went with another consumer."""
        if self.assembled == 0:
            self.ring.take(self.head, self.found.rows, &self.found)
        self.let_go()
        with gil:
            logger.error(
                "an item is lost: a process died while it sent or received it"
            )
        return CHANGED

    cdef Outcome make_room(self, uint64_t size) noexcept nogil:
        cdef char* moved
        if size <= self.room and (self.room <= KEPT_BYTES or size > self.room // 4):
            return DONE
        moved = <char*>PyMem_RawRealloc(self.copy, size)
        if moved == NULL:
            return <Outcome>ENOMEM
        self.copy = moved
        self.room = size
        return DONE
