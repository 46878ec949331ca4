"""From rows of CSV to a queue's frames; see queued.pyx."""

from libc.stdint cimport int64_t

from chronomux._core.csv.rows cimport Rows
from chronomux._core.encoder cimport Encoder, Schema
from chronomux._core.queue_core cimport QueueCore
from chronomux._core.sender cimport Sender
from chronomux._core.times cimport TimeForm, TimeParser

# What a row's sort key is.
ctypedef enum KeySource:
    NOTHING  # there is none, or the whole row
    TIME
    FIELD
    UNKNOWN  # only the row as an object can tell


cdef class QueuedRows:
    cdef QueueCore queue
    cdef Rows rows
    cdef tuple keys  # of dicts, that of the time among them; None for lists
    cdef size_t columns  # of dicts
    cdef object missing
    cdef bint missing_is_plain
    cdef object finish
    cdef KeySource key
    cdef size_t key_column

    cdef bint is_timed
    cdef size_t time_place  # among the values of a dict
    cdef TimeParser parser
    cdef TimeForm form
    cdef size_t time_column  # the only one, if is_simple
    cdef bint is_simple
    cdef object pick
    cdef object on_bad
    cdef object on_first

    cdef bint waits  # the row at hand is not yet put
    cdef bint asks  # and its time is not yet known
    cdef bint has_time
    cdef int64_t time

    cdef KeySource key_source(self)
    cdef bint advance(self) except -1
    cdef bint go_on(self) except -1
    cdef bint take(self) noexcept
    cdef bint read_its_time(self) noexcept
    cdef bint ask_time(self) except -1
    cdef list fields(self)
    cdef bint is_direct(self) noexcept
    cdef bint is_text(self) noexcept
    cdef int put_object(self, object timeout) except -1
    cdef bint put_bytes(self, int64_t deadline) except -1
    cdef bint put_run(self, Sender sender, int64_t deadline) except -1
    cdef bint next_is_at_hand(self) noexcept
    cdef bint step(self) except -1
    cdef bint add(self, Sender sender, Schema schema) except -1
    cdef bint write(self, Encoder frame, Schema schema) except -1
    cdef int write_dict(self, Encoder frame) except -1
    cdef int write_list(self, Encoder frame) except -1
    cdef int write_span(self, Encoder frame, size_t first, size_t last) except -1
    cdef int write_fields(self, Encoder frame, size_t first, size_t last) except -1
