"""Frames through memory that processes share: see ring.pxd and ring_layout.h."""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EAGAIN, EBADMSG, EBUSY, errno
from libc.stdint cimport INT64_MAX, int64_t, uint32_t, uint64_t
from libc.string cimport memcpy
from posix.unistd cimport close

import os

cdef enum:
    ALIGNMENT = 8
    FEWEST_BYTES = 4096
    COUNT_LIMIT = 1_000_000  # ns
    LOCK_SLICE = 10_000_000  # ns until a wait looks for signals
    PAGES = 1 << 16  # bytes that get memory at once

HEADER_BYTES = sizeof(ring)
MOST_PRODUCERS = RING_SLOTS


cdef extern from "sys/mman.h" nogil:
    void* mmap(void* address, size_t size, int access, int flags, int fd, size_t from_)
    int munmap(void* address, size_t size)
    const int PROT_READ
    const int PROT_WRITE
    const int MAP_SHARED
    void* MAP_FAILED


cdef inline uint64_t nests_of(uint64_t size) noexcept nogil:
    """Where the nests of extents begin, behind a header and a ring of that size."""
    return (size + PAGES - 1) // PAGES * PAGES


@cython.final
cdef class Ring:
    """A ring in a file that is only memory: HEADER_BYTES and the ring's own bytes.

    fd: of the file; the ring closes it. name: 16 bytes; with it the ring is made, in
    a file of zeros, without it the file must hold one. maxsize: items; 0 for no bound.
    """

    def __cinit__(self, int fd, *, bytes name=None, uint64_t maxsize=0):
        cdef uint64_t size = os.fstat(fd).st_size
        self.fd = -1
        if size < sizeof(ring) + FEWEST_BYTES:
            raise ValueError(
                f"{size} bytes are too few for a ring: give it "
                f"{sizeof(ring) + FEWEST_BYTES} at least"
            )
        if name is not None:
            self.raise_error(reserve_pages(fd, 0, sizeof(ring)))
            self.nests = nests_of(size)
            os.ftruncate(fd, self.nests + RING_EXTENTS * NEST_BYTES)
            self.map(fd, self.nests + RING_EXTENTS * NEST_BYTES)
            self.create(name, maxsize, size)
        else:
            self.map(fd, size)
        self.capacity = self.shared.capacity
        self.nests = nests_of(sizeof(ring) + self.capacity)
        if (
            self.shared.magic != RING_MAGIC
            or self.capacity > self.mapped
            or self.capacity < FEWEST_BYTES
            or self.capacity % ALIGNMENT
            or self.nests + RING_EXTENTS * NEST_BYTES > self.mapped
        ):
            raise ValueError("the file is no ring of this release of chronomux")
        self.fd = fd

    cdef int map(self, int fd, uint64_t size) except -1:
        self.shared = <ring*>mmap(
            NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0
        )
        if <void*>self.shared == MAP_FAILED:
            self.shared = NULL
            self.raise_error(errno)
        self.mapped = size
        self.data = <char*>self.shared + sizeof(ring)
        return 0

    def __dealloc__(self):
        if self.shared != NULL:
            munmap(self.shared, self.mapped)
        if self.fd >= 0:
            close(self.fd)

    def fileno(self):
        """The file's descriptor: what another process needs."""
        return self.fd

    cdef int create(self, bytes name, uint64_t maxsize, uint64_t size) except -1:
        cdef int i
        if len(name) != sizeof(self.shared.name):
            raise ValueError(f"a ring's name has 16 bytes, not {len(name)}")
        memcpy(self.shared.name, <const char*>name, sizeof(self.shared.name))
        self.shared.maxsize = maxsize
        self.shared.capacity = size - sizeof(ring)
        self.shared.capacity -= self.shared.capacity % ALIGNMENT
        self.raise_error(lock_init(&self.shared.put_lock))
        self.raise_error(lock_init(&self.shared.extent_lock))
        for i in range(RING_CLAIMS):
            self.shared.claims[i].begin = NO_CLAIM
        self.shared.file_end = self.mapped
        self.shared.magic = RING_MAGIC
        return 0

    cdef int raise_error(self, int error) except -1:
        if error:
            raise OSError(
                error, f"no shared memory for a queue: {os.strerror(error)}"
            )
        return 0

    @property
    def name(self):
        """What tells this ring from all others: 16 bytes."""
        return (<char*>self.shared.name)[: sizeof(self.shared.name)]

    @property
    def ring_bytes(self):
        """Bytes for records, headers of 24 bytes included."""
        return self.capacity

    @property
    def maxsize(self):
        """Items; 0 for no bound."""
        return self.shared.maxsize

    @property
    def wanted(self):
        """Whether a consumer waits for items, a producer for room."""
        return (
            bool(bell_is_wanted(&self.shared.items)),
            bool(bell_is_wanted(&self.shared.room)),
        )

    def __len__(self):
        """Items that were put and not taken, in the ring or on their way."""
        cdef int64_t count
        cdef bint locked
        with nogil:
            # Under the lock no item is counted twice on its way into the ring.
            locked = self.lock(COUNT_LIMIT) == DONE
            count = self.items_put()
            if locked:
                self.unlock()
        return max(0, count)

    # ---- Producers

    def attach(self, uint32_t pid, uint64_t started, gone, int64_t deadline=INT64_MAX):
        """Enter a producer and return its slot. OSError when there are too many.

        started: tells processes of one pid apart. gone(pid, started): whether a process
        has ended; its slot may then be used again. deadline: on clock_ns; TimeoutError
        when another process kept the lock until then.
        """
        cdef uint64_t number = 0
        self.lock_until(deadline)
        try:
            while number < self.shared.used_slots:
                entry = self.shared.slots[number].pid, self.shared.slots[number].started
                if entry[0] == 0 or gone(*entry):
                    break
                number += 1
            if number == RING_SLOTS:
                raise OSError(
                    EAGAIN, f"{RING_SLOTS} processes put on this queue already"
                )
            self.shared.slots[number].held = 0
            self.shared.slots[number].started = started
            self.shared.slots[number].pid = pid
            self.shared.used_slots = max(self.shared.used_slots, number + 1)
        finally:
            self.unlock()
        return number

    def detach(self, uint64_t number):
        """A producer ends in order. Without the lock, which a stopped process may have:
        the slot is its own until the last store."""
        store_relaxed(&self.shared.slots[number].held, 0)
        write_fence()
        self.shared.slots[number].pid = 0

    def producer(self, uint64_t number):
        """(pid, started) of the process in a slot; pid 0 for none."""
        if number >= RING_SLOTS:
            return 0, 0
        return self.shared.slots[number].pid, self.shared.slots[number].started

    def producers(self):
        """[(pid, started, items held)] of the processes that put and did not detach."""
        cdef uint64_t number, used = load_acquire(&self.shared.used_slots)
        found = []
        for number in range(min(used, <uint64_t>RING_SLOTS)):
            pid, started = self.producer(number)
            if pid:
                found.append((pid, started, self.shared.slots[number].held))
        return found

    def write_off(self, uint32_t pid, uint64_t started):
        """A producer is dead: what it held will never come. Who waits for that asks
        again, so nothing is done when another process keeps the lock."""
        cdef uint64_t i
        if self.lock(COUNT_LIMIT) != DONE:
            return
        for i in range(self.shared.used_slots):
            if (
                self.shared.slots[i].pid == pid
                and self.shared.slots[i].started == started
            ):
                self.shared.slots[i].held = 0
        self.unlock()
        bell_call(&self.shared.room)

    cdef int lock_until(self, int64_t deadline) except -1:
        """With the GIL: only for what is done once a process."""
        cdef Outcome outcome = LOCKED
        while outcome == LOCKED:
            if clock_ns() >= deadline:
                raise TimeoutError("another process keeps the queue's lock")
            with nogil:
                outcome = self.lock(LOCK_SLICE)
            PyErr_CheckSignals()
        if outcome != DONE:
            raise OSError(<int>outcome, "the queue's lock is broken")
        return 0

    cdef Outcome lock(self, int64_t ns) noexcept nogil:
        cdef int error = lock_within(&self.shared.put_lock, ns)
        return LOCKED if error == EBUSY else <Outcome>error

    cdef void unlock(self) noexcept nogil:
        lock_release(&self.shared.put_lock)

    cdef inline uint64_t current_tail(self) noexcept nogil:
        """For who holds the lock: nobody else moves it."""
        return self.shared.fronts[self.shared.turn & 1].tail

    cdef bint has_room(self, uint64_t size) noexcept nogil:
        cdef uint64_t end = self.current_tail() + size
        if end - self.shared.released > self.capacity:
            # First, for who finds a claim: what is before it may be written over.
            store_release(&self.shared.released, self.spared_from())
        return end - self.shared.released <= self.capacity

    cdef inline Outcome allocate(self, uint64_t end) noexcept nogil:
        """Get memory for the ring's first `end` bytes; it keeps them."""
        cdef uint64_t offset, size
        cdef int error
        if end > self.capacity:
            end = self.capacity
        if end <= self.shared.allocated:
            return DONE
        offset = self.shared.allocated
        size = end - offset + PAGES - 1
        size -= size % PAGES
        if size > self.capacity - offset:
            size = self.capacity - offset
        error = reserve_pages(self.fd, sizeof(ring) + offset, size)
        if error == 0:
            self.shared.allocated = offset + size
        return <Outcome>error

    cdef Outcome publish(
        self, record* head, const Piece* pieces, int count
    ) noexcept nogil:
        cdef uint64_t size = sizeof(record) + head.bytes
        cdef uint64_t turn = self.shared.turn
        cdef front* now = &self.shared.fronts[turn & 1]
        cdef front* next = &self.shared.fronts[(turn + 1) & 1]
        cdef uint64_t tail = now.tail
        cdef Outcome outcome
        cdef int i
        if not self.has_room(size):
            return NO_ROOM
        outcome = self.allocate(tail + size)
        if outcome != DONE:
            return outcome
        head.before = now.published
        # Who reads any of this finds, looking again, that head and turn have moved on.
        write_fence()
        self.copy_in(tail, head, sizeof(record))
        tail += sizeof(record)
        for i in range(count):
            self.copy_in(tail, pieces[i].data, pieces[i].bytes)
            tail += pieces[i].bytes
        next.tail = now.tail + size
        next.published = now.published + head.rows
        store_release(&self.shared.turn, turn + 1)
        return DONE

    cdef int64_t items_held(self) noexcept nogil:
        cdef uint64_t i, used = load_acquire(&self.shared.used_slots)
        cdef int64_t held = 0
        if used > RING_SLOTS:
            used = RING_SLOTS
        for i in range(used):
            if self.shared.slots[i].pid:
                held += <int64_t>load_relaxed(&self.shared.slots[i].held)
        return held

    cdef int64_t items_put(self) noexcept nogil:
        cdef int64_t held = self.items_held()  # first: see ring_layout.h
        read_fence()
        return held + self.items_waiting()

    # ---- Consumers

    cdef uint64_t spared_from(self) noexcept nogil:
        # First the head, as a claim is written before the head moves past it; and all
        # claims twice, as those of orphans move from one to another.
        cdef uint64_t position = position_of(load_acquire(&self.shared.head))
        cdef uint64_t i, begin, used = load_acquire(&self.shared.used_claims)
        cdef uint64_t released = load_relaxed(&self.shared.released)
        used = min(used, <uint64_t>RING_CLAIMS)
        for i in range(2 * used):
            begin = position_of(load_acquire(&self.shared.claims[i % used].begin))
            if released <= begin < position:
                position = begin
        return position

    cdef inline Source own_source(self) noexcept nogil:
        return Source(&self.shared.head, NO_CLAIM)

    cdef bint find_orphan(self, Source* source) noexcept nogil:
        """Whether there is one that has rows."""
        cdef uint64_t i, used = load_acquire(&self.shared.used_claims)
        for i in range(min(used, <uint64_t>RING_CLAIMS)):
            if (
                load_acquire(&self.shared.claims[i].owner) == ORPHAN
                and load_acquire(&self.shared.claims[i].begin) != NO_CLAIM
            ):
                source.head = &self.shared.claims[i].begin
                source.end = self.shared.claims[i].end
                return True
        return False

    cdef inline front last_front(self) noexcept nogil:
        """A front as it was at one moment."""
        cdef uint64_t turn
        cdef front found
        while True:
            turn = load_acquire(&self.shared.turn)
            found.tail = load_relaxed(&self.shared.fronts[turn & 1].tail)
            found.published = load_relaxed(&self.shared.fronts[turn & 1].published)
            read_fence()
            if load_relaxed(&self.shared.turn) == turn:
                return found

    cdef Outcome look(
        self, const Source* source, uint64_t* head, record* found
    ) noexcept nogil:
        """What is next. EBADMSG for a record that cannot be one."""
        cdef uint64_t position
        head[0] = load_acquire(source.head)
        position = position_of(head[0])
        if head[0] >= source.end or position == self.last_front().tail:
            return NOTHING
        self.copy_out(position, found, sizeof(record))
        read_fence()
        if position_of(load_relaxed(source.head)) != position:
            return CHANGED
        if found.bytes % ALIGNMENT or found.bytes > self.capacity - sizeof(record):
            return <Outcome>EBADMSG
        return DONE

    cdef Outcome copy_payload(
        self, const Source* source, uint64_t head, const record* found, char* to
    ) noexcept nogil:
        """CHANGED: what was copied may have been written over meanwhile."""
        cdef uint64_t position = position_of(head)
        self.copy_out(position + sizeof(record), to, found.bytes)
        read_fence()
        if position_of(load_relaxed(source.head)) != position:
            return CHANGED
        return DONE

    cdef bint take(
        self, const Source* source, uint64_t head, uint64_t rows, const record* of
    ) noexcept nogil:
        """Take so many rows, all but those of the record if they are its last ones.

        False when another consumer was faster: nothing was taken.
        """
        cdef uint64_t after = head_after(head, rows, of)
        if not swap_word(
            source.head, head, after if after < source.end else NO_CLAIM
        ):
            return False
        if self.shared.maxsize:
            bell_call(&self.shared.room)
        return True

    cdef void call_producers(self, uint64_t begin, uint64_t end) noexcept nogil:
        # Half of the ring at once: no frame is larger, and who waits wakes less often.
        # Any large frame, as its record is small and its extent one of few.
        if position_of(begin) == position_of(end):
            return
        full_fence()
        if bell_is_wanted(&self.shared.room) and (
            self.last_front().tail - position_of(end) <= self.capacity // 2
            or self.has_lent()
        ):
            bell_call(&self.shared.room)

    cdef inline bint has_lent(self) noexcept nogil:
        """Whether extents are in use, or were."""
        return load_relaxed(&self.shared.extents[0].after) != 0

    cdef int64_t items_waiting(self) noexcept nogil:
        cdef uint64_t head
        cdef front last
        cdef record next
        while True:
            head = load_acquire(&self.shared.head)
            last = self.last_front()
            if position_of(head) == last.tail:
                return 0
            self.copy_out(position_of(head), &next, sizeof(record))
            read_fence()
            if load_relaxed(&self.shared.head) == head:
                return <int64_t>(last.published - next.before - rows_taken(head))

    # ---- Bytes across the end

    cdef void copy_in(
        self, uint64_t position, const void* source, uint64_t size
    ) noexcept nogil:
        cdef uint64_t offset = position % self.capacity
        cdef uint64_t first = self.capacity - offset
        if first >= size:
            memcpy(self.data + offset, source, size)
        else:
            memcpy(self.data + offset, source, first)
            memcpy(self.data, <const char*>source + first, size - first)

    cdef void copy_out(
        self, uint64_t position, void* target, uint64_t size
    ) noexcept nogil:
        cdef uint64_t offset = position % self.capacity
        cdef uint64_t first = self.capacity - offset
        if first >= size:
            memcpy(target, self.data + offset, size)
        else:
            memcpy(target, self.data + offset, first)
            memcpy(<char*>target + first, self.data, size - first)
