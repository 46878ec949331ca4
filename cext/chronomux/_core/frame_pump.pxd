"""The merge of rows: from the frames of inputs into the frames of outputs."""

from libc.stdint cimport int64_t

from chronomux._core.fanout cimport Status
from chronomux._core.frame_intake cimport FrameIntake, Key
from chronomux._core.intake cimport State
from chronomux._core.loser_tree cimport Player
from chronomux._core.outflow cimport Outflow

cdef enum OnDisorder:
    EMIT
    DROP
    RAISE


cdef class FramePump:
    cdef readonly Outflow fanout
    cdef list intakes
    cdef void** table  # the same
    cdef Py_ssize_t count
    cdef Py_ssize_t hungry_count
    cdef Player* tree  # of `count` players, and room for these
    cdef Player winner
    cdef bint stale  # the tree is not what the intakes are
    cdef bint reverse
    cdef OnDisorder on_disorder
    cdef readonly bint marked
    cdef Player mark  # the greatest key that went out
    cdef Key mark_bits
    cdef Key late_key  # that ends the merge
    cdef bint condemned  # there is one, of input `at`
    cdef readonly Py_ssize_t source  # the input whose row was moved last
    cdef readonly Py_ssize_t at
    cdef public bint interrupted

    # For this module only.
    cdef Status work(self, int64_t wait, int64_t wait_for_room) noexcept nogil
    cdef Status find_hungry(self, Py_ssize_t* silent) noexcept nogil
    cdef Status feed_hungry(self, int64_t wait) noexcept nogil
    cdef Status wait_for(self, FrameIntake intake, int64_t wait) noexcept nogil
    cdef Status clear_way(self, int64_t wait) noexcept nogil
    cdef Status seek(self, FrameIntake intake) noexcept nogil
    cdef Status advance(self, FrameIntake intake) noexcept nogil
    cdef Status move(
        self, FrameIntake intake, Py_ssize_t* left
    ) noexcept nogil
    cdef Status copy(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil
    cdef Status replace_winner(
        self, FrameIntake intake, Status status
    ) noexcept nogil
    cdef void moved(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil
    cdef Player player_at(self, FrameIntake intake, Py_ssize_t row) noexcept nogil
    cdef bint is_late(self, Player player) noexcept nogil
    cdef Py_ssize_t run_end(self, FrameIntake intake, Py_ssize_t stop) noexcept nogil
    cdef Py_ssize_t fitting(
        self, FrameIntake intake, Py_ssize_t row, Py_ssize_t stop
    ) noexcept nogil
    cdef void set_state(self, FrameIntake intake, State state) noexcept nogil
    cdef void build_tree(self) noexcept nogil
    cdef FrameIntake intake(self, Py_ssize_t number)
    cdef object verdict(self)
