"""Rounds of a merge of many sources, whose batches come one after the other."""

from cpython.buffer cimport Py_buffer
from libc.stdint cimport int32_t, int64_t

from chronomux._core.columns cimport Column


# The batch at hand of one source; record i is rows[offsets[i]:offsets[i + 1]].
cdef struct Batch:
    const int64_t* keys
    const int64_t* offsets
    const char* rows
    const char* rows_end
    Py_ssize_t next  # the first record that is not merged
    Py_ssize_t stop  # behind the last record to merge
    Py_buffer views[3]
    int held  # of them


# A source that has records at hand, with these first and last keys. Short, as every
# round looks at all of them.
cdef struct Reach:
    int64_t first
    int64_t last
    int32_t source


# What a round takes of one batch: record i is rows[offsets[i]:offsets[i + 1]].
cdef struct Slice:
    const int64_t* offsets
    const char* rows
    const char* rows_end  # of all that may be read
    Py_ssize_t base  # the batch's number of record 0
    int32_t owner  # the source


# What is to be merged next. Record i of the round is number index[i] of the slice
# source[i]; those of one slice keep their order. A single slice is merged as it stands.
cdef struct Round:
    Batch* batches
    Reach* live  # in the order of sources
    Py_ssize_t living
    Py_ssize_t vacant  # which of them has run out, or -1
    Column* columns
    Slice* slices
    Py_ssize_t widths  # of both
    int32_t* source
    int64_t* index
    Py_ssize_t room  # of both
    Py_ssize_t merged  # records in the round
    Py_ssize_t written


# Merge all up to the frontier; the source that runs out.
cdef int32_t merge_batches(Round* round) except -1 nogil

# Make a source live whose batch has come: mostly it is the one that ran out.
cdef void enter(Round* round, int32_t source) noexcept nogil

# Forget the source that ran out.
cdef void leave(Round* round) noexcept nogil

# Raises ValueError where a batch does not fit together.
cdef int check(const Batch* batch, Py_ssize_t start, Py_ssize_t stop) except -1


cdef inline Py_ssize_t count_up_to(
    const int64_t* keys, Py_ssize_t low, Py_ssize_t high, int64_t bound, bint with_equal
) noexcept nogil:
    """The first of the records [low, high) that is beyond the bound."""
    cdef Py_ssize_t middle
    while low < high:
        middle = (low + high) >> 1
        if keys[middle] < bound or (with_equal and keys[middle] == bound):
            low = middle + 1
        else:
            high = middle
    return low
