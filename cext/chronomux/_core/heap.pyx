"""A tournament of (key, input, item): the front of a k-way merge.

Numbers compare by ordinals, exactly and without touching an object; every other key
compares with `<` and nothing else. Which of the two is decided for each comparison, so
lanes may mix and change in mid-stream. Equal keys go to the smaller input number, in
both directions.

Each node of a binary tree holds the leaf that comes out first of all below it (Knuth,
The Art of Computer Programming 3, 5.4.1). A leaf that changes costs one comparison a
level, and where all are numbers the same steps whatever they are: no branch is there to
be mispredicted.

Every operation compares before it moves anything: when `<` raises, the heap is as it
was.
"""

from cpython.list cimport PyList_GET_ITEM, PyList_SET_ITEM
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from cpython.object cimport Py_LT, PyObject_RichCompareBool
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject

cimport cython
from chronomux._core.entry cimport MISSING, OBJECT, Entry, Rank, by_ordinals, input_of


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
            below = self.tree[2 * i], self.tree[2 * i + 1]
            assert self.tree[i] in below, f"node {i} does not hold who is below it"
            for rival in below:
                assert not self.before(rival, self.tree[i]), f"node {i} holds a loser"

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

    cdef int replace_ranked(self, Entry* entry, object key, object item) except -1:
        return self.change(self.tree[1], entry, key, item)

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

    cdef int change(
        self, Py_ssize_t leaf, Entry* entry, object key, object item
    ) except -1:
        """Give a leaf another entry, and see who comes first now."""
        cdef PyObject* old_key
        cdef PyObject* old_item
        self.may_change()
        if self.objects == 0 and entry.lane != OBJECT:
            self.climb(leaf, entry)
        else:
            self.change_objects(leaf, entry, key)
        old_key = exchanged(self.keys, leaf, key)
        old_item = exchanged(self.items, leaf, item)
        # May run foreign code: only now is the heap in order.
        Py_DECREF(<object>old_key)
        Py_DECREF(<object>old_item)
        return 0

    cdef void climb(self, Py_ssize_t leaf, const Entry* entry) noexcept:
        """Change a leaf where ordinals decide all.

        Mostly the rest's best comes first then. It is known without the new key, so
        that the processor goes on with it, by a guess, while that key is still on its
        way from memory; what is written below the top nobody waits for.
        """
        cdef Py_ssize_t node = self.leaves + leaf, rival
        cdef Py_ssize_t best = self.tree[node ^ 1]  # but for the leaf
        cdef Rank rank = entry.rank, best_rank = self.entries[best].rank, rival_rank
        cdef bint closer
        self.entries[leaf] = entry[0]
        while node > 3:
            rival = self.tree[(node >> 1) ^ 1]
            node >>= 1
            self.tree[node] = best if best_rank < rank else leaf
            rival_rank = self.entries[rival].rank
            closer = rival_rank < best_rank
            best = rival if closer else best
            best_rank = rival_rank if closer else best_rank
        self.tree[1] = guessed(best_rank < rank, best, leaf)

    cdef int change_objects(
        self, Py_ssize_t leaf, Entry* entry, object key
    ) except -1:
        """Change a leaf where objects are compared."""
        cdef Entry old = self.entries[leaf]
        old_key = self.keys[leaf]
        self.entries[leaf] = entry[0]
        self.keys[leaf] = key
        try:
            self.replay_objects(leaf)
        except BaseException:
            self.entries[leaf] = old
            self.keys[leaf] = old_key
            raise
        self.keys[leaf] = old_key  # for `change` to exchange
        self.objects += (entry.lane == OBJECT) - (old.lane == OBJECT)
        return 0

    cdef int replay_objects(self, Py_ssize_t leaf) except -1:
        cdef Py_ssize_t firsts[DEEPEST]
        cdef Py_ssize_t node = self.leaves + leaf, depth = 0, i
        cdef Py_ssize_t rival
        while node >> depth > 1:
            rival = self.tree[node >> depth ^ 1]
            if self.before(rival, leaf):
                leaf = rival
            firsts[depth] = leaf
            depth += 1
        for i in range(depth):
            self.tree[node >> (i + 1)] = firsts[i]
        return 0

    cdef int before(self, Py_ssize_t left, Py_ssize_t right) except -1:
        """Whether a leaf comes out before another; inputs decide between equal keys."""
        cdef Entry* one = &self.entries[left]
        cdef Entry* other = &self.entries[right]
        cdef bint swap
        if by_ordinals(one, other):
            return one.rank < other.rank
        # One `<` is enough: of equal keys, the earlier input must not be beaten.
        swap = input_of(one) < input_of(other)
        if swap:
            left, right = right, left
        return swap ^ self.object_below(
            &self.entries[left],
            self.keys[left],
            &self.entries[right],
            self.keys[right],
        )

    cdef int object_below(
        self, Entry* left, object left_key, Entry* right, object right_key
    ) except -1:
        # Read now: foreign code may run, and the caller's pointers may be into a stack.
        cdef Py_ssize_t left_input = input_of(left), right_input = input_of(right)
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


cdef inline PyObject* exchanged(list objects, Py_ssize_t i, object new) noexcept:
    """Put an object at a place; the reference to the old one is the caller's."""
    cdef PyObject* old = PyList_GET_ITEM(objects, i)
    Py_INCREF(new)
    PyList_SET_ITEM(objects, i, new)
    return old


cdef void* resized(void* block, size_t size) except NULL:
    block = PyMem_Realloc(block, size)
    if block is NULL:
        raise MemoryError
    return block
