# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""Rows to all outputs of a merge, as frames.

One open frame serves all outputs: it is packed once and its bytes go to each. Rows are
moved only after every bounded output has admitted them.
"""

cimport cython
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from libc.stdint cimport int64_t
from libc.string cimport memcpy, memset

from chronomux._core.fanout cimport (
    STATUS_DONE,
    STATUS_FULL,
    STATUS_NO_MEMORY,
    STATUS_PUT_FAILED,
    Status,
)
from chronomux._core.frame_builder cimport FrameBuilder, copy_item, copy_row
from chronomux._core.frame_outlet cimport FrameOutlet
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


@cython.final
cdef class Outflow:
    """The outputs of a merge that are all queues over rings; as a Fanout, but `item` is
    never on its way alone."""

    def __cinit__(self):
        self.frame = FrameBuilder()
        self.outlets = []
        self.most_bytes = MOST_BYTES
        self.keys_go = True

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
        self.outlet(number).open = False

    def take_error(self):
        """What is wrong with outlet `at`; None when it is right again."""
        return self.outlet(self.at).take_error()

    def end(self):
        """Send what is on its way to all that take it, and nothing more."""
        while self.publish() == STATUS_PUT_FAILED:
            self.close(self.at)
        self.release()
        self.start_feeders()

    cdef FrameOutlet outlet(self, Py_ssize_t number):
        return <FrameOutlet>self.outlets[number]

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
                    room = (<FrameOutlet>self.table[i]).admit(
                        room, self.frame.rows
                    )
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

    cdef void release(self) noexcept nogil:
        cdef Py_ssize_t i
        self.room = 0
        for i in range(self.count):
            (<FrameOutlet>self.table[i]).release(self.frame.rows)

    cdef Status wait(self, int64_t ns) noexcept nogil:
        """Wait at most so long until outlet `at` has room; FULL when it has none."""
        return (<FrameOutlet>self.table[self.at]).wait(ns, self.frame.rows)

    # ---- Rows

    cdef Fault add(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil:
        cdef Py_ssize_t i, rows = self.frame.rows
        cdef double real
        cdef int64_t key
        cdef Fault fault
        if not self.keys_go:
            if stop - start == 1:
                return copy_item(self.frame, view, start)
            return self.frame.copy_items(view, start, stop)
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
        self.packed_keys = self.frame.kind != OBJECT_KEYS
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
        cdef const char* frame = self.packed
        if self.packed_keys and not outlet.keyed:
            if not self.make_keyless():
                return STATUS_NO_MEMORY
            frame = self.keyless
        return outlet.send(frame, self.packed_size, self.packed_rows, &self.unfed)

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
