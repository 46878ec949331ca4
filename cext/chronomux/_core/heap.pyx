"""A tournament of (key, input, item): the front of a k-way merge.

Numbers compare by ordinals, exactly and without touching an object; every other key
compares with `<` and nothing else. Which of the two is decided for each comparison, so
lanes may mix and change in mid-stream. Equal keys go to the smaller input number, in
both directions.

The entries are the leaves of a tree of winners, see winner_tree.pxd: one that changes
costs one comparison a level.

Every operation compares before it moves anything: when `<` raises, the heap is as it
was.
"""

from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.number cimport PyNumber_Check
from cpython.object cimport Py_LT, PyObject, PyObject_RichCompareBool

cimport cython
from chronomux._core.entry cimport (
    MISSING,
    OBJECT,
    Entry,
    Rank,
    by_ordinals,
    input_of,
    is_missing,
)


cdef enum:
    DEEPEST = 64

# Behind every key: no input has this number.
cdef Entry FREE = Entry(~<Rank>0, MISSING)


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
        PyMem_Free(self.tree)
        PyMem_Free(self.free)

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
        keys, items = [], []
        old_keys, self.keys = self.keys, keys
        old_items, self.items = self.items, items
        self.leaves = self.size = self.objects = 0
        self.clash = None
        del old_keys, old_items  # may run foreign code: only now is the heap in order

    def _check(self):
        """Raise AssertionError when an invariant is broken."""
        cdef Py_ssize_t i, vacant = self.leaves - self.size
        assert len(self.keys) == len(self.items) == self.leaves, "objects of the leaves"
        free = {self.free[i] for i in range(vacant)}
        assert len(free) == vacant, f"a leaf is free twice: {free}"
        objects = 0
        for i in range(self.leaves):
            objects += self.entries[i].lane == OBJECT
            assert (i in free) == (self.entries[i].rank == FREE.rank), f"leaf {i}"
            assert i not in free or self.keys[i] is None is self.items[i], "not empty"
            assert self.tree[self.leaves + i] == i, f"node {self.leaves + i}"
        assert objects == self.objects, f"{objects} objects, counted {self.objects}"
        for i in range(1, self.leaves):
            first = self.tree[i]
            below = self.tree[2 * i], self.tree[2 * i + 1]
            assert first in below, f"node {i} does not hold who is below it"
            for rival in below:
                assert not self.leaf_before(rival, first), f"node {i} holds a loser"

    cpdef int push(self, object key, Py_ssize_t input, object item) except -1:
        """Add an entry."""
        cdef Entry entry
        self.rank(key, input, &entry)
        return self.push_ranked(&entry, key, item)

    cpdef int replace(self, object key, Py_ssize_t input, object item) except -1:
        """Put an entry in the place of the least one. IndexError when empty."""
        cdef Entry entry
        self.rank(key, input, &entry)  # may run foreign code: look at the size after it
        if self.size == 0:
            raise IndexError("the heap is empty")
        return self.replace_ranked(&entry, key, item)

    cpdef object pop_item(self):
        """Take out the least entry and return its item. IndexError when empty."""
        cdef Py_ssize_t leaf
        if self.size == 0:
            raise IndexError("the heap is empty")
        leaf = self.tree[1]
        key, item = self.keys[leaf], self.items[leaf]
        self.change(leaf, &FREE, None, None)
        self.free[self.leaves - self.size] = leaf
        self.size -= 1
        del key  # may run foreign code: only now is the heap in order
        return item

    cdef int push_ranked(self, Entry* entry, object key, object item) except -1:
        self.may_change()
        if self.size == self.leaves:
            self.grow()
        self.change(self.free[self.leaves - self.size - 1], entry, key, item)
        self.size += 1
        return 0

    cdef int may_change(self) except -1:
        if self.comparing:
            raise RuntimeError("the heap was changed by a comparison of its own keys")
        return 0

    cdef int grow(self) except -1:
        """Twice as many leaves, when none is free: the tree becomes the left half."""
        cdef Py_ssize_t half = self.leaves, leaves = max(1, 2 * half), width = leaves, i
        self.entries = <Entry*>resized(self.entries, leaves * sizeof(Entry))
        self.free = <Py_ssize_t*>resized(self.free, leaves * sizeof(Py_ssize_t))
        self.tree = <Py_ssize_t*>resized(self.tree, 2 * leaves * sizeof(Py_ssize_t))
        while len(self.keys) < leaves:
            self.keys.append(None)
        while len(self.items) < leaves:
            self.items.append(None)
        # From the leaves up, so that no node is overwritten before it has moved.
        while width > 1:
            width >>= 1  # nodes of the old level, and of either half of the new one
            for i in range(width):
                self.tree[2 * width + i] = self.tree[width + i]
                self.tree[3 * width + i] = half + i * (half // width)
        if half == 0:
            self.tree[0] = self.tree[1] = 0  # who is alone is the runner-up as well
        for i in range(half, leaves):
            self.entries[i] = FREE
            self.free[leaves - 1 - i] = i
        self.leaves = leaves
        return 0

    cdef int change_objects(
        self, Py_ssize_t leaf, const Entry* entry, object key
    ) except -1:
        """As climb, where objects are compared: all of that comes first."""
        cdef Py_ssize_t firsts[DEEPEST]
        cdef Py_ssize_t node = self.leaves + leaf, first = leaf, depth = 0, i, rival
        cdef const Entry* best = entry
        cdef PyObject* best_key = <PyObject*>key
        cdef PyObject* rival_key
        self.may_change()
        while node >> depth > 1:
            rival = self.tree[node >> depth ^ 1]
            rival_key = PyList_GET_ITEM(<PyObject*>self.keys, rival)
            if self.before(
                &self.entries[rival], <object>rival_key, best, <object>best_key
            ):
                first, best, best_key = rival, &self.entries[rival], rival_key
            firsts[depth] = first
            depth += 1
        for i in range(depth):
            self.tree[node >> (i + 1)] = firsts[i]
        self.objects += (entry.lane == OBJECT) - (self.entries[leaf].lane == OBJECT)
        self.entries[leaf].rank = entry.rank
        self.entries[leaf].lane = entry.lane
        return 0

    cdef int before(
        self, const Entry* one, object one_key, const Entry* other, object other_key
    ) except -1:
        """Whether one comes out before the other; inputs decide between equal keys."""
        if by_ordinals(one, other):
            return one.rank < other.rank
        # One `<` is enough: of equal keys, the earlier input must not be beaten.
        if input_of(one) < input_of(other):
            return not self.object_below(other, other_key, one, one_key)
        return self.object_below(one, one_key, other, other_key)

    cdef int leaf_before(self, Py_ssize_t left, Py_ssize_t right) except -1:
        return self.before(
            &self.entries[left],
            self.keys[left],
            &self.entries[right],
            self.keys[right],
        )

    cdef int object_below(
        self, const Entry* left, object left_key, const Entry* right, object right_key
    ) except -1:
        # Read now: foreign code may run, and the caller's pointers may be into a stack.
        cdef Py_ssize_t left_input = input_of(left), right_input = input_of(right)
        cdef int below = -1
        # NaN is below all numbers, but neither its `<` nor theirs says so.
        if is_missing(left, self.reverse) and PyNumber_Check(right_key):
            return not self.reverse
        if is_missing(right, self.reverse) and PyNumber_Check(left_key):
            return self.reverse
        self.may_change()
        self.comparing = True
        try:
            if self.reverse:
                below = PyObject_RichCompareBool(right_key, left_key, Py_LT)
            else:
                below = PyObject_RichCompareBool(left_key, right_key, Py_LT)
        finally:
            self.comparing = False
            if below == -1:
                self.clash = (left_input, left_key, right_input, right_key)
        return below


cdef void* resized(void* block, size_t size) except NULL:
    block = PyMem_Realloc(block, size)
    if block is NULL:
        raise MemoryError
    return block
