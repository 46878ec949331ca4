"""put and get of a queue over a ring: the calls that are made for every item."""

from itertools import islice
from queue import Empty, Full

from cpython.exc cimport PyErr_CheckSignals
from cpython.ref cimport Py_INCREF
from libc.stdint cimport INT64_MAX, int64_t, uint32_t

from chronomux._core.claims cimport has_claims, orphan_rows
from chronomux._core.receiver cimport Receiver
from chronomux._core.ring cimport (
    DONE,
    Ring,
    bell_wait,
    bell_want,
    clock_ns,
)
from chronomux._core.sender cimport Sender

import os

cdef enum:
    SLICE = 50_000_000  # ns until a wait looks for signals and the dead
    LOCK_PAUSE = 1_000_000  # ns until a lock is tried again
    LOCK_PATIENCE = 500_000_000  # ns until who has a lock counts as stopped, not slow
    BURIAL_PAUSE = 10_000_000  # ns until the dead are looked for again
    CHUNK = 256  # items of put_many inside the gate at once

cdef object NO_KEY = object()
cdef object NO_ITEM = object()
cdef object EMPTY = Empty

cdef int64_t deadline_of(bint block, object timeout) except -1:
    if not block:
        return 0
    if timeout is None:
        return INT64_MAX
    cdef double seconds = timeout
    if seconds != seconds:
        raise ValueError("timeout is NaN: use seconds or None")
    if seconds <= 0:
        return 0
    return clock_ns() + <int64_t>(min(seconds, 1e9) * 1e9)


cdef class QueueCore:
    """What `chronomux.Queue` inherits. Hooks for what is rare:

    _new_sender(deadline), _new_receiver(): this process's first put, get.
    _new_tap(): one more receiver, for a merge.
    _feed(): start a feeder.
    _bury_producers(), _bury_consumers(): look for the dead that a wait is for.
    """

    def __cinit__(self, *args, **options):
        pass

    def _open(self, Ring ring not None, KeyMode key_mode, key_function=None):
        """The first thing that happens to a queue, in each process."""
        self._ring = ring
        self.bounded = ring.shared.maxsize > 0
        self.key_mode = key_mode
        self.key_function = key_function

    def _forget(self):
        """In a forked child: sender and receiver are the parent's.

        A thread of it may have been in the middle of them: nobody may touch them, nor
        free them, not even the end of the process.
        """
        if self.sender is not None:
            Py_INCREF(self.sender)
        if self.receiver is not None:
            Py_INCREF(self.receiver)
        self.sender = None
        self.receiver = None

    @property
    def _sender(self):
        return self.sender

    @property
    def _receiver(self):
        return self.receiver

    @property
    def _closed(self):
        return self.closed

    @_closed.setter
    def _closed(self, bint closed):
        self.closed = closed

    # ---- put

    def put(self, item, block=True, timeout=None, *, key=NO_KEY):
        """Put an item on the queue; it is encoded now.

        block, timeout: whether, and how many seconds at most, to wait for room in a
        queue with a maxsize; then `Full`, also if another process was stopped just as
        it counted items and nobody can tell. key: the sort key; without one the queue's
        sort_key tells. Raises what pickle raises for an item that cannot be sent,
        OSError when memory ends; then the item is not on the queue.
        """
        if self.sender is None:
            self.make_sender(deadline_of(block, timeout))
        cdef Sender sender = self.put_side()
        if self.key_mode == FUNCTION_KEYS and key is NO_KEY and item is not EMPTY:
            key = self.key_from(item)
        sender.enter()
        try:
            if sender.admit(1) <= 0:
                self.wait_for_room(sender, deadline_of(block, timeout))
            self.add(sender, item, key)
        finally:
            sender.leave()
        if not sender.fed and not sender.idle():
            self._feed()

    def put_nowait(self, item):
        """Put an item, or raise Full at once."""
        self.put(item, False)

    def _put_now(self, item, key):
        """Put an item with a key, or raise Full at once."""
        self.put(item, False, key=key)

    def put_many(self, items, block=True, timeout=None, *, keys=None):
        """Put items, with as many keys if any, as `put` does, several times as fast.

        When it raises, for an item or for want of room, those before it were put.
        """
        cdef int64_t deadline = deadline_of(block, timeout)
        cdef Sender sender
        cdef list chunk
        if self.sender is None:
            self.make_sender(deadline)
        sender = self.put_side()
        rest = iter(items) if keys is None else zip(items, keys, strict=True)
        while True:
            chunk = []
            try:
                chunk.extend(islice(rest, CHUNK))
            finally:  # what came before `items` itself raised is put
                if self.key_mode == FUNCTION_KEYS and keys is None:
                    chunk = self.with_keys(chunk)
                self.put_chunk(sender, chunk, deadline, keys is not None)
            if not chunk:
                return

    cdef list with_keys(self, list items):
        return [
            (item, NO_KEY if item is EMPTY else self.key_from(item)) for item in items
        ]

    cdef int put_chunk(
        self, Sender sender, list chunk, int64_t deadline, bint paired
    ) except -1:
        cdef bint pairs = paired or self.key_mode == FUNCTION_KEYS
        cdef Py_ssize_t done = 0
        while done < len(chunk):
            sender.enter()
            try:
                done = self.put_entries(sender, chunk, done, deadline, pairs)
            finally:
                sender.leave()
            if not sender.fed and not sender.idle():
                self._feed()
        return 0

    cdef Py_ssize_t put_entries(
        self, Sender sender, list chunk, Py_ssize_t done, int64_t deadline, bint pairs
    ) except -1:
        """Put what is left of a chunk, until a parcel waits for the feeder: it needs
        the gate. Returns how much of the chunk is put."""
        cdef object item, key = NO_KEY
        while done < len(chunk):
            item = chunk[done]
            if pairs:
                item, key = <tuple>item
            if sender.admit(1) <= 0:
                self.wait_for_room(sender, deadline)
            self.add(sender, item, key)
            done += 1
            if sender.first != NULL:
                break
        return done

    cdef inline Sender put_side(self):
        if self.closed:
            raise ValueError(f"{self!r} is closed")
        if self.sender is None:
            self.make_sender(INT64_MAX)
        if self.sender.failure:
            self._feed()  # which tries again
            self._raise_failure()
        return self.sender

    cdef int make_sender(self, int64_t deadline) except -1:
        """`Full` when a stopped process keeps this one from entering itself."""
        if self.closed:
            raise ValueError(f"{self!r} is closed")
        try:
            self.sender = self._new_sender(
                max(deadline, clock_ns() + <int64_t>LOCK_PATIENCE)
            )
        except TimeoutError:
            raise Full from None
        return 0

    def _raise_failure(self):
        """OSError when what was put found no shared memory."""
        cdef int error = 0 if self.sender is None else self.sender.failure
        if error:
            raise OSError(
                error,
                f"no shared memory for what was put on {self!r}: {os.strerror(error)}; "
                "it is kept, and put again when there is some",
            )

    cdef object key_from(self, item):
        try:
            return self.key_function(item)
        except Exception:
            return NO_KEY  # the merge calls it again, and tells whose item it is

    cdef inline int add(self, Sender sender, object item, object key) except -1:
        """Encode an admitted item. Inside the sender's gate."""
        cdef bint added = False
        try:
            if key is not NO_KEY:
                sender.add(item, key, True)
            elif item is EMPTY or self.key_mode != ITEM_KEYS:
                sender.add(item, None, False)
            else:
                sender.add(item, item, True)
            added = True
        finally:
            if not added:
                sender.release(1)
        sender.added(item is EMPTY)
        return 0

    cdef int wait_for_room(self, Sender sender, int64_t deadline) except -1:
        """Wait until an item is admitted: outside the gate. `Full` at the deadline.

        When nobody can tell whether there is room, because another process was stopped
        as it counted, `Full` comes no earlier than LOCK_PATIENCE: it may be no more
        than slow.
        """
        cdef int64_t patience = clock_ns() + LOCK_PATIENCE
        cdef uint32_t calls
        cdef int64_t left, now, admitted
        sender.pack()  # what consumers cannot see they cannot take
        while True:
            if sender.closing:
                raise ValueError(f"{self!r} is closed")
            calls = bell_want(&self._ring.shared.room)
            admitted = sender.admit(1)
            if admitted > 0:
                return 0
            now = clock_ns()
            left = deadline - now if deadline else 0
            if left <= 0 and (admitted == 0 or now >= patience):
                raise Full
            if admitted < 0:
                left = LOCK_PAUSE
            sender.leave()
            try:
                if not sender.fed and not sender.idle():
                    self._feed()
                with nogil:
                    bell_wait(
                        &self._ring.shared.room, calls, left if left < SLICE else SLICE
                    )
                PyErr_CheckSignals()
                self._bury_producers()
                if self.closed:
                    raise ValueError(f"{self!r} is closed")
            finally:
                sender.enter()

    # ---- get

    def get(self, block=True, timeout=None):
        """The next item; decoding it may raise what unpickling raises.

        block, timeout: whether, and how many seconds at most, to wait for one; then
        `Empty`. Ctrl-C ends a wait.
        """
        cdef object item = self.take(self.get_side())
        cdef list items = []
        if item is not NO_ITEM:
            return item
        self.wait_for_items(1, items, deadline_of(block, timeout))
        return items[0]

    def get_nowait(self):
        """The next item, or raise Empty at once."""
        return self.get(False)

    def get_many(self, Py_ssize_t max_items=1024, block=True, timeout=None):
        """A list of the next items: one at least, and no more than are there.

        Waits as `get` does. An Empty that was put is the last of its list.
        """
        cdef Receiver receiver = self.get_side()
        cdef list items = []
        if max_items < 1:
            raise ValueError(f"max_items={max_items}: use 1 or more")
        self.take_many(receiver, max_items, items)
        if not items:
            self.wait_for_items(max_items, items, deadline_of(block, timeout))
        return items

    cdef inline Receiver get_side(self):
        if self.closed:
            raise ValueError(f"{self!r} is closed")
        if self.receiver is None:
            self.receiver = self._new_receiver()
        return self.receiver

    cdef inline object take(self, Receiver receiver):
        cdef Py_ssize_t count = 0
        receiver.enter()
        try:
            while receiver.find() == DONE:
                if receiver.claim(1, &count):
                    return receiver.receive()
        finally:
            receiver.leave()
        return NO_ITEM

    cdef int take_many(
        self, Receiver receiver, Py_ssize_t most, list items
    ) except -1:
        """Add what is there until there are `most` items."""
        cdef Py_ssize_t count = 0
        cdef list some
        receiver.enter()
        try:
            while len(items) < most:
                if receiver.find() != DONE or not receiver.goes_on():
                    break
                if not receiver.claim(most - len(items), &count):
                    continue
                some = receiver.receive_many(count)
                items += some
                # Fewer: the next one cannot be decoded, and says so in its own call.
                if len(some) < count or items[len(items) - 1] is EMPTY:
                    break
        except Exception as error:
            if not items:
                raise
            receiver.late_error = error
        finally:
            receiver.leave()
        return 0

    cdef int wait_for_items(
        self, Py_ssize_t most, list items, int64_t deadline
    ) except -1:
        """Add one item at least; `Empty` at the deadline."""
        cdef uint32_t calls
        cdef int64_t left
        while True:
            # What this process put itself may be all there is.
            if self.sender is not None and not self.sender.idle():
                self.sender.flush()
            calls = bell_want(&self._ring.shared.items)
            self.bury_consumers()
            self.take_many(self.receiver, most, items)
            if items:
                return 0
            left = deadline - clock_ns() if deadline else 0
            if left <= 0:
                raise Empty
            with nogil:
                bell_wait(
                    &self._ring.shared.items, calls, left if left < SLICE else SLICE
                )
            PyErr_CheckSignals()
            if self.closed:
                raise ValueError(f"{self!r} is closed")

    cdef int bury_consumers(self) except -1:
        """What dead consumers had in their hands is for others, if there is any."""
        cdef int64_t now
        if has_claims(self._ring):
            now = clock_ns()
            if now >= self.next_burial:
                self.next_burial = now + BURIAL_PAUSE
                self._bury_consumers()
        return 0

    # ---- Counting

    def qsize(self):
        """Items put and not taken, in all processes; right when it is quiet."""
        cdef Receiver receiver = self.receiver
        own = 0 if receiver is None else receiver.own_rows()
        return self.count_items() + own

    def empty(self):
        """Whether no item is there to get. OSError when this process has used the queue
        and closed it, as multiprocessing's."""
        if self.closed and (self.sender is not None or self.receiver is not None):
            raise OSError(f"{self!r} is closed")
        if self.sender is not None and not self.closed:
            self.sender.flush()
        return not self.has_items()

    def full(self):
        """Whether the queue has as many items as its maxsize allows."""
        return self.bounded and self.count_items() >= self._ring.shared.maxsize

    cdef uint64_t count_items(self) except? 0:
        if self._ring.items_held() > 0:
            self._bury_producers()
        self.bury_consumers()
        return len(self._ring) + orphan_rows(self._ring)

    cdef bint has_items(self) except -1:
        cdef Receiver receiver = self.receiver
        if self._ring.items_waiting() > 0:
            return True
        if receiver is not None and receiver.own_rows() > 0:
            return True
        self.bury_consumers()
        return orphan_rows(self._ring) > 0
