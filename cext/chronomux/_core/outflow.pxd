"""Rows to all outputs of a merge, as frames."""

from libc.stdint cimport int64_t

from chronomux._core.fanout cimport Status
from chronomux._core.frame_builder cimport FrameBuilder
from chronomux._core.frame_outlet cimport FrameOutlet
from chronomux._core.frames cimport Fault, FrameView


cdef class Outflow:
    cdef FrameBuilder frame
    cdef bint keys_go  # into the frame; or else keys are made again from the items
    cdef Py_ssize_t room  # rows that may be moved before `make_room` is asked again
    cdef Py_ssize_t most_bytes  # of a frame with more than one row
    cdef list outlets
    cdef void** table  # the same
    cdef Py_ssize_t count
    cdef char* packed
    cdef char* keyless  # the same frame, its keys left out
    cdef Py_ssize_t packed_room
    cdef Py_ssize_t keyless_room
    cdef Py_ssize_t packed_size
    cdef Py_ssize_t packed_rows
    cdef bint packed_keys  # it has any
    cdef bint keyless_made
    cdef readonly bint busy  # the packed frame is on its way
    cdef readonly Py_ssize_t at  # the outlet that comes next, or is in the way
    cdef bint unfed  # an outlet needs a feeder

    cdef Status make_room(self) noexcept nogil
    # Copies rows of a view. FINE, or what copy_rows says; `room` is not touched.
    cdef Fault add(
        self, FrameView* view, Py_ssize_t start, Py_ssize_t stop
    ) noexcept nogil
    # Sends the open frame, and what is left of the one before it.
    cdef Status publish(self) noexcept nogil
    cdef void release(self) noexcept nogil  # admissions that are not used
    cdef Status wait(self, int64_t ns) noexcept nogil
    cdef int start_feeders(self) except -1

    # For this module only.
    cdef FrameOutlet outlet(self, Py_ssize_t number)
    cdef Status proceed(self) noexcept nogil
    cdef Status pack(self) noexcept nogil
    cdef Status send(self, FrameOutlet outlet) noexcept nogil
    cdef bint make_keyless(self) noexcept nogil
