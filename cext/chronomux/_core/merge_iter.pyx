"""Lazy merge of general iterators: one item of each is held, no more is ever read."""

cimport cython
from cpython.object cimport PyObject

from chronomux._core.entry cimport Entry
from chronomux._core.getter cimport Getter
from chronomux._core.heap cimport MergeHeap
from chronomux._core.prefetch cimport prefetch_after, prefetch_keys_after

cdef object END = object()


cdef enum State:
    FRESH  # nothing was read
    GIVEN  # the top of the heap was given out: its input is to be read
    READING  # in foreign code, which must not come back
    OVER


@cython.final
cdef class LazyMerge:
    """Iterator over the items of sorted iterables, as heapq.merge.

    An iterable is asked for its next item only when the one before it was given out
    and another is wanted. Raises what iterables, key and `<` raise, then is exhausted.
    """

    cdef tuple iterators
    cdef MergeHeap heap  # of each input that is not at its end, the item that is held
    cdef Getter getter
    cdef State state

    def __cinit__(self, iterables, key, bint reverse):
        self.iterators = tuple([iter(iterable) for iterable in iterables])
        self.heap = MergeHeap(reverse=reverse, missing_lowest=False)
        self.getter = Getter(key)

    def __iter__(self):
        return self

    def __next__(self):
        cdef State state = self.state
        cdef State then = OVER  # as an error is the end
        if state == OVER:
            raise StopIteration
        if state == READING:
            raise ValueError("the merge is already being read")
        self.state = READING
        try:
            if state == GIVEN:
                self.replace_top()
            else:
                self.read_all()
            if self.heap.size:
                then = GIVEN
        finally:
            self.state = then
            if then == OVER:
                self.close()
        if then == OVER:
            raise StopIteration
        return self.heap.top_item()

    def close(self):
        """Give out nothing more and let go of the iterators."""
        if self.state == READING:
            raise ValueError("the merge is already being read")
        self.state = OVER
        self.iterators = ()
        self.heap.clear()

    cdef int read_all(self) except -1:
        """Read the first item of each input, then play the tournament."""
        cdef Py_ssize_t i
        first = []
        for i in range(len(self.iterators)):
            item = next(self.iterators[i], END)
            if item is not END:
                first.append((self.getter.get(item), i, item))
        for key, i, item in first:
            self.heap.push(key, i, item)
        return 0

    cdef int replace_top(self) except -1:
        """Read the next item of the input that won, and see who wins now."""
        cdef Py_ssize_t i = self.heap.top_input()
        cdef Entry entry
        item = next(self.iterators[i], END)
        if item is END:
            self.heap.pop_item()
            return 0
        if self.heap.size == 1:  # wins unseen: as in heapq.merge, its key is not read
            self.heap.items[self.heap.tree[1]] = item
            return 0
        key = self.getter.get(item)
        # Its next item and key may lie in memory as far on: have them there in time.
        prefetch_after(self.heap.held_item(), <PyObject*>item)
        prefetch_keys_after(self.heap.held_item(), <PyObject*>item)
        prefetch_after(self.heap.held_key(), <PyObject*>key)
        self.heap.rank(key, i, &entry)
        return self.heap.replace_ranked(&entry, key, item)
