"""Lazy merge of general iterators: one item of each is held, no more is ever read."""

cimport cython
from cpython.ref cimport Py_DECREF, PyObject

from chronomux._core.getter cimport Getter
from chronomux._core.heap cimport MergeHeap


cdef extern from "Python.h":
    PyObject* PyIter_Next(object iterator) except? NULL


@cython.final
cdef class LazyMerge:
    """Iterator over the items of sorted iterables, as heapq.merge.

    An iterable is asked for its next item only when the one before it was given out
    and another is wanted. Raises what iterables, key and `<` raise, then is exhausted.
    """

    cdef MergeHeap heap
    cdef list iterators  # by input number
    cdef Getter getter
    cdef bint started
    cdef bint busy  # in foreign code, which must not come back
    cdef bint owed  # the top of the heap was given out: its input is to be read

    def __cinit__(self, iterables, key, bint reverse):
        self.heap = MergeHeap(reverse=reverse, missing_lowest=False)
        self.iterators = [iter(iterable) for iterable in iterables]
        self.getter = Getter(key)

    def __iter__(self):
        return self

    def __next__(self):
        if self.busy:
            raise ValueError("the merge is already being read")
        self.busy = True
        try:
            if self.owed:
                self.read_again()
            elif not self.started:
                self.read_first()
        except BaseException:
            self.drop()
            raise
        finally:
            self.busy = False
        if self.heap.size == 0:
            self.drop()
            raise StopIteration
        self.owed = True
        return self.heap.top_item()

    def close(self):
        """Give out nothing more and let go of the iterators."""
        if self.busy:
            raise ValueError("the merge is already being read")
        self.drop()

    cdef int drop(self) except -1:
        self.owed = False
        self.started = True
        self.iterators = []
        self.heap.clear()
        return 0

    cdef int read_first(self) except -1:
        cdef Py_ssize_t i
        self.started = True
        for i in range(len(self.iterators)):
            for item in self.iterators[i]:
                self.heap.push(self.getter.get(item), i, item)
                break
        return 0

    cdef int read_again(self) except -1:
        cdef Py_ssize_t i = self.heap.top_input()
        cdef PyObject* fetched
        self.owed = False
        fetched = PyIter_Next(self.iterators[i])
        if fetched is NULL:
            self.heap.pop_item()
            return 0
        item = <object>fetched
        Py_DECREF(item)
        # The last input left needs no keys, and heapq.merge asks for none.
        key = None if self.heap.size == 1 else self.getter.get(item)
        self.heap.replace(key, i, item)
        return 0
