"""K-way merge of key columns into (source, index): where the i-th least key stands."""

from libc.stdint cimport int32_t, int64_t

from chronomux._core.columns cimport Column, Order


# Room for all keys is at `source` and `index`. 1 if a column descends (then the order
# means nothing), else 0.
cdef int merge_columns(
    const Column* columns, Py_ssize_t count, Order order,
    int32_t* source, int64_t* index,
) except -1 nogil
