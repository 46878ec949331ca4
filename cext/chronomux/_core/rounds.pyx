# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""Rounds of a merge of many sources, whose batches come one after the other.

A record may leave only when no later batch can hold an earlier one. The *frontier* is
the least of the last keys of the batches at hand; a round merges all up to it, and the
source it came from loads its next batch. O(n log k + rounds * k) for n records, and as
many rounds as batches.
"""

from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memmove

from chronomux._core.columns cimport INT64, Order
from chronomux._core.merge cimport merge_columns


cdef inline Py_ssize_t place_of(const Round* round, int32_t source) noexcept nogil:
    """Where a source stands among the live ones, or would."""
    cdef Py_ssize_t low = 0, high = round.living, middle
    while low < high:
        middle = (low + high) >> 1
        if round.live[middle].source < source:
            low = middle + 1
        else:
            high = middle
    return low


cdef void enter(Round* round, int32_t source) noexcept nogil:
    cdef const Batch* batch = &round.batches[source]
    cdef Py_ssize_t place = place_of(round, source)
    if place < round.living and round.live[place].source == source:
        round.vacant = -1
    else:
        leave(round)
        place = place_of(round, source)
        memmove(
            &round.live[place + 1], &round.live[place],
            (round.living - place) * sizeof(Reach),
        )
        round.living += 1
    round.live[place] = Reach(
        batch.keys[batch.next], batch.keys[batch.stop - 1], source
    )


cdef void leave(Round* round) noexcept nogil:
    cdef Py_ssize_t place = round.vacant
    if place >= 0:
        round.vacant = -1
        round.living -= 1
        memmove(
            &round.live[place], &round.live[place + 1],
            (round.living - place) * sizeof(Reach),
        )


cdef Py_ssize_t frontier_of(const Round* round) noexcept nogil:
    """Which live source runs out first: of those with the least last key the first."""
    cdef Py_ssize_t least = 0, i
    for i in range(1, round.living):
        if round.live[i].last < round.live[least].last:
            least = i
    return least


cdef Py_ssize_t cut_at(Round* round, Py_ssize_t frontier) noexcept nogil:
    """Make columns of what stands before the frontier; how many records."""
    cdef int64_t bound = round.live[frontier].last
    cdef Py_ssize_t i, cut, total = 0
    cdef Reach* reach
    cdef Batch* batch
    round.widths = 0
    for i in range(round.living):
        reach = &round.live[i]
        if reach.first < bound or (reach.first == bound and i <= frontier):
            batch = &round.batches[reach.source]
            cut = count_up_to(batch.keys, batch.next, batch.stop, bound, i <= frontier)
            round.columns[round.widths] = Column(
                <const char*>(batch.keys + batch.next), sizeof(int64_t),
                cut - batch.next, INT64,
            )
            round.slices[round.widths] = Slice(
                batch.offsets + batch.next, batch.rows, batch.rows_end, batch.next,
                reach.source,
            )
            round.widths += 1
            total += cut - batch.next
            batch.next = cut
            if i != frontier:  # which has none left
                reach.first = batch.keys[cut]
    return total


cdef int32_t merge_batches(Round* round) except -1 nogil:
    cdef Order order = Order(False, 0)
    cdef Py_ssize_t frontier = frontier_of(round)
    cdef int32_t exhausted = round.live[frontier].source
    cdef Py_ssize_t total = cut_at(round, frontier)
    round.vacant = frontier
    if round.widths == 1:
        round.merged = total  # as they stand
        return exhausted
    reserve(round, total)
    if merge_columns(round.columns, round.widths, order, round.source, round.index):
        with gil:
            raise ValueError("keys of a source fall; put them in order first")
    round.merged = total  # only now is there anything to copy
    return exhausted


cdef int reserve(Round* round, Py_ssize_t total) except -1 nogil:
    if total <= round.room:
        return 0
    free(round.source)
    free(round.index)
    round.room = 0
    round.source = <int32_t*>malloc(total * sizeof(int32_t))
    round.index = <int64_t*>malloc(total * sizeof(int64_t))
    if round.source == NULL or round.index == NULL:
        with gil:
            raise MemoryError
    round.room = total
    return 0


cdef int check(const Batch* batch, Py_ssize_t start, Py_ssize_t stop) except -1:
    """Offsets must rise and lie within the rows."""
    cdef Py_ssize_t i, count = batch.views[0].len // 8
    cdef bint falls = False
    if batch.views[1].len // 8 != count + 1 or not 0 <= start < stop <= count:
        raise ValueError("a batch of n records has n keys and n + 1 offsets")
    for i in range(start, stop):
        falls |= batch.offsets[i] > batch.offsets[i + 1]
    if (
        falls or batch.offsets[start] < 0
        or batch.offsets[stop] > batch.rows_end - batch.rows
    ):
        raise ValueError("offsets must rise and lie within the rows")
    return 0
