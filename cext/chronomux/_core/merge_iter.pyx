"""Lazy merge of general iterators: one item of each is held, no more is ever read.

A tournament of losers (Knuth, The Art of Computer Programming 3, 5.4.1): replacing the
winner takes one comparison a level, on the way from its leaf to the root.
"""

cimport cython
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from cpython.number cimport PyNumber_Check
from cpython.object cimport Py_LT, PyObject_RichCompareBool
from cpython.ref cimport Py_DECREF, PyObject
from libc.stdint cimport uint64_t

from chronomux._core.getter cimport Getter
from chronomux._core.number cimport exact_of_key, is_float_nan
from chronomux._core.ordinal cimport LEFTOVER_BITS, Exact


cdef extern from "Python.h":
    PyObject* PyIter_Next(object iterator) except? NULL

cdef enum:
    LEFTOVER_END = (1 << LEFTOVER_BITS) - 1
    INPUT_BITS = 64 - LEFTOVER_BITS

cdef uint64_t NO_KEY = ~<uint64_t>0  # sorts behind every key


# The key of an input's item. Numbers compare as (high, leftover, input), in two words.
cdef struct Front:
    uint64_t high
    uint64_t tie
    bint is_object  # not a number of the typed lane: compares by `<`


@cython.final
cdef class LazyMerge:
    """Iterator over the items of sorted iterables, as heapq.merge.

    An iterable is asked for its next item only when the one before it was given out
    and another is wanted. Raises what iterables, key and `<` raise, then is exhausted.
    """

    cdef list iterators
    cdef list items  # of each input, the one that is held
    cdef list keys
    cdef Getter getter
    cdef bint reverse
    cdef bint started
    cdef bint owed  # the winner was given out: its input is to be read
    cdef bint busy  # in foreign code, which must not come back
    cdef Py_ssize_t live  # inputs that are not at their end
    cdef Py_ssize_t objects  # of them, those whose key is an object
    cdef Py_ssize_t leaves  # a power of two
    cdef Front* fronts  # one a leaf; behind the inputs, without a key
    cdef Py_ssize_t* tree  # [0]: the winner; [n]: who lost at node n

    def __cinit__(self, iterables, key, bint reverse):
        cdef Py_ssize_t i
        self.iterators = [iter(iterable) for iterable in iterables]
        self.items = [None] * len(self.iterators)
        self.keys = [None] * len(self.iterators)
        self.getter = Getter(key)
        self.reverse = reverse
        self.leaves = 1
        while self.leaves < len(self.iterators):
            self.leaves *= 2
        self.fronts = <Front*>PyMem_Calloc(self.leaves, sizeof(Front))
        self.tree = <Py_ssize_t*>PyMem_Calloc(2 * self.leaves, sizeof(Py_ssize_t))
        if not self.fronts or not self.tree:
            raise MemoryError
        for i in range(self.leaves):
            self.fronts[i] = Front(NO_KEY, NO_KEY, False)

    def __dealloc__(self):
        PyMem_Free(self.fronts)
        PyMem_Free(self.tree)

    def __iter__(self):
        return self

    def __next__(self):
        if self.busy:
            raise ValueError("the merge is already being read")
        self.busy = True
        try:
            if self.owed:
                self.read(self.tree[0])
            elif not self.started:
                self.start()
        except BaseException:
            self.busy = False
            self.drop()
            raise
        self.busy = False
        if self.live == 0:
            self.drop()
            raise StopIteration
        self.owed = True
        return self.items[self.tree[0]]

    def close(self):
        """Give out nothing more and let go of the iterators."""
        if self.busy:
            raise ValueError("the merge is already being read")
        self.drop()

    cdef int drop(self) except -1:
        self.owed = False
        self.started = True
        self.live = 0
        dropped = self.iterators, self.items, self.keys
        self.iterators, self.items, self.keys = [], [], []
        del dropped  # foreign code may run: only now is all in order
        return 0

    cdef int start(self) except -1:
        """Read the first items and play the whole tournament."""
        cdef Py_ssize_t i, left, right
        cdef PyObject* fetched
        self.started = True
        for i in range(len(self.iterators)):
            fetched = PyIter_Next(self.iterators[i])
            if fetched is not NULL:
                item = <object>fetched
                Py_DECREF(item)
                self.live += 1
                self.set_front(i, self.getter.get(item), item)
        for i in range(self.leaves):
            self.tree[self.leaves + i] = i
        for i in range(self.leaves - 1, 0, -1):  # for now, who won at node i
            left, right = self.tree[2 * i], self.tree[2 * i + 1]
            self.tree[i] = right if self.comes_first(right, left) else left
        for i in range(1, self.leaves):
            left, right = self.tree[2 * i], self.tree[2 * i + 1]
            if i == 1:
                self.tree[0] = self.tree[1]
            self.tree[i] = left if self.tree[i] == right else right
        return 0

    cdef int read(self, Py_ssize_t i) except -1:
        """The next item of the input that won, and who wins now."""
        cdef PyObject* fetched
        self.owed = False
        self.objects -= self.fronts[i].is_object
        self.fronts[i].is_object = False
        fetched = PyIter_Next(self.iterators[i])
        if fetched is NULL:
            self.live -= 1
            self.items[i] = self.keys[i] = None
            self.fronts[i] = Front(NO_KEY, NO_KEY, False)
        else:
            item = <object>fetched
            Py_DECREF(item)
            if self.live == 1:  # wins unseen: as in heapq.merge, its key is not read
                self.items[i] = item
                return 0
            self.set_front(i, self.getter.get(item), item)
        if self.objects:
            self.replay_objects(i)
        else:
            self.replay_numbers(i)
        return 0

    cdef int set_front(self, Py_ssize_t i, object key, object item) except -1:
        cdef Front* front = &self.fronts[i]
        cdef Exact exact = Exact(0, 0)
        cdef bint is_object = not exact_of_key(key, &exact) and not is_float_nan(key)
        if self.reverse:  # one less: a missing key sorts last, but not as no key
            exact = Exact(~exact.high - 1, LEFTOVER_END - exact.low)
        front.high = exact.high
        front.tie = exact.low << INPUT_BITS | <uint64_t>i
        front.is_object = is_object
        self.objects += is_object
        self.keys[i] = key
        self.items[i] = item
        return 0

    cdef void replay_numbers(self, Py_ssize_t i) noexcept:
        cdef Py_ssize_t node = (self.leaves + i) >> 1, loser
        cdef Front winner = self.fronts[i]
        cdef const Front* front
        while node:
            loser = self.tree[node]
            front = &self.fronts[loser]
            if front.high < winner.high or (
                front.high == winner.high and front.tie < winner.tie
            ):
                self.tree[node] = i
                i = loser
                winner = front[0]
            node >>= 1
        self.tree[0] = i

    cdef int replay_objects(self, Py_ssize_t i) except -1:
        cdef Py_ssize_t node = (self.leaves + i) >> 1
        while node:
            if self.comes_first(self.tree[node], i):
                self.tree[node], i = i, self.tree[node]
            node >>= 1
        self.tree[0] = i
        return 0

    cdef bint comes_first(self, Py_ssize_t a, Py_ssize_t b) except -1:
        cdef const Front* one = &self.fronts[a]
        cdef const Front* other = &self.fronts[b]
        if (
            not (one.is_object or other.is_object)
            or (one.high == NO_KEY and not one.is_object)
            or (other.high == NO_KEY and not other.is_object)
        ):
            return one.high < other.high or (
                one.high == other.high and one.tie < other.tie
            )
        # One `<` is enough: of equal keys, the later input must be strictly less.
        if a > b:
            return self.key_below(a, b)
        return not self.key_below(b, a)

    cdef bint key_below(self, Py_ssize_t a, Py_ssize_t b) except -1:
        if self.reverse:
            a, b = b, a
        # NaN is below all numbers, but neither its `<` nor theirs says so.
        if self.is_missing(a) and PyNumber_Check(self.keys[b]):
            return True
        if self.is_missing(b) and PyNumber_Check(self.keys[a]):
            return False
        return PyObject_RichCompareBool(self.keys[a], self.keys[b], Py_LT)

    cdef bint is_missing(self, Py_ssize_t i) noexcept:
        cdef uint64_t lowest = NO_KEY - 1 if self.reverse else 0
        return self.fronts[i].high == lowest and not self.fronts[i].is_object
