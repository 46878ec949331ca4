# cython: nonecheck=False
# (A check for None would need the GIL; what is used here is never None.)
"""What a merge of frames knows of one input."""

cimport cython
from libc.stdint cimport uint64_t
from libc.string cimport memcpy

from chronomux._core.frames cimport INT64_KEYS, int_key
from chronomux._core.intake cimport ASIDE, ENDED, HUNGRY
from chronomux._core.tap cimport Tap


cdef inline double real_of(Key key) noexcept nogil:
    cdef double real = 0
    if key.kind == INT64_KEYS:
        return <double>key.bits
    memcpy(&real, &key.bits, sizeof(real))
    return real


cdef object python_key(Key key):
    return key.bits if key.kind == INT64_KEYS else real_of(key)


@cython.final
cdef class FrameIntake:
    """One input: its state and what it has given so far."""

    def __cinit__(self, Tap tap not None, uint64_t number):
        self.tap = tap
        self.number = number
        self.state = HUNGRY

    @property
    def ended(self):
        return self.state == ENDED

    @property
    def aside(self):
        return self.state == ASIDE

    @property
    def waited(self):
        """Seconds that the merge waited for it."""
        return self.waited_ns / 1e9

    @property
    def first_disorder(self):
        """Position of the first late item, from 0, or None."""
        return self.first_late if self.disorder else None

    @property
    def largest_step_back(self):
        """In the keys' unit; None when no late item has a distance."""
        if not self.integer_step and not self.real_step:
            return None
        # Objects, or else they were compared as doubles.
        return max(<object>self.integer_step, <object>self.real_step)

    cdef void count_late(self, Py_ssize_t row, Key mark, bint reverse) noexcept nogil:
        """Count the row received last, which is below the mark."""
        cdef Key key = self.key_at(row)
        cdef uint64_t step
        cdef double distance
        if not self.disorder:
            self.first_late = self.items - 1
        self.disorder += 1
        if key.kind == INT64_KEYS and mark.kind == INT64_KEYS:
            step = <uint64_t>mark.bits - <uint64_t>key.bits
            if reverse:
                step = 0 - step
            if step > self.integer_step:
                self.integer_step = step
            return
        distance = real_of(mark) - real_of(key)
        if reverse:
            distance = -distance
        if distance > self.real_step:  # not so for NaN
            self.real_step = distance

    cdef Key key_at(self, Py_ssize_t row) noexcept nogil:
        return Key(self.tap.view.kind, int_key(&self.tap.view, row))
