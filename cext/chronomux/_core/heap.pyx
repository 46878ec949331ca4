"""A binary heap of (key, input, item): the front of a k-way merge.

Numbers compare by ordinals, exactly and without touching an object; every other key
compares with `<` and nothing else. Which of the two is decided for each comparison, so
lanes may mix and change in mid-stream. Equal keys go to the smaller input number, in
both directions.

Every operation looks for its place before it moves anything: when `<` raises, the heap
is as it was.
"""

from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport Py_LT, Py_NE, PyObject_RichCompare, PyObject_RichCompareBool

cimport cython
from chronomux._core.number cimport exact_of_key
from chronomux._core.ordinal cimport Exact


cdef bint is_nan(object key) except -1:
    """A float subclass, a Decimal, a numpy scalar that does not equal itself."""
    if PyFloat_Check(key):
        return PyFloat_AS_DOUBLE(key) != PyFloat_AS_DOUBLE(key)
    if not hasattr(key, "__float__"):  # only numbers know NaN: spare others a `!=`
        return False
    return PyObject_RichCompare(key, key, Py_NE)


@cython.final
cdef class MergeHeap:
    """A heap of (key, input, item) with one entry at most for each input.

    reverse: the greatest key comes out first.
    missing_lowest: None is a missing key, below every other; so are NaN numbers of
    any type. Without it None compares as an object, as in heapq.merge, and only a
    float NaN is lowest among the numbers.

    O(log n) a push, a replace and a pop. Whatever `<` raises is passed on, with the
    heap unchanged and the two entries in `clash`.
    """

    def __cinit__(self, *, bint reverse=False, bint missing_lowest=True):
        self.keys = []
        self.items = []
        self.reverse = reverse
        self.missing_lowest = missing_lowest

    def __dealloc__(self):
        PyMem_Free(self.entries)

    def __len__(self):
        return self.size

    def pop(self):
        """Take out the least entry: (key, input, item). IndexError when empty."""
        entry = self.peek()
        self.pop_item()
        return entry

    def peek(self):
        """The least entry: (key, input, item). IndexError when empty."""
        if self.size == 0:
            raise IndexError("the heap is empty")
        return self.top_key(), self.top_input(), self.top_item()

    def clear(self):
        """Drop every entry."""
        self.may_change()
        self.size = 0
        # Dropping the objects may run foreign code: do it when the heap is in order.
        dropped = self.keys, self.items
        self.keys, self.items = [], []
        self.clash = None
        del dropped

    def _check(self):
        """Raise AssertionError when an invariant is broken."""
        cdef Py_ssize_t i
        held = len(self.keys)
        assert len(self.items) == held, "as many keys as items"
        assert self.size <= held <= self.capacity, "room for the entries"
        slots = [self.entries[i].slot for i in range(held)]
        assert sorted(slots) == list(range(held)), f"slots are no permutation: {slots}"
        for i in range(self.size, held):
            slot = self.entries[i].slot
            assert self.keys[slot] is None is self.items[slot], "a free slot is full"
        for i in range(1, self.size):
            assert not self.before(&self.entries[i], &self.entries[(i - 1) // 2]), (
                f"entry {i} is below its parent"
            )

    cpdef int push(self, object key, Py_ssize_t input, object item) except -1:
        """Add an entry."""
        cdef Entry entry
        entry.input = input
        self.rank(key, &entry)
        return self.push_ranked(&entry, key, item)

    cpdef int replace(self, object key, Py_ssize_t input, object item) except -1:
        """Put an entry in the place of the least one. IndexError when empty."""
        cdef Entry entry
        if self.size == 0:
            raise IndexError("the heap is empty")
        entry.input = input
        self.rank(key, &entry)
        return self.replace_ranked(&entry, key, item)

    cpdef object pop_item(self):
        """Take out the least entry and return its item. IndexError when empty."""
        cdef Py_ssize_t last = self.size - 1, place = 0, slot
        cdef Entry entry
        if last < 0:
            raise IndexError("the heap is empty")
        self.may_change()
        if last > 0:
            place = self.place_below_top(&self.entries[last], last)
        slot = self.entries[0].slot
        entry = self.entries[last]
        self.size = last
        if last > 0:
            self.settle(entry, place)
        self.entries[last].slot = slot
        item = self.items[slot]
        key = self.keys[slot]
        self.items[slot] = None
        self.keys[slot] = None
        del key  # may run foreign code: only now is the heap in order
        return item

    cdef int rank(self, object key, Entry* entry) except -1:
        """Fill in the lane and the ordinal of a key."""
        cdef Exact exact = Exact(1, 0)  # of an object: above a missing key
        entry.lane = OBJECT
        if exact_of_key(key, &exact):
            entry.lane = NUMBER if exact.high or not self.missing_lowest else MISSING
        elif self.missing_lowest and (key is None or is_nan(key)):
            exact = Exact(0, 0)
            entry.lane = MISSING
        entry.high = ~exact.high if self.reverse else exact.high
        entry.low = ~exact.low if self.reverse else exact.low
        return 0

    cdef int push_ranked(self, Entry* entry, object key, object item) except -1:
        cdef Py_ssize_t place, parent, hole
        cdef Entry placed = entry[0]
        self.may_change()
        self.reserve()
        placed.slot = self.entries[self.size].slot
        self.keys[placed.slot] = key
        place = self.size
        try:
            while place > 0:
                parent = (place - 1) // 2
                if not self.before(&placed, &self.entries[parent]):
                    break
                place = parent
        except BaseException:
            self.keys[placed.slot] = None
            raise
        self.items[placed.slot] = item
        hole = self.size
        while hole > place:
            parent = (hole - 1) // 2
            self.entries[hole] = self.entries[parent]
            hole = parent
        self.entries[place] = placed
        self.size += 1
        return 0

    cdef int replace_ranked(self, Entry* entry, object key, object item) except -1:
        cdef Py_ssize_t place, slot = self.entries[0].slot
        cdef Entry placed = entry[0]
        self.may_change()
        old_key = self.keys[slot]
        old_item = self.items[slot]
        placed.slot = slot
        self.keys[slot] = key
        try:
            place = self.place_below_top(&placed, self.size)
        except BaseException:
            self.keys[slot] = old_key
            raise
        self.items[slot] = item
        self.settle(placed, place)
        del old_key, old_item  # may run foreign code: only now is the heap in order
        return 0

    cdef Py_ssize_t top_input(self) noexcept:
        return self.entries[0].input

    cdef object top_key(self):
        return self.keys[self.entries[0].slot]

    cdef object top_item(self):
        return self.items[self.entries[0].slot]

    cdef int may_change(self) except -1:
        if self.comparing:
            raise RuntimeError("the heap was changed by a comparison of its own keys")
        return 0

    cdef int reserve(self) except -1:
        """Make sure that a slot is free."""
        cdef Py_ssize_t held = len(self.keys), capacity
        cdef Entry* grown
        if self.size < held:
            return 0
        if held >= self.capacity:
            capacity = max(8, 2 * self.capacity)
            grown = <Entry*>PyMem_Realloc(self.entries, capacity * sizeof(Entry))
            if grown is NULL:
                raise MemoryError
            self.entries = grown
            self.capacity = capacity
        self.entries[held].slot = held
        self.items.append(None)
        self.keys.append(None)
        return 0

    cdef inline int before(self, Entry* left, Entry* right) except -1:
        """Whether left comes out before right; inputs decide between equal keys."""
        if by_ordinals(left, right):
            return ordinal_before(left, right)
        return self.object_before(left, right)

    cdef int object_before(self, Entry* left, Entry* right) except -1:
        # One `<` is enough: of equal keys, the earlier input must not be beaten.
        cdef bint swap = left.input < right.input
        if swap:
            left, right = right, left
        return swap ^ self.object_below(
            left, self.keys[left.slot], right, self.keys[right.slot]
        )

    cdef int object_below(
        self, Entry* left, object left_key, Entry* right, object right_key
    ) except -1:
        # Copies: foreign code may run, and the caller's pointers may be into a stack.
        cdef Py_ssize_t left_input = left.input, right_input = right.input
        self.may_change()
        self.comparing = True
        try:
            if self.reverse:
                return PyObject_RichCompareBool(right_key, left_key, Py_LT)
            return PyObject_RichCompareBool(left_key, right_key, Py_LT)
        except BaseException:
            self.clash = (left_input, left_key, right_input, right_key)
            raise
        finally:
            self.comparing = False

    cdef Py_ssize_t least_child(self, Py_ssize_t parent, Py_ssize_t size) except -1:
        """The child that comes out first. The parent must have one."""
        cdef Py_ssize_t child = 2 * parent + 1
        if child + 1 < size:
            child += self.before(&self.entries[child + 1], &self.entries[child])
        return child

    cdef Py_ssize_t place_below_top(self, Entry* entry, Py_ssize_t size) except -1:
        """Where an entry belongs once the top of entries[:size] is gone.

        While one input keeps winning this takes two comparisons. Otherwise it descends
        to a leaf and climbs back (Floyd's variant, Knuth 5.2.3 exercise 18): about
        log2(size) + 2 of them, as an entry seldom belongs high up.
        """
        cdef Py_ssize_t place, floor
        if size < 2:
            return 0
        floor = self.least_child(0, size)
        if self.before(entry, &self.entries[floor]):
            return 0
        place = floor
        while 2 * place + 1 < size:
            place = self.least_child(place, size)
        while place > floor and self.before(entry, &self.entries[place]):
            place = (place - 1) // 2
        return place

    cdef void settle(self, Entry entry, Py_ssize_t place) noexcept:
        """Put an entry at a place; those above it move up, and the top out."""
        cdef Entry moved
        while True:
            moved = self.entries[place]
            self.entries[place] = entry
            if place == 0:
                return
            entry = moved
            place = (place - 1) // 2
