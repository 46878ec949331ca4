"""What a merge of frames knows of one input."""

from libc.stdint cimport int64_t, uint64_t

from chronomux._core.frames cimport KeyKind
from chronomux._core.intake cimport State
from chronomux._core.loser_tree cimport Player
from chronomux._core.tap cimport Tap


# A sort key, as a frame has it.
cdef struct Key:
    KeyKind kind
    int64_t bits


cdef class FrameIntake:
    cdef Tap tap
    cdef uint64_t number
    cdef Player front  # of the next row, while it is held
    cdef State state
    cdef readonly Py_ssize_t items
    cdef readonly Py_ssize_t sent
    cdef readonly Py_ssize_t dropped
    cdef readonly Py_ssize_t disorder
    cdef Py_ssize_t first_late
    cdef uint64_t integer_step  # the largest step back between integers
    cdef double real_step  # and between others
    cdef int64_t waited_ns

    cdef Key key_at(self, Py_ssize_t row) noexcept nogil
    cdef void count_late(self, Py_ssize_t row, Key mark, bint reverse) noexcept nogil


cdef object python_key(Key key)
