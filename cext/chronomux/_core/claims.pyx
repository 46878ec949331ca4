# cython: nonecheck=False
# (A check for None would need the GIL; a ring is never None.)
"""What consumers have in their hands: see ring_layout.h.

A consumer claims rows, takes them, makes items of them, and settles. Rows whose
consumer died meanwhile become an orphan, from which other consumers take them one by
one: if a row is what kills them, no other goes with it.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t, uint64_t
from posix.unistd cimport getpid

from chronomux._core.ring cimport (
    DONE,
    NO_CLAIM,
    ORPHAN,
    RING_CLAIMS,
    Ring,
    Source,
    bell_call,
    claim,
    claim_of,
    clock_ns,
    head_after,
    head_at,
    is_stopped,
    load_acquire,
    load_relaxed,
    position_of,
    record,
    rows_taken,
    store_relaxed,
    store_release,
    swap_word,
)

cdef enum:
    PID_BITS = 22
    LOCK_LIMIT = 1_000_000  # ns
    PATIENCE = 50_000_000  # ns until a producer looks for who is stopped
    ALIGNMENT = 8
    DEATH_LIMIT = 8

MOST_CLAIMS = RING_CLAIMS
MOST_DEATHS = DEATH_LIMIT


cdef inline uint64_t used_claims(Ring ring) noexcept nogil:
    return min(load_acquire(&ring.shared.used_claims), <uint64_t>RING_CLAIMS)


cdef inline uint32_t pid_of(uint64_t owner) noexcept nogil:
    return owner & ((1 << PID_BITS) - 1)


cdef inline bint is_open(const claim* entry) noexcept nogil:
    return load_acquire(&entry.begin) != NO_CLAIM


@cython.final
@cython.no_gc_clear  # the ring is used at the end
cdef class Claim:
    """What a consumer has in its hands.

    pid, started: of the process. gone(pid, started): whether a process has ended.
    """

    def __cinit__(self, Ring ring not None, uint32_t pid, uint64_t started, gone):
        self.ring = ring
        self.pid = pid
        self.enter(started << PID_BITS | pid, gone)

    def __dealloc__(self):
        if self.entry != NULL and self.pid == <uint32_t>getpid():  # no forked copy
            self.settle()
            store_release(&self.entry.owner, 0)

    @property
    def number(self):
        """Which of the ring's claims it is, or None: there were too many consumers."""
        if self.entry == NULL:
            return None
        return self.entry - self.ring.shared.claims

    cdef int enter(self, uint64_t me, object gone) except -1:
        """Without a lock, which a stopped process may have."""
        cdef uint64_t i, owner
        for i in range(RING_CLAIMS):
            owner = load_acquire(&self.ring.shared.claims[i].owner)
            if (
                not is_open(&self.ring.shared.claims[i])
                and self.may_enter(owner, gone)
                and swap_word(&self.ring.shared.claims[i].owner, owner, me)
            ):
                self.entry = &self.ring.shared.claims[i]
                self.count(i + 1)
                break
        return 0

    cdef void count(self, uint64_t used) noexcept nogil:
        cdef uint64_t before = used_claims(self.ring)
        while before < used and not swap_word(
            &self.ring.shared.used_claims, before, used
        ):
            before = used_claims(self.ring)

    cdef bint may_enter(self, uint64_t owner, object gone) except -1:
        return owner in (0, ORPHAN) or gone(pid_of(owner), owner >> PID_BITS)

    cdef bint goes_on(self, uint64_t head) noexcept nogil:
        if self.entry == NULL or not is_open(self.entry):
            return True
        return self.entry.end == head

    cdef bint is_of_the_dead(self) noexcept nogil:
        return self.entry != NULL and is_open(self.entry) and self.entry.deaths > 0

    cdef bint take(
        self, const Source* source, uint64_t head, uint64_t rows, const record* of
    ) noexcept nogil:
        """Claim and take rows; False when another consumer was faster."""
        cdef claim* entry = self.entry
        if entry == NULL:
            return self.ring.take(source, head, rows, of)
        cdef bint opened = not is_open(entry)
        store_relaxed(&entry.end, head_after(head, rows, of))
        if opened:
            entry.deaths = 0
            if source.head != &self.ring.shared.head:
                entry.deaths = claim_of(source.head).deaths
            store_release(&entry.begin, head)
        if self.ring.take(source, head, rows, of):
            return True
        if opened:
            store_release(&entry.begin, NO_CLAIM)
        else:
            store_relaxed(&entry.end, head)
        return False

    cdef void settle(self) noexcept nogil:
        """The items are made."""
        cdef uint64_t begin
        if self.entry != NULL and is_open(self.entry):
            begin = self.entry.begin
            store_release(&self.entry.begin, NO_CLAIM)
            self.ring.call_producers(begin, self.entry.end)


cdef void pass_stopped(Ring ring) noexcept nogil:
    cdef uint64_t spared = ring.spared_from()
    cdef int64_t now = clock_ns()
    if spared == position_of(load_acquire(&ring.shared.head)):
        return
    if ring.shared.held_up != spared:
        ring.shared.held_up = spared
        ring.shared.held_since = now
    elif now - ring.shared.held_since >= PATIENCE:
        ring.shared.held_since = now
        if is_held_by_stopped(ring, spared):
            store_release(&ring.shared.released, spared + ALIGNMENT)
            bell_call(&ring.shared.room)


cdef bint is_held_by_stopped(Ring ring, uint64_t position) noexcept nogil:
    cdef uint64_t i, owner
    for i in range(used_claims(ring)):
        owner = load_acquire(&ring.shared.claims[i].owner)
        if (
            position_of(load_acquire(&ring.shared.claims[i].begin)) == position
            and owner != ORPHAN
            and is_stopped(pid_of(owner))
        ):
            return True
    return False


cdef bint has_claims(Ring ring) noexcept nogil:
    cdef uint64_t i
    for i in range(used_claims(ring)):
        if is_open(&ring.shared.claims[i]):
            return True
    return False


def open_claims(Ring ring not None):
    """[(number, pid, started)] of the consumers that have something in their hands."""
    cdef uint64_t i, owner
    found = []
    for i in range(used_claims(ring)):
        owner = load_acquire(&ring.shared.claims[i].owner)
        if owner not in (0, ORPHAN) and is_open(&ring.shared.claims[i]):
            found.append((i, pid_of(owner), owner >> PID_BITS))
    return found


def bury(Ring ring not None, uint64_t number, uint32_t pid, uint64_t started):
    """A consumer is dead: others may take what it had. False when that is given up, as
    it was in the hands of MOST_DEATHS dead, or of one that was stopped for too long.
    Nothing is done when another process keeps the lock: who waits asks again."""
    cdef claim* entry = &ring.shared.claims[number]
    cdef bint kept = True
    if number >= RING_CLAIMS or ring.lock(LOCK_LIMIT) != DONE:
        return True
    if entry.owner == (started << PID_BITS | pid) and is_open(entry):
        kept = make_orphan(ring, entry)
    ring.unlock()
    bell_call(&ring.shared.items)
    bell_call(&ring.shared.room)
    return kept


cdef bint make_orphan(Ring ring, claim* entry) noexcept nogil:
    cdef uint64_t head = load_acquire(&ring.shared.head)
    cdef bint kept = True
    if head < entry.end:  # it died before it took the last of them
        entry.end = head
    if entry.begin >= entry.end:
        store_release(&entry.begin, NO_CLAIM)
    elif (
        position_of(entry.begin) < ring.shared.released
        or entry.deaths + 1 >= DEATH_LIMIT
    ):
        store_release(&entry.begin, NO_CLAIM)
        kept = False
    else:
        entry.deaths += 1
    store_release(&entry.owner, ORPHAN)
    return kept


cdef uint64_t orphan_rows(Ring ring) noexcept nogil:
    """How many rows there are that the dead have left; right when it is quiet."""
    cdef uint64_t i, rows = 0
    for i in range(used_claims(ring)):
        if load_acquire(&ring.shared.claims[i].owner) == ORPHAN:
            rows += rows_between(
                ring,
                load_acquire(&ring.shared.claims[i].begin),
                load_relaxed(&ring.shared.claims[i].end),
            )
    return rows


cdef uint64_t rows_between(Ring ring, uint64_t head, uint64_t end) noexcept nogil:
    cdef record one
    cdef uint64_t rows = 0
    while head < end:
        if position_of(head) == position_of(end):
            return rows + rows_taken(end) - rows_taken(head)
        ring.copy_out(position_of(head), &one, sizeof(record))
        if one.rows <= rows_taken(head):  # it was taken and written over meanwhile
            break
        rows += one.rows - rows_taken(head)
        head = head_at(position_of(head) + sizeof(record) + one.bytes, 0)
    return rows
