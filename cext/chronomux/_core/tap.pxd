"""A merge's own way out of a queue: rows where they lie, or items with their keys."""

from libc.stdint cimport int64_t

from chronomux._core.frames cimport Fault, FrameView
from chronomux._core.queue_core cimport QueueCore
from chronomux._core.receiver cimport Receiver

# What `look` found.
cdef enum Sight:
    ROWS  # [row, limit) of the view, at least one
    LAST  # `Empty`, in row `row`
    OBJECTS  # a row whose key is no number, in row `row`
    NO_ROWS  # nothing now
    BROKEN  # see `raise_error`


cdef class Tap:
    """No other part of the process uses its receiver, so it needs no gate."""

    cdef readonly QueueCore queue
    cdef Receiver receiver
    cdef readonly object key  # of the item that came last, or NO_KEY
    cdef FrameView view  # of the receiver's copy
    cdef Py_ssize_t row
    cdef Py_ssize_t limit
    cdef bint ends  # with `Empty` in row `limit`
    cdef Fault fault
    cdef int failure  # an errno

    cdef Sight look(self) noexcept nogil
    # What is taken is claimed until it is said to be delivered.
    cdef bint take(self, Py_ssize_t count) noexcept nogil
    cdef bint may_take(self) noexcept nogil
    cdef void settle(self) noexcept nogil
    cdef Sight wait(self, int64_t ns) noexcept nogil
    cdef int raise_error(self) except -1
    cdef bint flush(self) except -1

    # For this module only.
    cdef Sight sight(self) noexcept nogil
    cdef bint open(self) noexcept nogil
    cdef object own_key(self)
    cdef object next_item(self)
    cdef object given(self, object item)
