# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""Pairwise merges of sorted runs without data-dependent branches.

A branch on random keys is mispredicted every other time, which costs more than the
comparison. So two lanes (from the front and from the back) select by arithmetic, as in
the bidirectional merge of Peters' pattern-defeating and Voultapher's drift sort; where
one side keeps winning the run is found by galloping (McIlroy, 1993) and copied whole.
"""

from libc.stdint cimport uint64_t
from libc.string cimport memcpy

ctypedef fused Item:
    uint64_t
    Wide

cdef enum:
    GALLOP = 16  # items one side must win in a row before its run is searched for
    LEAST = 4  # steps of both lanes that pay for setting them up
    STRIDE = 128  # steps of all lanes between two looks at who is winning
    WORTH_HALVING = 64  # steps that pay for a binary search


cdef inline bint less(const Item* a, const Item* b) noexcept nogil:
    if Item is uint64_t:
        return a[0] < b[0]
    else:
        return (a.key < b.key) | ((a.key == b.key) & (a.tie < b.tie))


cdef inline Py_ssize_t run_below(
    const Item* items, Py_ssize_t count, const Item* bound
) noexcept nogil:
    """How many of the sorted items are below `bound`; the first GALLOP are."""
    cdef Py_ssize_t low = GALLOP, step = GALLOP, high, middle
    while low + step < count and less(&items[low + step], bound):
        low += step
        step *= 2
    high = min(low + step, count)
    while low < high:
        middle = (low + high) >> 1
        if less(&items[middle], bound):
            low = middle + 1
        else:
            high = middle
    return low


cdef inline bint wins(const Item* a, const Item* end, const Item* b) noexcept nogil:
    """Whether a's side will win the next GALLOP items."""
    return end - a >= GALLOP and less(&a[GALLOP - 1], b)


# What is left to merge: [a, a_end) and [b, b_end) into [out, out_end).
cdef struct Narrow:
    const uint64_t* a
    const uint64_t* a_end
    const uint64_t* b
    const uint64_t* b_end
    uint64_t* out
    uint64_t* out_end

cdef struct Broad:
    const Wide* a
    const Wide* a_end
    const Wide* b
    const Wide* b_end
    Wide* out
    Wide* out_end

ctypedef fused Job:
    Narrow
    Broad


cdef inline Py_ssize_t steps_of(const Job* job) noexcept nogil:
    """Steps from both ends within which neither side can run out."""
    return min(min(job.a_end - job.a, job.b_end - job.b) >> 1, STRIDE)


cdef inline void both_ends(Job* job, Py_ssize_t steps) noexcept nogil:
    """Merge `steps` items from the front and as many from the back.

    Of a lane's position only the items taken from a are state: those from b follow.
    """
    cdef Py_ssize_t front = 0, back = 0, i
    for i in range(steps):
        front += take_front(job, front, i)
        back += take_back(job, back, i)
    advance(job, steps, front, back)


cdef inline void four_ends(Job* job, Job* other, Py_ssize_t steps) noexcept nogil:
    """Two jobs at once: a lane waits for its loads most of the time."""
    cdef Py_ssize_t front = 0, back = 0, front2 = 0, back2 = 0, i
    cdef Job one = job[0], two = other[0]
    for i in range(steps):
        front += take_front(&one, front, i)
        back += take_back(&one, back, i)
        front2 += take_front(&two, front2, i)
        back2 += take_back(&two, back2, i)
    advance(job, steps, front, back)
    advance(other, steps, front2, back2)


cdef inline bint take_front(Job* job, Py_ssize_t from_a, Py_ssize_t i) noexcept nogil:
    """The i-th item from the front; whether it came from a."""
    cdef bint take_b = less(&job.b[i - from_a], &job.a[from_a])
    job.out[i] = job.b[i - from_a] if take_b else job.a[from_a]
    return not take_b


cdef inline bint take_back(Job* job, Py_ssize_t from_a, Py_ssize_t i) noexcept nogil:
    cdef bint take_a = less(&job.b_end[from_a - i - 1], &job.a_end[-1 - from_a])
    job.out_end[-1 - i] = (
        job.a_end[-1 - from_a] if take_a else job.b_end[from_a - i - 1]
    )
    return take_a


cdef inline void advance(
    Job* job, Py_ssize_t steps, Py_ssize_t front, Py_ssize_t back
) noexcept nogil:
    job.a += front
    job.b += steps - front
    job.out += steps
    job.a_end -= back
    job.b_end -= steps - back
    job.out_end -= steps


cdef inline Job halve(Job* job) noexcept nogil:
    """Leave the lower half of the output to `job`; returns the upper half.

    Binary search on the diagonal (merge path: Odeh et al., 2012).
    """
    cdef Py_ssize_t half = (job.out_end - job.out) >> 1, middle
    cdef Py_ssize_t low = max(0, half - (job.b_end - job.b))
    cdef Py_ssize_t high = min(half, job.a_end - job.a)
    cdef Job upper = job[0]
    while low < high:
        middle = (low + high) >> 1
        if less(&job.b[half - middle - 1], &job.a[middle]):
            high = middle
        else:
            low = middle + 1
    upper.a = job.a_end = job.a + low
    upper.b = job.b_end = job.b + half - low
    upper.out = job.out_end = job.out + half
    return upper


cdef inline void copy_run(
    const Item** side, const Item* end, const Item* other, Item** out
) noexcept nogil:
    cdef Py_ssize_t run = run_below(side[0], end - side[0], other)
    memcpy(out[0], side[0], run * sizeof(Item))
    side[0] += run
    out[0] += run


cdef void finish(Job* job) noexcept nogil:
    cdef Py_ssize_t steps, from_a
    while True:
        steps = steps_of(job)
        if steps < LEAST:
            break
        if wins(job.a, job.a_end, job.b):
            copy_run(&job.a, job.a_end, job.b, &job.out)
        elif wins(job.b, job.b_end, job.a):
            copy_run(&job.b, job.b_end, job.a, &job.out)
        else:
            both_ends(job, steps)
    while job.a < job.a_end and job.b < job.b_end:
        from_a = take_front(job, 0, 0)
        advance_front(job, from_a)
    memcpy(job.out, job.a, (job.a_end - job.a) * sizeof(job.a[0]))
    job.out += job.a_end - job.a
    memcpy(job.out, job.b, (job.b_end - job.b) * sizeof(job.b[0]))


cdef inline void advance_front(Job* job, Py_ssize_t from_a) noexcept nogil:
    job.a += from_a
    job.b += 1 - from_a
    job.out += 1


cdef void merge_two(Job* job) noexcept nogil:
    cdef Py_ssize_t steps
    cdef Job upper
    if steps_of(job) < WORTH_HALVING or wins(job.a, job.a_end, job.b) or wins(
        job.b, job.b_end, job.a
    ):
        finish(job)
        return
    upper = halve(job)
    while True:
        steps = min(steps_of(job), steps_of(&upper))
        if steps < LEAST or wins(job.a, job.a_end, job.b) or wins(
            job.b, job.b_end, job.a
        ):
            break
        four_ends(job, &upper, steps)
    finish(job)
    finish(&upper)


cdef inline void merge_narrow_pair(
    const uint64_t* items, uint64_t* spare,
    Py_ssize_t left, Py_ssize_t middle, Py_ssize_t right,
) noexcept nogil:
    cdef Narrow job = Narrow(
        items + left, items + middle, items + middle, items + right,
        spare + left, spare + right,
    )
    merge_two(&job)


cdef inline void merge_wide_pair(
    const Wide* items, Wide* spare,
    Py_ssize_t left, Py_ssize_t middle, Py_ssize_t right,
) noexcept nogil:
    cdef Broad job = Broad(
        items + left, items + middle, items + middle, items + right,
        spare + left, spare + right,
    )
    merge_two(&job)


cdef inline Item* merge_runs(
    Item* items, Item* spare, Py_ssize_t* offsets, Py_ssize_t count
) noexcept nogil:
    cdef Py_ssize_t i, left, middle, right = 0
    while count > 1:
        for i in range(0, count, 2):
            left = offsets[i]
            middle = offsets[i + 1]
            right = offsets[i + 2] if i + 2 <= count else middle
            if Item is uint64_t:
                merge_narrow_pair(items, spare, left, middle, right)
            else:
                merge_wide_pair(items, spare, left, middle, right)
            offsets[i // 2] = left
        offsets[(count + 1) // 2] = right
        count = (count + 1) // 2
        items, spare = spare, items
    return items


cdef uint64_t* merge_narrow(
    uint64_t* items, uint64_t* spare, Py_ssize_t* offsets, Py_ssize_t count
) noexcept nogil:
    return merge_runs(items, spare, offsets, count)


cdef Wide* merge_wide(
    Wide* items, Wide* spare, Py_ssize_t* offsets, Py_ssize_t count
) noexcept nogil:
    return merge_runs(items, spare, offsets, count)
