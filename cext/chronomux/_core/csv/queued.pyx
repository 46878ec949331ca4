"""From rows of CSV to a queue's frames: the bytes that their dicts or lists would give.

A field's bytes go from the window into the open frame of the queue. A row that needs an
object is put as one, in its place.
"""

cimport cython
from libc.stdint cimport int64_t

from chronomux._core.csv.framed cimport FramedRows
from chronomux._core.encoder cimport Encoder, Schema
from chronomux._core.frames cimport KeyKind
from chronomux._core.limits cimport MOST_ROWS
from chronomux._core.queue_core cimport FUNCTION_KEYS, QueueCore, deadline_of
from chronomux._core.ring cimport DONE as SENT
from chronomux._core.sender cimport Sender


@cython.final
cdef class QueuedRows:
    """Puts rows on a queue, equal to what `finish` makes of them.

    finish(fields, time): the row as an object, the time being None without times.
    at_end() is called behind the last row.
    """

    def __init__(
        self, QueueCore queue not None, FramedRows framed not None, finish, at_end
    ):
        self.queue = queue
        self.framed = framed
        self.rows = framed.rows
        self.times = framed.times
        self.finish = finish
        self.at_end = at_end
        framed.order_by(
            queue.key_function if queue.key_mode == FUNCTION_KEYS else None
        )

    def put(self, timeout=None):
        """Put the next rows, some hundred at most. False: there are no more.

        timeout: seconds to wait for room at most; then `Full`, and the row that found
        none is put by the next call. Raises what reading raises, and what a queue's
        `put` does; the rows before were put.
        """
        if not self.advance():
            self.at_end()
            return False
        if not self.framed.fits() or not self.put_bytes(deadline_of(True, timeout)):
            self.put_object(timeout)
        return True

    # ---- The row at hand

    cdef bint advance(self) except -1:
        """Have a row that is to be put, with its time. False: there are no more."""
        while self.waits or self.go_on():
            if not self.asks:
                return True
            self.asks = False
            if self.times.ask(self.rows, self.fields()):
                return True
            self.waits = False
        return False

    cdef bint go_on(self) except -1:
        """Go to the next row that counts; reading may take any time."""
        while self.rows.next():
            if self.take():
                return True
        return False

    cdef bint take(self) noexcept:
        """The row at hand is to be put. False: it is an empty line, which is not."""
        self.waits = self.framed.counts()
        self.asks = (
            self.waits and self.times is not None and not self.times.read(self.rows)
        )
        return self.waits

    cdef list fields(self):
        return [] if self.rows.is_blank() else self.rows.fields_from(0)

    # ---- Putting it

    cdef int put_object(self, object timeout) except -1:
        time = None
        if self.times is not None and self.times.is_known:
            time = self.times.ns
        self.queue.put(self.finish(self.fields(), time), True, timeout)
        self.waits = False
        return 0

    cdef bint put_bytes(self, int64_t deadline) except -1:
        """Put the row at hand, and those behind it that can be had without waiting and
        without an object. False: the one at hand needs an object after all."""
        cdef QueueCore queue = self.queue
        cdef Sender sender
        cdef bint fits
        if queue.sender is None:
            queue.make_sender(deadline)
        sender = queue.put_side()
        sender.enter()
        try:
            fits = self.put_run(sender, deadline)
        finally:
            sender.leave()
        if not sender.fed and not sender.idle():
            queue._feed()
        return fits

    cdef bint put_run(self, Sender sender, int64_t deadline) except -1:
        """Inside the sender's gate: nothing here may run other people's code."""
        cdef Schema schema = None
        cdef int left = MOST_ROWS
        # The feeder, which does this else, may not get the gate between two runs.
        while sender.first != NULL and sender.ship() == SENT:
            pass
        if self.framed.keys is not None:
            schema = sender.frame.schema_of(self.framed.keys)
        while left:
            left -= 1
            if sender.admit(1) <= 0:
                self.queue.wait_for_room(sender, deadline)
            if sender.frame.kind != self.framed.kind:
                sender.pack()
            if not self.add(sender, schema):
                return False
            self.waits = False
            sender.added(False)
            if sender.failure or not self.step():
                break
        return True

    cdef bint next_is_at_hand(self) noexcept:
        """Whether the next row is in the index, so that nothing has to be read."""
        cdef size_t end
        if self.rows.row >= self.rows.index.scan.rows:
            return False
        end = self.rows.index.ends[self.rows.index.rows[self.rows.row] - 1]
        return end - self.rows.position <= self.rows.rules.syntax.limit

    cdef bint step(self) except -1:
        """Go to the next row. False: it cannot be had, or put, just so."""
        while self.next_is_at_hand():
            self.rows.next()
            if self.take():
                return not self.asks and self.framed.fits()
        return False

    cdef bint add(self, Sender sender, Schema schema) except -1:
        """Add an admitted row to the open frame. False: it does not take it so."""
        cdef Encoder frame = sender.frame
        cdef Py_ssize_t used = frame.used, schemas = frame.schemas
        cdef KeyKind before = frame.kind
        cdef bint added = False
        try:
            added = self.framed.write(frame, schema)
        finally:
            if not added:
                frame.used = used
                frame.kind = before
                frame.drop_schemas(schemas)
                sender.release(1)
        return added
