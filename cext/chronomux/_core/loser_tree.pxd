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


cdef inline Py_ssize_t input_of(Player player) noexcept nogil:
    return <Py_ssize_t>(player.rank & ((<uint64_t>1 << INPUT_BITS) - 1))


cdef inline bint is_absent(Player player) noexcept nogil:
    return (player.rank & ABSENT_BIT) != 0


# The new winner, after `player` took the place of the old one at its leaf.
cdef inline Player replay(
    Player* tree, Py_ssize_t size, Player player
) noexcept nogil:
    cdef Py_ssize_t node = (input_of(player) + size) >> 1
    cdef uint64_t lost, high, rank
    while node:
        # Change places if it lost, by masks: no branch that would be mispredicted.
        lost = 0 - <uint64_t>beats(tree[node], player)
        high = (tree[node].high ^ player.high) & lost
        rank = (tree[node].rank ^ player.rank) & lost
        tree[node].high ^= high
        tree[node].rank ^= rank
        player.high ^= high
        player.rank ^= rank
        node >>= 1
    return player


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
