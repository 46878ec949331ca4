"""A tree of winners: which of many entries comes first, where ordinals decide all.

Each node of a binary tree holds the leaf that comes out first of all below it (Knuth,
The Art of Computer Programming 3, 5.4.1). A leaf that changes costs one comparison a
level, and the same steps whatever the keys are: no branch is there to be mispredicted.
"""

from chronomux._core.entry cimport Entry, Rank


cdef extern from *:
    """
    /* Which of two, by a branch: a conditional move would wait for the condition. */
    static inline Py_ssize_t guessed(int yes, Py_ssize_t one, Py_ssize_t other) {
        if (__builtin_expect(yes, 1)) {
            __asm__ volatile("" : "+r"(one));  /* keeps the branch a branch */
            return one;
        }
        return other;
    }
    """
    Py_ssize_t guessed(bint yes, Py_ssize_t one, Py_ssize_t other) noexcept nogil


# Give a leaf another entry; leaf i, of a power of two of leaves, is node leaves + i.
#
# Mostly the rest's best comes first then. It is known without the new key, so that the
# processor goes on with it, by a guess, while that key is still on its way from memory;
# what is written below the top nobody waits for. Of two, a guess would be a toss.
cdef inline void climb(
    Entry* entries,
    Py_ssize_t* tree,
    Py_ssize_t leaves,
    Py_ssize_t leaf,
    const Entry* entry,
) noexcept nogil:
    cdef Py_ssize_t node = leaves + leaf, rival
    cdef Py_ssize_t best = tree[node ^ 1]  # but for the leaf
    cdef Rank rank = entry.rank, best_rank = entries[best].rank, rival_rank
    cdef bint closer
    # Word by word: as a whole, the processor would wait for the entry to be written.
    entries[leaf].rank = rank
    entries[leaf].lane = entry.lane
    while node > 3:
        rival = tree[(node >> 1) ^ 1]
        node >>= 1
        tree[node] = best if best_rank < rank else leaf
        rival_rank = entries[rival].rank
        closer = rival_rank < best_rank
        best = rival if closer else best
        best_rank = rival_rank if closer else best_rank
    if leaves == 2:
        tree[1] = best if best_rank < rank else leaf
    else:
        tree[1] = guessed(best_rank < rank, best, leaf)
