"""Ranges of numbers, and which of them a number lies in."""

cimport cython

from libc.math cimport INFINITY
from libc.stdint cimport int32_t
from libc.stdlib cimport free, qsort

from chronomux._core.conditions.storage cimport resized

cdef enum:
    LOOSE = 64  # so many may wait unordered, and of more a 32nd of all


cdef int by_bounds(const void* left, const void* right) noexcept nogil:
    cdef const Bounds* a = <const Bounds*> left
    cdef const Bounds* b = <const Bounds*> right
    if a.low != b.low:
        return (a.low > b.low) - (a.low < b.low)
    return (a.high > b.high) - (a.high < b.high)


cdef bint are_same(const Bounds* a, const Bounds* b) noexcept nogil:
    """Whether the first is there and is the second, whatever its number."""
    return (
        a.number >= 0
        and by_bounds(a, b) == 0
        and a.with_low == b.with_low
        and a.with_high == b.with_high
    )


@cython.final
cdef class Ranges:
    """Ranges of numbers, and which of them a number lies in.

    Ordered by their low bound, then by their high one; those that begin above the
    number are cut off by binary search, blocks that all end below it are stepped over.
    New ones wait in a loose end until it is worth while to order all.
    """

    def __cinit__(self):
        self.symbols = {}

    def __dealloc__(self):
        free(self.bounds)
        free(self.highest)

    cdef int insert(self, tuple key, int32_t number, object symbol) except -1:
        """Add (low, with_low, high, with_high), which is not there."""
        low, with_low, high, with_high = key
        if self.length == self.room:
            self._grow()
        self.symbols[key] = symbol
        self.bounds[self.length] = Bounds(low, high, with_low, with_high, number)
        self.length += 1
        if self.length - self.ordered > LOOSE + self.ordered // 32:
            self._order()
        return 0

    cdef int _grow(self) except -1:
        cdef Py_ssize_t room = max(8, self.room * 2)
        self.bounds = <Bounds*> resized(self.bounds, room, sizeof(Bounds))
        self.highest = <double*> resized(
            self.highest, room // BLOCK + 1, sizeof(double)
        )
        self.room = room
        return 0

    cdef Py_ssize_t remove(self, tuple key) except -1:
        """Take one out; how many places are left, which is 0 after the last.

        A number of -1 marks what is gone until all is ordered again.
        """
        cdef Py_ssize_t i = self._place(key)
        del self.symbols[key]
        self.bounds[i].number = -1
        if len(self.symbols) * 2 <= self.length:
            self._order()
        return self.length

    cdef Py_ssize_t _place(self, tuple key) except -1:
        cdef Bounds wanted = Bounds(key[0], key[2], key[1], key[3], 0)
        cdef Py_ssize_t i = 0, high = self.ordered, middle
        while i < high:
            middle = (i + high) // 2
            if by_bounds(&self.bounds[middle], &wanted) < 0:
                i = middle + 1
            else:
                high = middle
        while i < self.ordered and by_bounds(&self.bounds[i], &wanted) == 0:
            if are_same(&self.bounds[i], &wanted):
                return i
            i += 1
        for i in range(self.ordered, self.length):
            if are_same(&self.bounds[i], &wanted):
                return i
        raise KeyError(key)

    cdef void _order(self) noexcept:
        cdef Py_ssize_t i, n = 0
        for i in range(self.length):
            if self.bounds[i].number >= 0:
                self.bounds[n] = self.bounds[i]
                n += 1
        self.length = self.ordered = n
        qsort(self.bounds, n, sizeof(Bounds), by_bounds)
        for i in range(n):
            if i % BLOCK == 0:
                self.highest[i // BLOCK] = -INFINITY
            if self.bounds[i].high > self.highest[i // BLOCK]:
                self.highest[i // BLOCK] = self.bounds[i].high
