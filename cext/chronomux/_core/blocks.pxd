"""Blocks of known keys: of each of many sequences, the next items and their keys."""

from cpython.ref cimport PyObject
from libc.stdint cimport uint16_t, uint64_t

from chronomux._core.getter cimport Getter

cdef enum:
    AHEAD = 8  # items: as long as a miss of the cache lasts


# The items of one sequence whose keys are known: places [begin, end) of its block.
cdef struct Block:
    Py_ssize_t begin
    Py_ssize_t end
    uint64_t* high  # the keys, as Exact
    uint16_t* low
    PyObject** items  # owned
    Py_ssize_t next  # the first position of the sequence that is not known
    bint final  # nothing follows
    bint stuck  # the next key failed, or is not a number


cdef class Blocks:
    cdef list sequences
    cdef Getter getter
    cdef bint reverse
    cdef dict errors  # by input: what its key raised behind the known items
    cdef Py_ssize_t count
    cdef Py_ssize_t size  # places in a block
    cdef Block* blocks
    cdef uint64_t* high
    cdef uint16_t* low
    cdef PyObject** items
    cdef bint leftovers  # a key had one: low words matter

    # Fill the block of an input up. False if nothing is known of it and its next key is
    # not a number; raises what that key raises, once nothing is known.
    cdef bint read(self, Py_ssize_t i) except -1

    # Iterators over what was not taken from each input; their items are let go.
    cdef list rest(self)
    cdef void drop(self) noexcept

    # For this module only.
    cdef int read_list(self, list items, Block* block) except -1
    cdef int read_tuple(self, tuple items, Block* block) except -1
    cdef int read_array(self, object array, Block* block) except -1
    cdef bint add(self, Block* block, object key, object item) except -1
