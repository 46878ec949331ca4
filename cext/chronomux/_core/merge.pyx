# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""K-way merge of key columns into (source, index): where the i-th least key stands.

The columns are cut into parts of about PART items at splitters taken from a regular
sample of all columns (Shi and Schaeffer, Parallel Sorting by Regular Sampling, 1992).
A part holds so many items whatever the distribution of the keys, and columns that give
nothing to it cost one comparison. Within the cache a part is merged pairwise; see
part.pyx. The sample is merged by the same code. O(n log k) for n keys in k columns;
scratch memory O(PART + k + n / step).
"""

from cpython.exc cimport PyErr_CheckSignals
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc, free, malloc

from chronomux._core.columns cimport Column, Columns, Order, cut, first_descent, key_at
from chronomux._core.ordinal cimport Exact
from chronomux._core.part cimport Part, add_run, begin, free_part, merge_part, new_part

from chronomux.errors import DisorderError

cdef enum:
    PART = 1 << 14  # items; two buffers of 8 bytes an item fit half of a common L2
    PART_PER_COLUMN = 128  # at least, so that cutting k columns stays cheap
    LOOK = 256  # parts between two looks for Ctrl-C


cdef struct Merge:
    const Column* columns
    Py_ssize_t count
    Order order
    Py_ssize_t* low  # the first key of each column that is not merged yet
    Py_ssize_t* high
    Part* part
    bint descends
    int32_t* source  # where the next item goes
    int64_t* index


cdef int next_part(Merge* merge) except -1 nogil:
    """Merge columns[i][low[i]:high[i]] and move on."""
    cdef Part* part = merge.part
    cdef Py_ssize_t i
    begin(part, merge.columns, merge.order)
    for i in range(merge.count):
        if merge.high[i] > merge.low[i]:
            add_run(part, <int32_t>i, merge.low[i], merge.high[i])
            merge.low[i] = merge.high[i]
    if merge_part(part, merge.source, merge.index) < 0:
        out_of_memory()
    merge.descends |= part.descends
    merge.source += part.size
    merge.index += part.size
    return 0


cdef void cut_at(Merge* merge, Py_ssize_t source, Py_ssize_t index) noexcept nogil:
    """End the part behind one key: equal keys of earlier columns come before it."""
    cdef Py_ssize_t i
    cdef Exact bound = key_at(&merge.columns[source], index, merge.order)
    for i in range(merge.count):
        if i == source:
            merge.high[i] = max(index + 1, merge.low[i])
        else:
            merge.high[i] = cut(
                &merge.columns[i], merge.low[i], bound, i < source, merge.order
            )


cdef int all_but_last_part(
    Merge* merge, Py_ssize_t step, Py_ssize_t parts
) except -1 nogil:
    """Cut behind every so-many-th key of a sample that holds every step-th key."""
    cdef Py_ssize_t i, part, every, total = 0
    cdef int32_t* source = NULL
    cdef int64_t* index = NULL
    cdef Column* sample = <Column*>malloc(merge.count * sizeof(Column))
    try:
        if sample == NULL:
            out_of_memory()
        for i in range(merge.count):
            sample[i] = merge.columns[i]
            if sample[i].length < step:  # its stride may be anything
                sample[i].length = 0
                continue
            sample[i].data += (step - 1) * sample[i].stride
            sample[i].stride *= step
            sample[i].length //= step
            total += sample[i].length
        source = <int32_t*>malloc((total + 1) * sizeof(int32_t))
        index = <int64_t*>malloc((total + 1) * sizeof(int64_t))
        if source == NULL or index == NULL:
            out_of_memory()
        merge_columns(sample, merge.count, merge.order, source, index)
        every = max(total // parts, 1)
        for part in range(total // every):
            i = part * every + every - 1
            cut_at(merge, source[i], (index[i] + 1) * step - 1)
            next_part(merge)
            if part % LOOK == LOOK - 1:
                look_for_signals()
    finally:
        free(sample)
        free(source)
        free(index)
    return 0


cdef int out_of_memory() except -1 nogil:
    with gil:
        raise MemoryError


cdef int look_for_signals() except -1 nogil:
    with gil:
        PyErr_CheckSignals()
    return 0


cdef int merge_columns(
    const Column* columns, Py_ssize_t count, Order order,
    int32_t* source, int64_t* index,
) except -1 nogil:
    """1 if a column descends (then the order means nothing), else 0."""
    cdef Merge merge = Merge(
        columns, count, order, NULL, NULL, NULL, False, source, index
    )
    cdef Py_ssize_t i, total = 0
    cdef Py_ssize_t size = max(PART, PART_PER_COLUMN * count)
    for i in range(count):
        total += columns[i].length
    merge.low = <Py_ssize_t*>calloc(count + 1, sizeof(Py_ssize_t))
    merge.high = <Py_ssize_t*>calloc(count + 1, sizeof(Py_ssize_t))
    merge.part = new_part(count)
    try:
        if merge.low == NULL or merge.high == NULL or merge.part == NULL:
            out_of_memory()
        if total > 2 * size:
            all_but_last_part(&merge, max(size // (2 * count), 8), total // size)
        for i in range(count):
            merge.high[i] = columns[i].length
        next_part(&merge)
    finally:
        free(merge.low)
        free(merge.high)
        if merge.part != NULL:
            free_part(merge.part)
    return merge.descends


def merge_order(
    tuple keys not None, int32_t[::1] source not None, int64_t[::1] index not None,
    bint reverse, bint check,
):
    """Write the merged order of sorted key columns into `source` and `index`.

    keys: one-dimensional buffers of integers or floats of up to 64 bits.
    source, index: as long as all keys together.
    Raises DisorderError if `check` and a column is not sorted.
    """
    cdef Columns columns = Columns(keys, reverse)
    cdef bint descends = False
    cdef Py_ssize_t i, position
    if source.shape[0] != columns.total or index.shape[0] != columns.total:
        raise ValueError(f"source and index must hold {columns.total} items each")
    if columns.count > 0x7FFFFFFF:
        raise ValueError("at most 2**31 - 1 columns can be merged")
    if columns.total:
        with nogil:
            descends = merge_columns(
                columns.columns, columns.count, columns.order, &source[0], &index[0]
            )
    if check and descends:
        for i in range(columns.count):
            position = first_descent(&columns.columns[i], columns.order)
            if position >= 0:
                raise DisorderError(
                    f"keys of input {i} are not {'de' if reverse else 'a'}scending: "
                    f"position {position} is out of order; sort the input first",
                    i, position,
                )
