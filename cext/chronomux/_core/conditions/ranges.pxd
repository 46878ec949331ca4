"""Ranges of numbers, and which of them a number lies in."""

from libc.stdint cimport int32_t

cdef enum:
    BLOCK = 32  # bounds that share one `highest`


cdef struct Bounds:
    double low, high
    bint with_low, with_high
    int32_t number


cdef class Ranges:
    cdef dict symbols    # bounds -> Symbol
    cdef Bounds* bounds  # by low and high as far as `ordered`; then as they came
    cdef double* highest  # greatest high of each block of ordered bounds
    cdef Py_ssize_t length, ordered, room

    cdef int insert(self, tuple key, int32_t number, object symbol) except -1
    cdef Py_ssize_t remove(self, tuple key) except -1
    cdef int _grow(self) except -1
    cdef Py_ssize_t _place(self, tuple key) except -1
    cdef void _order(self) noexcept
