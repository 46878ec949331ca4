# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""A merge's own way out of a queue.

The frame engine looks at rows in the receiver's copy of a frame and takes them when it
has copied them, so that it never holds what it could not leave to others. The object
engine takes items, each with the key that its row carries.
"""

from queue import Empty

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t

from chronomux._core.frames cimport (
    BAD_SIZES,
    FINE,
    OBJECT_KEYS,
    item_of,
    load64,
    raise_fault,
    view_frame,
)
from chronomux._core.queue_core cimport NO_ITEM, NO_KEY, QueueCore
from chronomux._core.ring cimport (
    DONE,
    NOTHING,
    Outcome,
    bell_wait,
    bell_want,
    clock_ns,
    load_acquire,
    position_of,
    rows_taken,
)
from chronomux._core.rows cimport END

cdef enum:
    SLICE = 50_000_000  # ns until a wait looks for signals and the dead

cdef uint64_t NOWHERE = <uint64_t>-1


@cython.final
cdef class Tap:
    """One merge's way out of a queue; for one thread.

    `look_now` and `look_within` say that there are rows, `get_now` and `get_within`
    give items and leave the key that came with one in `key`. After `leave_rows` only
    the latter may be used.
    """

    def __cinit__(self, QueueCore queue not None):
        self.queue = queue
        self.receiver = queue._new_tap()
        self.key = NO_KEY

    # ---- Rows

    def look_now(self):
        """Raise queue.Empty when no row is there."""
        cdef Sight sight
        with nogil:
            sight = self.look()
        if sight == BROKEN:
            self.raise_error()
        if sight == NO_ROWS:
            raise Empty

    def look_within(self, double seconds):
        """Wait for a row; raise queue.Empty when none comes."""
        cdef Sight sight
        with nogil:
            sight = self.wait(<int64_t>(seconds * 1e9))
        self.look_around()
        if sight == BROKEN:
            self.raise_error()
        if sight == NO_ROWS:
            raise Empty

    def leave_rows(self):
        """From now on items are taken, beginning with the next row."""
        self.receiver.position = NOWHERE

    cdef Sight look(self) noexcept nogil:
        cdef Outcome outcome
        if self.queue.closed or self.fault or self.failure:
            return BROKEN
        while True:
            self.receiver.head = load_acquire(self.receiver.source.head)
            if (
                position_of(self.receiver.head) == self.receiver.position
                and self.receiver.head < self.receiver.source.end
            ):
                return self.sight()
            outcome = self.receiver.fetch()
            if outcome == NOTHING:
                return NO_ROWS
            if outcome > 0:
                self.failure = outcome
                return BROKEN
            if outcome == DONE and not self.open():
                return BROKEN

    cdef inline Sight sight(self) noexcept nogil:
        self.row = rows_taken(self.receiver.head)
        self.limit = self.view.rows - self.ends
        if self.receiver.is_at_orphan():  # which may end before the frame
            self.limit = min(self.limit, self.row + 1)
        if self.row == self.limit:
            return LAST
        return OBJECTS if self.view.kind == OBJECT_KEYS else ROWS

    cdef bint open(self) noexcept nogil:
        """View the frame that was fetched. A damaged one is skipped."""
        cdef const char* begin = NULL
        cdef const char* end = NULL
        self.fault = view_frame(
            self.receiver.copy, self.receiver.bytes, &self.view
        )
        if self.fault == FINE and (
            self.view.rows != self.receiver.found.rows or self.view.rows == 0
        ):
            self.fault = BAD_SIZES
        if self.fault == FINE:
            self.fault = item_of(&self.view, self.view.rows - 1, &begin, &end)
        if self.fault:
            self.receiver.take(
                self.receiver.found.rows - rows_taken(self.receiver.head)
            )
            return False
        self.ends = begin[0] == END
        self.receiver.position = position_of(self.receiver.head)
        return True

    cdef bint take(self, Py_ssize_t count) noexcept nogil:
        """Take rows that `look` showed. False when another consumer was faster: then
        none is taken, and one has to look again."""
        if not self.receiver.take(count):
            return False
        self.receiver.head += count
        self.row += count
        return True

    cdef inline bint may_take(self) noexcept nogil:
        """Not before what was taken is delivered, when others took of it meanwhile."""
        return self.receiver.hands.goes_on(self.receiver.head)

    cdef inline void settle(self) noexcept nogil:
        self.receiver.settle()

    cdef Sight wait(self, int64_t ns) noexcept nogil:
        """Look, wait at most so long, and look again."""
        cdef uint32_t calls = bell_want(&self.receiver.ring.shared.items)
        cdef Sight sight = self.look()
        if sight == NO_ROWS:
            bell_wait(&self.receiver.ring.shared.items, calls, ns)
            sight = self.look()
        return sight

    cdef int raise_error(self) except -1:
        """Raise what BROKEN stands for."""
        cdef int failure = self.failure
        fault, self.fault = self.fault, FINE
        self.failure = 0
        if self.queue.closed:
            raise ValueError(f"{self.queue!r} is closed")
        raise_fault(fault)
        return self.receiver.raise_error(failure)

    # ---- Items

    def get_now(self):
        """The next item; queue.Empty is raised when there is none."""
        item = self.next_item()
        if item is NO_ITEM and self.flush():
            item = self.next_item()
        if item is NO_ITEM:
            raise Empty
        return item

    def get_within(self, double seconds):
        """The next item; queue.Empty is raised when none comes."""
        cdef int64_t deadline = clock_ns() + <int64_t>(seconds * 1e9)
        cdef int64_t left
        cdef uint32_t calls
        while True:
            calls = bell_want(&self.receiver.ring.shared.items)
            item = self.next_item()
            if item is not NO_ITEM:
                return item
            left = deadline - clock_ns()
            if left <= 0:
                raise Empty
            with nogil:
                bell_wait(
                    &self.receiver.ring.shared.items,
                    calls,
                    left if left < SLICE else SLICE,
                )
            self.look_around()

    cdef object next_item(self):
        cdef Py_ssize_t count = 0
        if self.queue.closed:
            raise ValueError(f"{self.queue!r} is closed")
        self.settle()  # who asks for the next one has sent the last
        while self.receiver.find() == DONE:
            if self.receiver.claim(1, &count):
                self.key = self.own_key()
                return self.given(self.receiver.receive())
        return NO_ITEM

    cdef object given(self, object item):
        """After the last one none is asked for."""
        if item is Empty:
            self.settle()
        return item

    cdef object own_key(self):
        """The key of the row that was claimed, as it was put, or NO_KEY."""
        cdef Py_ssize_t row = self.receiver.decoder.position
        cdef bint read = False
        if self.receiver.decoder.error is not None:
            return NO_KEY
        if self.receiver.decoder.view.kind == OBJECT_KEYS and (
            load64(self.receiver.decoder.view.key_column + 8 * row) == 0
        ):
            return NO_KEY
        try:
            key = self.receiver.decoder.key_at(row)
            read = True
        finally:
            if not read:  # the item goes with its key
                self.receiver.decoder.position = row + 1
        return key

    def look_around(self):
        """See to what a wait should not be for: our own open frame, and what dead
        consumers had."""
        self.flush()
        self.queue.bury_consumers()

    cdef bint flush(self) except -1:
        """Whether this process itself had put what was not sent yet; it is now."""
        if self.queue.sender is None or self.queue.sender.idle():
            return False
        self.queue.sender.flush()
        return True
