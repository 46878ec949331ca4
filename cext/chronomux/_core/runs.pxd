"""Stable merges of neighbouring sorted runs, in a pair of buffers that fit the cache.

A `Wide` compares as one 128-bit number: key first, then tie. Items of one call must be
distinct, so callers put the item's rank into the low bits: that makes the merge stable.
"""

from libc.stdint cimport uint64_t


cdef struct Wide:
    uint64_t key
    uint64_t tie


# Merge the `count` runs items[offsets[i]:offsets[i + 1]] until one is left; returns
# where it is, `items` or `spare`. Both buffers and `offsets` are overwritten.
cdef uint64_t* merge_narrow(
    uint64_t* items, uint64_t* spare, Py_ssize_t* offsets, Py_ssize_t count
) noexcept nogil

cdef Wide* merge_wide(
    Wide* items, Wide* spare, Py_ssize_t* offsets, Py_ssize_t count
) noexcept nogil
