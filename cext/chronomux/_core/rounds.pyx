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

from chronomux._core.columns cimport INT64, Order
from chronomux._core.merge cimport merge_columns


cdef inline bint is_before(const Reach* a, const Reach* b) noexcept nogil:
    return a.last < b.last or (a.last == b.last and a.source < b.source)


cdef Reach* frontier_of(Round* round) noexcept nogil:
    cdef Reach* least = round.live
    cdef Py_ssize_t i
    for i in range(1, round.living):
        if is_before(&round.live[i], least):
            least = &round.live[i]
    return least


cdef Py_ssize_t cut_at(Round* round, const Reach* frontier) noexcept nogil:
    """Make columns of what stands before the frontier; how many records."""
    cdef int64_t bound = frontier.last
    cdef int32_t nearest = frontier.source
    cdef Py_ssize_t i, kept = 0, total = 0
    cdef Reach* reach
    cdef Batch* batch
    round.widths = 0
    for i in range(round.living):
        reach = &round.live[i]
        if reach.first < bound or (reach.first == bound and reach.source <= nearest):
            batch = &round.batches[reach.source]
            reach.cut = count_up_to(
                batch.keys, reach.next, batch.stop, bound, reach.source <= nearest
            )
            round.columns[round.widths] = Column(
                <const char*>(batch.keys + reach.next), sizeof(int64_t),
                reach.cut - reach.next, INT64,
            )
            round.bases[round.widths] = reach.next
            round.owners[round.widths] = reach.source
            round.widths += 1
            total += reach.cut - reach.next
            reach.next = reach.cut
            if reach.next == batch.stop:
                continue  # no longer live
            reach.first = batch.keys[reach.next]
        round.live[kept] = reach[0]
        kept += 1
    round.living = kept
    return total


cdef int32_t merge_batches(Round* round) except -1 nogil:
    cdef Order order = Order(False, 0)
    cdef Reach* frontier = frontier_of(round)
    cdef int32_t exhausted = frontier.source
    cdef Py_ssize_t total = cut_at(round, frontier)
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


cdef int check(const Batch* batch, Py_ssize_t start) except -1:
    """Offsets must rise and lie within the rows."""
    cdef Py_ssize_t i, count = batch.views[0].len // 8
    cdef bint falls = False
    if batch.views[1].len // 8 != count + 1 or not 0 <= start < batch.stop <= count:
        raise ValueError("a batch of n records has n keys and n + 1 offsets")
    for i in range(start, batch.stop):
        falls |= batch.offsets[i] > batch.offsets[i + 1]
    if (
        falls or batch.offsets[start] < 0
        or batch.offsets[batch.stop] > batch.rows_end - batch.rows
    ):
        raise ValueError("offsets must rise and lie within the rows")
    return 0
