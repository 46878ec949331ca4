# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""Rows to all outputs of a merge, as frames.

One open frame serves all outputs: it is packed once and its bytes go to each. Rows are
moved only after every bounded output has admitted them, so a frame that is packed never
has to wait; what an unbounded output cannot take at once waits as a parcel of its
sender.
"""

cimport cython
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcpy, memset

from chronomux._core.fanout cimport (
    STATUS_DONE,
    STATUS_FULL,
    STATUS_NO_MEMORY,
    STATUS_PUT_FAILED,
    Status,
)
from chronomux._core.frame_builder cimport FrameBuilder, copy_row
from chronomux._core.frames cimport (
    CHECKSUM_AT,
    DOUBLE_KEYS,
    FINE,
    HEADER_BYTES,
    INT64_KEYS,
    OBJECT_KEYS,
    OTHER_KEYS,
    Fault,
    FrameView,
    Header,
    checksum,
    int_key,
)
from chronomux._core.limits cimport (
    EXACT_DOUBLE,
    KEPT_BYTES,
    MOST_BYTES,
    MOST_ROWS,
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
        try:
            self.sender = queue.put_side()
            self.ready = True
        except Exception:
            pass  # which is raised again when the first rows should go to it

    @property
    def waited(self):
        """Seconds that the merge waited for room in it."""
        return self.waited_ns / 1e9


@cython.final
cdef class Outflow:
    """The outputs of a merge that are all queues over rings; as a Fanout, but `item` is
    never on its way alone."""

    def __cinit__(self):
        self.frame = FrameBuilder()
        self.outlets = []
        self.most_bytes = MOST_BYTES

    def __dealloc__(self):
        PyMem_RawFree(self.table)
        PyMem_RawFree(self.packed)
        PyMem_RawFree(self.keyless)

    def add_outlet(self, QueueCore queue not None, bint keyed):
        """A new outlet. keyed: its queue has the merge's own sort_key, so that rows may
        keep their keys; without that, keys are made again from the items."""
        cdef FrameOutlet outlet = FrameOutlet(queue, keyed)
        count = len(self.outlets) + 1
        table = <void**>PyMem_RawRealloc(self.table, count * sizeof(void*))
        if table == NULL:
            raise MemoryError
        self.table = table
        self.table[count - 1] = <void*>outlet
        self.outlets.append(outlet)
        self.count = count
        if outlet.ready:  # as its senders do
            self.most_bytes = min(self.most_bytes, outlet.sender.most_bytes)
        self.release()  # what may be moved depends on the new one as well
        return outlet

    def close(self, Py_ssize_t number):
        """Send nothing more to an outlet."""
        cdef FrameOutlet outlet = <FrameOutlet?>self.outlets[number]
        outlet.open = False

    def take_error(self):
        """What is wrong with outlet `at`; None when it is right again."""
        cdef FrameOutlet outlet = <FrameOutlet>self.outlets[self.at]
        try:
            outlet.sender = outlet.queue.put_side()
            outlet.ready = True
        except Exception as error:
            return error
        return None

    def end(self):
        """Send what is on its way to all that take it, and nothing more."""
        while self.publish() == STATUS_PUT_FAILED:
            self.close(self.at)
        self.release()
        self.start_feeders()

    cdef int start_feeders(self) except -1:
        cdef FrameOutlet outlet
        if self.unfed:
            self.unfed = False
            for outlet in self.outlets:
                if outlet.ready:
                    outlet.queue._feed()
        return 0

    # ---- Room

    cdef Status make_room(self) noexcept nogil:
        """Find out how many rows may be moved. FULL: none, outlet `at` has no room."""
        cdef Py_ssize_t i, room
        cdef Status status
        while True:
            room = MOST_ROWS - self.frame.rows
            for i in range(self.count):
                if (<FrameOutlet>self.table[i]).bounded:
                    if room <= 0:
                        break
                    room = self.admit(<FrameOutlet>self.table[i], room)
                    if room <= 0:
                        self.at = i
            if room > 0:
                self.room = room
                return STATUS_DONE
            if self.frame.rows == 0:
                return STATUS_FULL
            # What consumers cannot see they cannot take.
            status = self.publish()
            if status != STATUS_DONE:
                return status

    cdef Py_ssize_t admit(self, FrameOutlet outlet, Py_ssize_t wanted) noexcept nogil:
        """How many more rows an outlet lets into the open frame, `wanted` at most; -1
        when nobody knows."""
        cdef Py_ssize_t free = outlet.credit - self.frame.rows
        cdef int64_t admitted = 0
        if not outlet.open or not outlet.ready:
            return wanted
        if free < wanted:
            gate_lock(&outlet.sender.gate)
            admitted = outlet.sender.admit(wanted - free)
            gate_unlock(&outlet.sender.gate)
            if admitted > 0:
                outlet.credit += admitted
                free += admitted
        if free == 0 and admitted < 0:
            return -1
        return min(free, wanted)

    cdef void release(self) noexcept nogil:
        cdef Py_ssize_t i
        self.room = 0
        for i in range(self.count):
            self.release_one(<FrameOutlet>self.table[i])

    cdef void release_one(self, FrameOutlet outlet) noexcept nogil:
        cdef Py_ssize_t free = outlet.credit - self.frame.rows
        if not outlet.ready or free <= 0:
            return
        gate_lock(&outlet.sender.gate)
        outlet.sender.release(free)
        gate_unlock(&outlet.sender.gate)
        outlet.credit -= free
        full_fence()
        bell_call(&outlet.queue._ring.shared.room)

    cdef Status wait(self, int64_t ns) noexcept nogil:
        """Wait at most so long until outlet `at` has room; FULL when it has none."""
        return self.wait_for(<FrameOutlet>self.table[self.at], ns)

    cdef Status wait_for(self, FrameOutlet outlet, int64_t ns) noexcept nogil:
        cdef int64_t began = clock_ns()
        cdef uint32_t calls = bell_want(&outlet.queue._ring.shared.room)
        cdef Py_ssize_t free = self.admit(outlet, 1)
        if free <= 0:
            bell_wait(
                &outlet.queue._ring.shared.room,
                calls,
                min(ns, <int64_t>LOCK_PAUSE) if free < 0 else ns,
            )
            free = self.admit(outlet, 1)
        outlet.waited_ns += clock_ns() - began
        return STATUS_DONE if free > 0 else STATUS_FULL

    # ---- Rows

    cdef Fault add(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil:
        cdef Py_ssize_t i, rows = self.frame.rows
        cdef double real
        cdef int64_t key
        cdef Fault fault
        if stop - start == 1:
            fault = copy_row(self.frame, view, start)
        else:
            fault = self.frame.copy_rows(view, start, stop)
        if fault != OTHER_KEYS or view.kind != INT64_KEYS:
            return fault
        # Integers go into a frame of doubles where that changes none of them.
        for i in range(start, stop):
            key = int_key(view, i)
            if not -EXACT_DOUBLE <= key <= EXACT_DOUBLE:
                return OTHER_KEYS
        view.kind = DOUBLE_KEYS
        fault = self.frame.copy_rows(view, start, stop)
        view.kind = INT64_KEYS
        if fault == FINE:
            for i in range(rows, self.frame.rows):
                real = <double>self.frame.key_column[i]
                memcpy(&self.frame.key_column[i], &real, sizeof(real))
        return fault

    # ---- Frames

    cdef Status publish(self) noexcept nogil:
        cdef Status status
        if self.busy:
            status = self.proceed()
            if status != STATUS_DONE:
                return status
        if self.frame.rows == 0:
            return STATUS_DONE
        self.room = 0
        status = self.pack()
        return self.proceed() if status == STATUS_DONE else status

    cdef Status pack(self) noexcept nogil:
        cdef Py_ssize_t size = self.frame.size()
        cdef char* moved
        if size > self.packed_room or self.packed_room > KEPT_BYTES:
            moved = <char*>PyMem_RawRealloc(self.packed, size)
            if moved == NULL:
                return STATUS_NO_MEMORY
            self.packed = moved
            self.packed_room = size
        self.frame.write_to(self.packed)
        self.packed_size = size
        self.packed_rows = self.frame.rows
        self.keyless_made = False
        self.frame.clear_frame()
        if self.frame.room > KEPT_BYTES:
            self.frame.shrink()
        self.busy = True
        self.at = 0
        return STATUS_DONE

    cdef Status proceed(self) noexcept nogil:
        cdef Status status
        while self.at < self.count:
            if (<FrameOutlet>self.table[self.at]).open:
                status = self.send(<FrameOutlet>self.table[self.at])
                if status != STATUS_DONE:
                    return status
            self.at += 1
        self.busy = False
        return STATUS_DONE

    cdef Status send(self, FrameOutlet outlet) noexcept nogil:
        cdef Py_ssize_t rows = self.packed_rows
        cdef const char* frame = self.packed
        cdef Piece piece
        cdef Outcome outcome = DONE
        if outlet.queue.closed or not outlet.ready:
            return STATUS_PUT_FAILED
        if not outlet.keyed:
            if not self.make_keyless():
                return STATUS_NO_MEMORY
            frame = self.keyless
        gate_lock(&outlet.sender.gate)
        if outlet.sender.failure:
            outcome = <Outcome>outlet.sender.failure
        else:
            # What other threads of this process have put goes before it.
            if outlet.sender.frame.rows:
                outlet.sender.pack()
            if not outlet.bounded:
                outlet.sender.admit(rows)
            piece = Piece(frame, self.packed_size)
            outcome = outlet.sender.send(
                &piece, 1, self.packed_size, <uint32_t>rows
            )
            if outcome != DONE and not outlet.bounded:
                outlet.sender.release(rows)
        self.unfed |= (
            not outlet.sender.fed
            and not outlet.sender.idle()
        )
        gate_unlock(&outlet.sender.gate)
        if outcome != DONE:
            return STATUS_PUT_FAILED
        # One that came while the frame was on its way has not admitted it.
        outlet.credit = max(0, outlet.credit - rows)
        outlet.items += rows
        return STATUS_DONE

    cdef bint make_keyless(self) noexcept nogil:
        """Without keys, whoever merges these rows makes them as that merge wants."""
        cdef Header header
        cdef char* moved
        if self.keyless_made:
            return True
        if self.packed_size > self.keyless_room or self.keyless_room > KEPT_BYTES:
            moved = <char*>PyMem_RawRealloc(self.keyless, self.packed_size)
            if moved == NULL:
                return False
            self.keyless = moved
            self.keyless_room = self.packed_size
        memcpy(self.keyless, self.packed, self.packed_size)
        memcpy(&header, self.packed, sizeof(header))
        header.kind = OBJECT_KEYS
        memcpy(self.keyless, &header, sizeof(header))
        memset(self.keyless + HEADER_BYTES, 0, 8 * self.packed_rows)
        header.checksum = checksum(self.keyless, self.packed_size)
        memcpy(self.keyless + CHECKSUM_AT, &header.checksum, 8)
        self.keyless_made = True
        return True
