"""Rounds over the rows of inputs."""

from libc.stdint cimport int64_t

from chronomux._core.fanout cimport Status
from chronomux._core.frame_intake cimport FrameIntake
from chronomux._core.frame_pump cimport FramePump


cdef class FrameRounds(FramePump):
    cdef readonly Py_ssize_t turn  # the input whose turn it is
    cdef readonly bint moved  # a row in this round, or an input to its end
    cdef int64_t pause  # ns until inputs that cannot all be waited for are looked at

    # For this module only.
    cdef Status find_turn(self) noexcept nogil
    cdef Status ask(self, FrameIntake intake) noexcept nogil
    cdef Status move_next(self, FrameIntake intake) noexcept nogil
    cdef bint next_is_held(self) noexcept nogil
    cdef Status await_any(self, int64_t wait) noexcept nogil
    cdef Status await_last(self, int64_t wait) noexcept nogil
