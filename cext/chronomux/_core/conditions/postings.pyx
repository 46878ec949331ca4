"""Postings: under which symbols, or pairs of them, rules are filed."""

cimport cython

from libc.stdint cimport int32_t, uint64_t
from libc.stdlib cimport calloc, free

from chronomux._core.conditions.storage cimport resized

cdef uint64_t FREE = <uint64_t> -1
cdef uint64_t GONE = <uint64_t> -2  # taken once: a search goes on behind it


cdef int posting_add(Posting* posting, int32_t slot, int32_t guard) except -1:
    cdef int32_t room
    if posting.length == posting.room:
        room = 2 if posting.room == 0 else posting.room * 2
        posting.entries = <Entry*> resized(posting.entries, room, sizeof(Entry))
        posting.room = room
    posting.entries[posting.length] = Entry(slot, guard)
    posting.length += 1
    return 0


cdef inline uint64_t key_of(int32_t first, int32_t second) noexcept nogil:
    return (<uint64_t> first << 32) | <uint64_t> second


cdef inline Py_ssize_t first_place(uint64_t key, Py_ssize_t room) noexcept nogil:
    # Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4).
    return <Py_ssize_t> ((key * <uint64_t> 0x9E3779B97F4A7C15) >> 20) & (room - 1)


@cython.final
cdef class Pairs:
    """Postings under two symbols (multi-attribute hashing, as in Fabret and others:
    Filtering Algorithms and Implementation for Very Fast Publish/Subscribe, 2001)."""

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.room):
            free(self.postings[i].entries)
        free(self.keys)
        free(self.postings)

    cdef Py_ssize_t find(self, int32_t first, int32_t second) noexcept nogil:
        """The place of this pair, or -1."""
        cdef uint64_t key = key_of(first, second)
        cdef Py_ssize_t i
        if self.room == 0:
            return -1
        i = first_place(key, self.room)
        while self.keys[i] != FREE:
            if self.keys[i] == key:
                return i
            i = (i + 1) & (self.room - 1)
        return -1

    cdef Py_ssize_t place(self, int32_t first, int32_t second) except -1:
        """The place of this pair, made if need be."""
        cdef Py_ssize_t i = self.find(first, second)
        if i >= 0:
            return i
        if (self.used + 1) * 3 > self.room * 2:
            self._resize()
        i = first_place(key_of(first, second), self.room)
        while self.keys[i] < GONE:
            i = (i + 1) & (self.room - 1)
        self.used += self.keys[i] == FREE
        self.live += 1
        self.keys[i] = key_of(first, second)
        return i

    cdef void drop(self, Py_ssize_t place) noexcept:
        """Forget a pair whose posting has no entries left."""
        free(self.postings[place].entries)
        self.postings[place] = Posting(NULL, 0, 0, 0)
        self.keys[place] = GONE
        self.live -= 1

    cdef int _resize(self) except -1:
        cdef Py_ssize_t room = 64, i, j
        while room < 3 * self.live:
            room *= 2
        keys = <uint64_t*> calloc(room, sizeof(uint64_t))
        postings = <Posting*> calloc(room, sizeof(Posting))
        if keys == NULL or postings == NULL:
            free(keys)
            free(postings)
            raise MemoryError
        for i in range(room):
            keys[i] = FREE
        for i in range(self.room):
            if self.keys[i] < GONE:
                j = first_place(self.keys[i], room)
                while keys[j] != FREE:
                    j = (j + 1) & (room - 1)
                keys[j], postings[j] = self.keys[i], self.postings[i]
        free(self.keys)
        free(self.postings)
        self.keys, self.postings = keys, postings
        self.room, self.used = room, self.live
        return 0
