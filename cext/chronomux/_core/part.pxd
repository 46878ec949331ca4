"""One part of a merge: as many keys as fit the cache, in runs from many columns."""

from libc.stdint cimport int32_t, int64_t, uint64_t

from chronomux._core.columns cimport Column, Order


cdef struct Run:
    int32_t source
    Py_ssize_t low  # columns[source][low:high]
    Py_ssize_t high


cdef struct Part:
    const Column* columns
    Order order
    Run* runs
    Py_ssize_t count  # of runs
    Py_ssize_t size  # keys in all runs
    Py_ssize_t* offsets  # where each run begins, and the end
    bint descends  # some key is below its predecessor
    void* items  # uint64_t or Wide
    void* spare
    Py_ssize_t capacity  # of each, in bytes


cdef Part* new_part(Py_ssize_t runs) noexcept nogil
cdef void free_part(Part* part) noexcept nogil
cdef void begin(Part* part, const Column* columns, Order order) noexcept nogil
cdef void add_run(
    Part* part, int32_t source, Py_ssize_t low, Py_ssize_t high
) noexcept nogil

# Where the i-th least key of the runs stands; 0, or -1 without memory.
cdef int merge_part(Part* part, int32_t* source, int64_t* index) noexcept nogil
