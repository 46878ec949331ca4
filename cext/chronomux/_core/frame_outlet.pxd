"""One output of a merge of frames."""

from libc.stdint cimport int64_t

from chronomux._core.fanout cimport Status
from chronomux._core.queue_core cimport QueueCore
from chronomux._core.sender cimport Sender


cdef class FrameOutlet:
    cdef readonly QueueCore queue
    cdef Sender sender
    cdef bint ready  # there is a sender
    cdef bint keyed  # its rows keep their keys
    cdef bint bounded
    cdef readonly bint open
    cdef readonly Py_ssize_t items
    cdef int64_t waited_ns
    cdef Py_ssize_t credit  # rows admitted: those of the open frame, and more to come

    # `held`: the rows of the open frame.
    cdef Py_ssize_t admit(self, Py_ssize_t wanted, Py_ssize_t held) noexcept nogil
    cdef void release(self, Py_ssize_t held) noexcept nogil
    cdef Status wait(self, int64_t ns, Py_ssize_t held) noexcept nogil
    cdef Status send(
        self, const char* frame, Py_ssize_t size, Py_ssize_t rows, bint* unfed
    ) noexcept nogil
    cdef object take_error(self)
