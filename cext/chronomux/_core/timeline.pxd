"""Batches of records of many sources, merged in rounds and copied in order."""

from cpython.buffer cimport Py_buffer
from libc.stdint cimport int32_t, int64_t

from chronomux._core.columns cimport Column


# The batch at hand of one source; record i is rows[offsets[i]:offsets[i + 1]].
cdef struct Batch:
    const int64_t* keys
    const int64_t* offsets
    const char* rows
    const char* rows_end
    Py_ssize_t stop  # behind the last record to merge
    Py_buffer views[3]
    int held  # of them


# A source that has records at hand: from `next` on, with these first and last keys.
cdef struct Reach:
    int64_t first
    int64_t last
    Py_ssize_t next
    Py_ssize_t cut  # the end of what this round takes of it
    int32_t source


# What is to be merged next. Record i of the round is number index[i] of its column
# source[i], and that is the record bases[column] + index[i] of source owners[column].
cdef struct Round:
    Batch* batches
    Reach* live  # in the order of sources
    Py_ssize_t living
    Column* columns
    Py_ssize_t* bases
    int32_t* owners
    Py_ssize_t widths  # columns in the round
    int32_t* source
    int64_t* index
    Py_ssize_t room  # of both
    Py_ssize_t merged  # records in the round
    Py_ssize_t written


cdef class Timeline:
    cdef Py_ssize_t count  # of sources
    cdef Round round
    cdef list tails  # bytes added to each record of a source, before its line ending
    cdef bint has_tails
    cdef int release(self, Batch* batch) except -1
    cdef int hold(self, Batch* batch, int number, object values) except -1
