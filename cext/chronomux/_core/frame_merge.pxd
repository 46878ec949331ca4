"""The merge of rows by the keys in their frames."""

from libc.stdint cimport int64_t

from chronomux._core.fanout cimport Status
from chronomux._core.frame_intake cimport FrameIntake, Key
from chronomux._core.frame_pump cimport FramePump
from chronomux._core.loser_tree cimport Player
from chronomux._core.ordinal cimport Exact

cdef enum OnDisorder:
    EMIT
    DROP
    RAISE


cdef class FrameMerge(FramePump):
    cdef Player* tree  # of `count` players, and room for these
    cdef Player winner
    cdef bint stale  # the tree is not what the intakes are
    cdef Py_ssize_t hungry_count
    cdef bint reverse
    cdef OnDisorder on_disorder
    cdef readonly bint marked
    cdef Player mark  # the greatest key that went out
    cdef Key mark_bits
    cdef Key late_key  # that ends the merge
    cdef bint condemned  # there is one, of input `at`

    # For this module only.
    cdef Status feed_hungry(self, int64_t wait) noexcept nogil
    cdef Status find_hungry(self, Py_ssize_t* silent) noexcept nogil
    cdef Status await_hungry(self, Py_ssize_t silent, int64_t wait) noexcept nogil
    cdef Status refuse(self, FrameIntake intake, Py_ssize_t row) noexcept nogil
    cdef Status move_next(self, FrameIntake intake) noexcept nogil
    cdef Status next_winner(self, FrameIntake intake) noexcept nogil
    cdef Py_ssize_t run_end(self, FrameIntake intake, Py_ssize_t stop) noexcept nogil
    cdef void moved(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil
    cdef void bring_up(self, FrameIntake intake) noexcept nogil
    cdef void play(self, FrameIntake intake) noexcept nogil
    cdef Exact ordinal(self, FrameIntake intake, Py_ssize_t row) noexcept nogil
    cdef Player player_at(self, FrameIntake intake, Py_ssize_t row) noexcept nogil
    cdef bint is_late(self, Player player) noexcept nogil
    cdef void build_tree(self) noexcept nogil
    cdef object verdict(self)
