# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""One part of a merge: as many keys as fit the cache, in runs from many columns.

A key's place is (run, position in the run); ordering by (key, place) is the stable
merge. Key and place are packed into one word, which halves what the passes move and
makes a comparison one instruction. Where that costs low bits of the keys the result is
verified, and only if dropping them lost the order are 16 bytes an item used.
"""

from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free, malloc

from chronomux._core.columns cimport (
    Packing,
    key_at,
    load_narrow,
    load_wide,
)
from chronomux._core.ordinal cimport LEFTOVER_BITS, bit_length
from chronomux._core.runs cimport Wide, merge_narrow, merge_wide


# A place is run << position_bits | position.
cdef struct Layout:
    int position_bits
    Packing packing
    bint narrow


cdef Part* new_part(Py_ssize_t runs) noexcept nogil:
    cdef Part* part = <Part*>calloc(1, sizeof(Part))
    if part == NULL:
        return NULL
    part.runs = <Run*>malloc((runs + 1) * sizeof(Run))
    part.offsets = <Py_ssize_t*>malloc((runs + 2) * sizeof(Py_ssize_t))
    if part.runs == NULL or part.offsets == NULL:
        free_part(part)
        return NULL
    return part


cdef void free_part(Part* part) noexcept nogil:
    free(part.runs)
    free(part.offsets)
    free(part.items)
    free(part.spare)
    free(part)


cdef void begin(Part* part, const Column* columns, Order order) noexcept nogil:
    part.columns = columns
    part.order = order
    part.count = part.size = 0
    part.descends = False


cdef void add_run(
    Part* part, int32_t source, Py_ssize_t low, Py_ssize_t high
) noexcept nogil:
    part.runs[part.count] = Run(source, low, high)
    part.count += 1
    part.size += high - low


cdef int reserve(Part* part, Py_ssize_t size) noexcept nogil:
    """A part is empty when it grows, so nothing is copied."""
    if size <= part.capacity:
        return 0
    free(part.items)
    free(part.spare)
    part.capacity = 0
    part.items = malloc(size)
    part.spare = malloc(size)
    if part.items == NULL or part.spare == NULL:
        return -1
    part.capacity = size
    return 0


cdef inline Layout layout_of(const Part* part) noexcept nogil:
    cdef uint64_t base = ~<uint64_t>0, top = 0, least_last = base, last
    cdef Py_ssize_t i, longest = 0
    cdef const Run* run
    cdef int key_bits, place_bits, position_bits
    for i in range(part.count):
        run = &part.runs[i]
        longest = max(longest, run.high - run.low)
        base = min(base, key_at(&part.columns[run.source], run.low, part.order).high)
        last = key_at(&part.columns[run.source], run.high - 1, part.order).high
        top = max(top, last)
        least_last = min(least_last, last)
    position_bits = bit_length(longest - 1)
    place_bits = bit_length(part.count - 1) + position_bits
    key_bits = bit_length(top - base)
    return Layout(
        position_bits,
        Packing(base, max(key_bits + place_bits - 64, 0), place_bits),
        not part.order.exact
        and least_last >= base  # else a run descends, which packed keys may not show
        and key_bits < 64 and place_bits < 64,
    )


cdef inline void emit_run(
    const Run* run, int32_t* source, int64_t* index
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(run.high - run.low):
        source[i] = run.source
        index[i] = run.low + i


cdef inline void emit(
    const Part* part, uint64_t place, int position_bits, int32_t* source, int64_t* index
) noexcept nogil:
    cdef const Run* run = &part.runs[place >> position_bits]
    source[0] = run.source
    index[0] = run.low + <int64_t>(place & ((<uint64_t>1 << position_bits) - 1))


cdef inline bint in_order(
    const Part* part, const int32_t* source, const int64_t* index, Py_ssize_t i
) noexcept nogil:
    return (
        key_at(&part.columns[source[i - 1]], index[i - 1], part.order).high
        <= key_at(&part.columns[source[i]], index[i], part.order).high
    )


cdef bint merge_as_words(
    Part* part, Layout layout, int32_t* source, int64_t* index
) noexcept nogil:
    """False if the bits that did not fit were needed."""
    cdef uint64_t* keys = <uint64_t*>part.items
    cdef int place_bits = layout.packing.place_bits
    cdef uint64_t mask = (<uint64_t>1 << place_bits) - 1
    cdef Py_ssize_t i, size = 0
    cdef const Run* run
    for i in range(part.count):
        run = &part.runs[i]
        part.offsets[i] = size
        part.descends |= load_narrow(
            &part.columns[run.source], run.low, run.high, part.order, layout.packing,
            <uint64_t>i << layout.position_bits, keys + size,
        )
        size += run.high - run.low
    part.offsets[part.count] = size
    if part.count == 1:
        emit_run(part.runs, source, index)
        return True
    keys = merge_narrow(keys, <uint64_t*>part.spare, part.offsets, part.count)
    for i in range(size):
        emit(part, keys[i] & mask, layout.position_bits, source + i, index + i)
    if layout.packing.drop:
        for i in range(1, size):
            if (keys[i - 1] ^ keys[i]) >> place_bits == 0 and not in_order(
                part, source, index, i
            ):
                return False
    return True


cdef void merge_as_pairs(
    Part* part, Layout layout, int32_t* source, int64_t* index
) noexcept nogil:
    cdef Wide* items = <Wide*>part.items
    cdef uint64_t mask = (<uint64_t>1 << (64 - LEFTOVER_BITS)) - 1
    cdef Py_ssize_t i, size = 0
    cdef const Run* run
    for i in range(part.count):
        run = &part.runs[i]
        part.offsets[i] = size
        part.descends |= load_wide(
            &part.columns[run.source], run.low, run.high, part.order,
            <uint64_t>i << layout.position_bits, items + size,
        )
        size += run.high - run.low
    part.offsets[part.count] = size
    items = merge_wide(items, <Wide*>part.spare, part.offsets, part.count)
    for i in range(size):
        emit(part, items[i].tie & mask, layout.position_bits, source + i, index + i)


cdef int merge_part(Part* part, int32_t* source, int64_t* index) noexcept nogil:
    cdef Layout layout
    if part.size == 0:
        return 0
    layout = layout_of(part)
    if layout.narrow:
        if reserve(part, part.size * sizeof(uint64_t)) < 0:
            return -1
        if merge_as_words(part, layout, source, index):
            return 0
    if reserve(part, part.size * sizeof(Wide)) < 0:
        return -1
    merge_as_pairs(part, layout, source, index)
    return 0
