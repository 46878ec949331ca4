"""Frames through shared memory. ring_layout.h says what is where, and why no death of
a process at any instruction can tear it."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t


cdef extern from "chronomux/_core/ring_layout.h" nogil:
    const uint64_t RING_MAGIC
    const int RING_SLOTS
    const int RING_CLAIMS
    const uint64_t NO_CLAIM
    const uint64_t ORPHAN

    ctypedef struct shared_lock:
        pass

    ctypedef struct gate:
        pass

    const int RING_EXTENTS
    const uint64_t NEST_BYTES

    enum record_kind:
        WHOLE_FRAME
        LARGE_FRAME

    struct record:
        uint16_t kind
        uint16_t slot
        uint32_t rows
        uint64_t bytes
        uint64_t before

    struct place:
        uint64_t offset
        uint64_t bytes

    struct extent:
        uint64_t after
        uint64_t nested
        uint64_t offset
        uint64_t room
        uint64_t filled

    struct front:
        uint64_t tail
        uint64_t published

    struct slot:
        uint32_t pid
        uint64_t started
        uint64_t held

    struct claim:
        uint64_t owner
        uint64_t begin
        uint64_t end
        uint64_t deaths

    claim* claim_of(const uint64_t* begin) noexcept

    struct bell:
        pass

    struct ring:
        uint64_t magic
        uint64_t capacity
        uint64_t maxsize
        uint64_t name[2]
        uint64_t head
        uint64_t turn
        front fronts[2]
        bell items
        bell room
        shared_lock put_lock
        uint64_t released
        uint64_t held_up
        int64_t held_since
        uint64_t allocated
        uint64_t used_slots
        slot slots[1000]
        uint64_t used_claims
        claim claims[256]
        shared_lock extent_lock
        uint64_t file_end
        extent extents[4]

    uint64_t load_acquire(const uint64_t* word) noexcept
    uint64_t load_relaxed(const uint64_t* word) noexcept
    void store_release(uint64_t* word, uint64_t value) noexcept
    void store_relaxed(uint64_t* word, uint64_t value) noexcept
    int swap_word(uint64_t* word, uint64_t before, uint64_t after) noexcept
    void read_fence() noexcept
    void write_fence() noexcept
    int64_t clock_ns() noexcept
    uint32_t bell_want(bell* bell) noexcept
    int bell_is_wanted(const bell* bell) noexcept
    void bell_wait(bell* bell, uint32_t calls, int64_t ns) noexcept
    void bell_call(bell* bell) noexcept
    int lock_init(shared_lock* lock) noexcept
    int lock_try(shared_lock* lock) noexcept
    int lock_within(shared_lock* lock, int64_t ns) noexcept
    void lock_release(shared_lock* lock) noexcept
    void full_fence() noexcept
    int is_stopped(uint32_t pid) noexcept
    void sleep_ns(int64_t ns) noexcept
    int gate_init(gate* gate) noexcept
    int gate_try(gate* gate) noexcept
    void gate_lock(gate* gate) noexcept
    void gate_unlock(gate* gate) noexcept
    bint gate_is_mine(const gate* gate) noexcept
    int reserve_pages(int fd, uint64_t offset, uint64_t size) noexcept
    int write_at(
        int fd, const char* source, uint64_t size, uint64_t offset
    ) noexcept
    int read_at(int fd, char* to, uint64_t size, uint64_t offset) noexcept
    uint64_t file_size(int fd) noexcept
    void free_pages(int fd, uint64_t offset, uint64_t size) noexcept


# A payload is made of pieces that lie in different places.
cdef struct Piece:
    const char* data
    uint64_t bytes


# Where a consumer takes rows: at the ring's head, or at the `begin` of an orphan.
cdef struct Source:
    uint64_t* head
    uint64_t end  # the head word where it ends


# Positive: an errno.
ctypedef enum Outcome:
    DONE = 0
    NOTHING = -1  # no record is there
    NO_ROOM = -2
    LOCKED = -3  # by another process, for longer than asked
    CHANGED = -4  # by another process meanwhile: look again


cdef class Ring:
    """One process's view of a ring."""

    cdef object __weakref__
    cdef int fd  # of the memory
    cdef ring* shared
    cdef uint64_t mapped  # bytes
    cdef char* data
    cdef uint64_t capacity
    cdef uint64_t nests  # where they begin in the file

    # Producers. All but `lock` are for who holds the lock.
    cdef Outcome lock(self, int64_t ns) noexcept nogil
    cdef void unlock(self) noexcept nogil
    cdef bint has_room(self, uint64_t size) noexcept nogil
    cdef Outcome publish(
        self, record* head, const Piece* pieces, int count
    ) noexcept nogil  # fills in `before`; NO_ROOM, or an errno when memory ends
    cdef int64_t items_held(self) noexcept nogil
    cdef int64_t items_put(self) noexcept nogil  # and not taken

    # Consumers.
    cdef Source own_source(self) noexcept nogil
    cdef bint find_orphan(self, Source* source) noexcept nogil
    cdef Outcome look(
        self, const Source* source, uint64_t* head, record* found
    ) noexcept nogil
    cdef Outcome copy_payload(
        self, const Source* source, uint64_t head, const record* found, char* to
    ) noexcept nogil
    cdef bint take(
        self, const Source* source, uint64_t head, uint64_t rows, const record* of
    ) noexcept nogil
    # When records between two head words are not needed any more.
    cdef void call_producers(self, uint64_t begin, uint64_t end) noexcept nogil

    # Any.
    cdef uint64_t spared_from(self) noexcept nogil  # no producer writes behind it
    cdef front last_front(self) noexcept nogil
    cdef int64_t items_waiting(self) noexcept nogil  # in the ring

    # For this module only.
    cdef int create(self, bytes name, uint64_t maxsize, uint64_t size) except -1
    cdef int map(self, int fd, uint64_t size) except -1
    cdef int raise_error(self, int error) except -1
    cdef int lock_until(self, int64_t deadline) except -1
    cdef uint64_t current_tail(self) noexcept nogil
    cdef bint has_lent(self) noexcept nogil
    cdef Outcome allocate(self, uint64_t end) noexcept nogil
    cdef void copy_in(
        self, uint64_t position, const void* source, uint64_t size
    ) noexcept nogil
    cdef void copy_out(
        self, uint64_t position, void* target, uint64_t size
    ) noexcept nogil


cdef inline uint64_t position_of(uint64_t head) noexcept nogil:
    return (head >> 16) << 3


cdef inline uint64_t rows_taken(uint64_t head) noexcept nogil:
    return head & 0xFFFF


cdef inline uint64_t head_at(uint64_t position, uint64_t rows) noexcept nogil:
    return ((position >> 3) << 16) | rows


cdef inline uint64_t head_after(
    uint64_t head, uint64_t rows, const record* of
) noexcept nogil:
    """The head when so many more rows of the record there are taken."""
    if rows_taken(head) + rows >= of.rows:
        return head_at(position_of(head) + sizeof(record) + of.bytes, 0)
    return head + rows
