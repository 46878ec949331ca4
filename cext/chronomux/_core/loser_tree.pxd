"""A tree of losers: which of k inputs comes next, in log2(k) comparisons.

D. Knuth, The Art of Computer Programming, volume 3 (1973), 5.4.1. Node i holds the
loser of the match between the winners below nodes 2 i and 2 i + 1; leaf s stands below
node (s + k) / 2. A player is a key and its input, so no two are equal.
"""

from libc.stdint cimport uint64_t

cdef enum:
    INPUT_BITS = 40


cdef extern from *:
    """
    #define ABSENT_BIT ((uint64_t)1 << 63)
    """
    const uint64_t ABSENT_BIT


cdef struct Player:
    uint64_t high  # the key's exact ordinal, see ordinal.pxd; complemented in reverse
    uint64_t rank  # its low word (11 bits), then the input (INPUT_BITS)


cdef inline bint beats(Player left, Player right) noexcept nogil:
    # No `and`, no `or`: which of two is less cannot be predicted.
    return (left.high < right.high) | (
        (left.high == right.high) & (left.rank < right.rank)
    )


# Who has nothing loses to all who have something.
cdef inline Player absent(Py_ssize_t input) noexcept nogil:
    return Player(<uint64_t>-1, ABSENT_BIT | <uint64_t>input)


cdef inline Py_ssize_t input_of_rank(uint64_t rank) noexcept nogil:
    return <Py_ssize_t>(rank & ((<uint64_t>1 << INPUT_BITS) - 1))


cdef inline Py_ssize_t input_of(Player player) noexcept nogil:
    return input_of_rank(player.rank)


cdef inline bint is_absent(Player player) noexcept nogil:
    return (player.rank & ABSENT_BIT) != 0


cdef extern from *:
    """
    /* Change places with the other if that one is less: without a branch, which would
     * be mispredicted, and as one number each. Of two words that are treated alike gcc
     * makes vectors, and a comparison then waits for their way there and back. */
    static inline void chronomux_match(uint64_t *high, uint64_t *rank,
                                       uint64_t *other_high, uint64_t *other_rank)
    {
        unsigned __int128 mine = (unsigned __int128)*high << 64 | *rank;
        unsigned __int128 other = (unsigned __int128)*other_high << 64 | *other_rank;
        int64_t lost = -(int64_t)(other < mine);
        unsigned __int128 flip = (other ^ mine) & (unsigned __int128)(__int128)lost;
        mine ^= flip;
        other ^= flip;
        *high = (uint64_t)(mine >> 64);
        *rank = (uint64_t)mine;
        *other_high = (uint64_t)(other >> 64);
        *other_rank = (uint64_t)other;
    }
    """
    void play "chronomux_match"(
        uint64_t* high, uint64_t* rank, uint64_t* other_high, uint64_t* other_rank
    ) noexcept nogil


# The new winner, after a player took the place of the old one at its leaf. In words,
# not as a Player: one that was just stored in two halves would be waited for.
cdef inline void replay(
    Player* tree, Py_ssize_t size, uint64_t high, uint64_t rank, Player* winner
) noexcept nogil:
    cdef Py_ssize_t node = (input_of_rank(rank) + size) >> 1
    while node:
        play(&high, &rank, &tree[node].high, &tree[node].rank)
        node >>= 1
    winner.high = high
    winner.rank = rank


# The least of all but the winner.
cdef inline Player runner_up(
    const Player* tree, Py_ssize_t size, Player winner
) noexcept nogil:
    cdef Py_ssize_t node = (input_of(winner) + size) >> 1
    cdef Player best = absent(0)
    while node:
        if beats(tree[node], best):
            best = tree[node]
        node >>= 1
    return best


# Plays all matches; the players stand in tree[size:2 * size]. The winner.
cdef inline Player play_all(Player* tree, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t node = size - 1, left, right
    cdef Player winner
    # For the while, each node holds its winner: from the leaves up, each match is
    # played with the winners below; then, from the root down, losers take their place.
    while node > 0:
        left = 2 * node
        right = left + 1
        tree[node] = tree[left] if beats(tree[left], tree[right]) else tree[right]
        node -= 1
    winner = tree[1]
    for node in range(1, size):
        left = 2 * node
        right = left + 1
        tree[node] = tree[right] if beats(tree[left], tree[right]) else tree[left]
    return winner
