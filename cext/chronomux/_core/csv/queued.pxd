"""From rows of CSV to a queue's frames; see queued.pyx."""

from libc.stdint cimport int64_t

from chronomux._core.csv.framed cimport FramedRows
from chronomux._core.csv.row_times cimport RowTimes
from chronomux._core.csv.rows cimport Rows
from chronomux._core.encoder cimport Schema
from chronomux._core.queue_core cimport QueueCore
from chronomux._core.sender cimport Sender


cdef class QueuedRows:
    cdef QueueCore queue
    cdef Rows rows
    cdef FramedRows framed
    cdef RowTimes times
    cdef object finish
    cdef object at_end
    cdef bint waits  # the row at hand is not yet put
    cdef bint asks  # and its time is not yet known

    cdef bint advance(self) except -1
    cdef bint go_on(self) except -1
    cdef bint take(self) noexcept
    cdef list fields(self)
    cdef int put_object(self, object timeout) except -1
    cdef bint put_bytes(self, int64_t deadline) except -1
    cdef bint put_run(self, Sender sender, int64_t deadline) except -1
    cdef bint next_is_at_hand(self) noexcept
    cdef bint step(self) except -1
    cdef bint add(self, Sender sender, Schema schema) except -1
