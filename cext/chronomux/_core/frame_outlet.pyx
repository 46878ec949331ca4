# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""One output of a merge of frames: how many rows it admits, and frames that go to it.

A bounded queue admits rows before they are moved, so that a frame with these rows never
has to wait; what an unbounded one cannot take at once waits as a parcel of its sender.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t

from chronomux._core.fanout cimport (
    STATUS_DONE,
    STATUS_FULL,
    STATUS_PUT_FAILED,
    Status,
)
from chronomux._core.queue_core cimport QueueCore
from chronomux._core.ring cimport (
    DONE,
    Outcome,
    Piece,
    bell_call,
    bell_wait,
    bell_want,
    clock_ns,
    full_fence,
    gate_lock,
    gate_unlock,
)

cdef enum:
    LOCK_PAUSE = 1_000_000  # ns until a lock is tried again


@cython.final
cdef class FrameOutlet:
    """One output: a queue, and whether its rows keep the keys of the merge."""

    def __cinit__(self, QueueCore queue not None, bint keyed):
        self.queue = queue
        self.keyed = keyed
        self.bounded = queue.bounded
        self.open = True
        self.take_error()  # it is told when the first rows should go there

    @property
    def waited(self):
        """Seconds that the merge waited for room in it."""
        return self.waited_ns / 1e9

    cdef object take_error(self):
        """What is wrong with the queue; None when it is right, perhaps again."""
        try:
            self.sender = self.queue.put_side()
            self.ready = True
        except Exception as error:
            return error
        return None

    # ---- Room

    cdef Py_ssize_t admit(self, Py_ssize_t wanted, Py_ssize_t held) noexcept nogil:
        """How many more rows it lets into the open frame, `wanted` at most; -1 when
        nobody knows."""
        cdef Py_ssize_t free = self.credit - held
        cdef int64_t admitted = 0
        if not self.open or not self.ready:
            return wanted
        if free < wanted:
            gate_lock(&self.sender.gate)
            admitted = self.sender.admit(wanted - free)
            gate_unlock(&self.sender.gate)
            if admitted > 0:
                self.credit += admitted
                free += admitted
        if free == 0 and admitted < 0:
            return -1
        return min(free, wanted)

    cdef void release(self, Py_ssize_t held) noexcept nogil:
        """Give back admissions that are not used."""
        cdef Py_ssize_t free = self.credit - held
        if not self.ready or free <= 0:
            return
        gate_lock(&self.sender.gate)
        self.sender.release(free)
        gate_unlock(&self.sender.gate)
        self.credit -= free
        full_fence()
        bell_call(&self.queue._ring.shared.room)

    cdef Status wait(self, int64_t ns, Py_ssize_t held) noexcept nogil:
        """Wait at most so long until it has room; FULL when it has none."""
        cdef int64_t began = clock_ns()
        cdef uint32_t calls = bell_want(&self.queue._ring.shared.room)
        cdef Py_ssize_t free = self.admit(1, held)
        if free <= 0:
            bell_wait(
                &self.queue._ring.shared.room,
                calls,
                min(ns, <int64_t>LOCK_PAUSE) if free < 0 else ns,
            )
            free = self.admit(1, held)
        self.waited_ns += clock_ns() - began
        return STATUS_DONE if free > 0 else STATUS_FULL

    # ---- Frames

    cdef Status send(
        self, const char* frame, Py_ssize_t size, Py_ssize_t rows, bint* unfed
    ) noexcept nogil:
        """Send a frame. `unfed` becomes true when that needs a feeder."""
        cdef Piece piece
        cdef Outcome outcome = DONE
        if self.queue.closed or not self.ready:
            return STATUS_PUT_FAILED
        gate_lock(&self.sender.gate)
        if self.sender.failure:
            outcome = <Outcome>self.sender.failure
        else:
            # What other threads of this process have put goes before it.
            if self.sender.frame.rows:
                self.sender.pack()
            if not self.bounded:
                self.sender.admit(rows)
            piece = Piece(frame, size)
            outcome = self.sender.send(&piece, 1, size, <uint32_t>rows)
            if outcome != DONE and not self.bounded:
                self.sender.release(rows)
        if not self.sender.fed and not self.sender.idle():
            unfed[0] = True
        gate_unlock(&self.sender.gate)
        if outcome != DONE:
            return STATUS_PUT_FAILED
        # One that came while the frame was on its way has not admitted it.
        self.credit = max(0, self.credit - rows)
        self.items += rows
        return STATUS_DONE
