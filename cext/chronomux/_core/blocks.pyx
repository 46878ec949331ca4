"""Blocks of known keys: of each of many sequences, the next items and their keys.

Keys are read one after the other and objects fetched ahead, so that misses of the cache
overlap. A key is read once, and must be an int of 64 bits or a float.
"""

from itertools import chain

cimport cython
from cpython.dict cimport PyDict_CheckExact
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, Py_INCREF
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.string cimport memmove

from chronomux._core.collector cimport (
    PyTypeObject,
    inquiry,
    traverseproc,
    visitproc,
)
from chronomux._core.number cimport exact_of_key
from chronomux._core.ordinal cimport LEFTOVER_BITS, Exact
from chronomux._core.prefetch cimport prefetch


cdef extern from "Python.h":
    ctypedef struct PyDictObject:
        void* ma_keys

cdef enum:
    ITEMS = 1 << 14  # known of all inputs together
    LEAST = 256  # known of one input, so that a round gives more than it costs
    MOST = 2048
    PLACES = 1 << 23  # of all blocks, whatever they hold
    LEFTOVER_END = (1 << LEFTOVER_BITS) - 1


@cython.final
cdef class Blocks:
    def __cinit__(self, sequences, key, bint reverse):
        cdef Py_ssize_t i, room
        self.sequences = list(sequences)
        self.getter = Getter(key)
        self.reverse = self.leftovers = reverse
        self.errors = {}
        self.count = len(self.sequences)
        self.size = places_for(self.sequences)
        room = max(self.count * self.size, 1)
        self.high = <uint64_t*>PyMem_Malloc(room * sizeof(uint64_t))
        self.low = <uint16_t*>PyMem_Malloc(room * sizeof(uint16_t))
        self.items = <PyObject**>PyMem_Malloc(room * sizeof(PyObject*))
        self.blocks = <Block*>PyMem_Calloc(self.count + 1, sizeof(Block))
        if not self.high or not self.low or not self.items or not self.blocks:
            raise MemoryError
        for i in range(self.count):
            self.blocks[i].high = self.high + i * self.size
            self.blocks[i].low = self.low + i * self.size
            self.blocks[i].items = self.items + i * self.size

    def __dealloc__(self):
        if self.blocks:
            self.drop()
        PyMem_Free(self.blocks)
        PyMem_Free(self.high)
        PyMem_Free(self.low)
        PyMem_Free(self.items)

    cdef void drop(self) noexcept:
        cdef Py_ssize_t i
        cdef Block* block
        for i in range(self.count):
            block = &self.blocks[i]
            while block.begin < block.end:  # foreign code may run, and come back
                block.begin += 1
                Py_DECREF(<object>block.items[block.begin - 1])
            block.final = True
        self.sequences = None  # nothing is read any more
        self.errors = None

    cdef list rest(self):
        cdef Py_ssize_t i, j
        cdef Block* block
        iterators = []
        for i in range(self.count):
            block = &self.blocks[i]
            known = []
            for j in range(block.begin, block.end):
                known.append(<object>block.items[j])
            unknown = iter(self.sequences[i])
            unknown.__setstate__(block.next)
            iterators.append(chain(known, unknown))
        self.drop()
        return iterators

    cdef bint read(self, Py_ssize_t i) except -1:
        cdef Block* block = &self.blocks[i]
        move_to_front(block)
        if not (block.final or block.stuck):
            sequence = self.sequences[i]
            try:
                if type(sequence) is list:
                    self.read_list(sequence, block)
                elif type(sequence) is tuple:
                    self.read_tuple(sequence, block)
                else:
                    self.read_array(sequence, block)
            except Exception as error:  # Ctrl-C does not wait for its item
                block.stuck = True
                self.errors[i] = error
        if block.end == 0 and i in self.errors:
            raise self.errors.pop(i)
        return block.end > 0 or block.final

    cdef int read_list(self, list items, Block* block) except -1:
        cdef Py_ssize_t i, end = block.next + self.size - block.end
        cdef bint dicts = self.getter.name is not None
        for i in range(block.next, min(block.next + 2 * AHEAD, PyList_GET_SIZE(items))):
            prefetch(PyList_GET_ITEM(items, i))
        while block.next < min(end, PyList_GET_SIZE(items)):
            if block.next + 2 * AHEAD < min(end, PyList_GET_SIZE(items)):
                prefetch(PyList_GET_ITEM(items, block.next + 2 * AHEAD))
            if dicts and block.next + AHEAD < PyList_GET_SIZE(items):
                prefetch_keys(PyList_GET_ITEM(items, block.next + AHEAD))
            item = <object>PyList_GET_ITEM(items, block.next)
            if not self.add(block, self.getter.get(item), item):
                return 0
        block.final = block.next >= PyList_GET_SIZE(items)
        return 0

    cdef int read_tuple(self, tuple items, Block* block) except -1:
        while block.end < self.size and block.next < PyTuple_GET_SIZE(items):
            item = <object>PyTuple_GET_ITEM(items, block.next)
            if not self.add(block, self.getter.get(item), item):
                return 0
        block.final = block.next >= PyTuple_GET_SIZE(items)
        return 0

    cdef int read_array(self, object array, Block* block) except -1:
        """Items as iterating over the array would give them; keys as Python numbers."""
        part = array[block.next:block.next + self.size - block.end]
        keys = part.tolist() if self.getter.key is None else map(self.getter.key, part)
        for key, item in zip(keys, part):
            if not self.add(block, key, item):
                return 0
        block.final = block.next >= len(array)
        return 0

    cdef bint add(self, Block* block, object key, object item) except -1:
        """False, with nothing added, if the key is not a number of the typed lane."""
        cdef Exact exact = Exact(0, 0)
        if not exact_of_key(key, &exact):
            block.stuck = True
            return False
        self.leftovers |= exact.low != 0
        if self.reverse:  # one less: a missing key sorts last, but not as no key
            exact = Exact(~exact.high - 1, LEFTOVER_END - exact.low)
        Py_INCREF(item)
        block.high[block.end] = exact.high
        block.low[block.end] = <uint16_t>exact.low
        block.items[block.end] = <PyObject*>item
        block.end += 1
        block.next += 1
        return True


# The garbage collector sees the items as well: they may refer to the merge.
cdef traverseproc traverse_fields = (<PyTypeObject*>Blocks).tp_traverse
cdef inquiry clear_fields = (<PyTypeObject*>Blocks).tp_clear


cdef int traverse(PyObject* blocks, visitproc visit, void* arg) noexcept:
    cdef Py_ssize_t i, j
    cdef int status
    cdef Block* block
    if (<Blocks>blocks).blocks is NULL:  # not made yet
        return 0
    for i in range((<Blocks>blocks).count):
        block = &(<Blocks>blocks).blocks[i]
        for j in range(block.begin, block.end):
            status = visit(block.items[j], arg)
            if status:
                return status
    return traverse_fields(blocks, visit, arg)


cdef int clear(PyObject* blocks) noexcept:
    if (<Blocks>blocks).blocks is not NULL:
        (<Blocks>blocks).drop()
    return clear_fields(blocks)


(<PyTypeObject*>Blocks).tp_traverse = traverse
(<PyTypeObject*>Blocks).tp_clear = clear


cdef Py_ssize_t places_for(list sequences) except -1:
    """How many items of each sequence are known at a time."""
    cdef Py_ssize_t count = max(len(sequences), 1)
    cdef Py_ssize_t longest = max(map(len, sequences), default=0)
    return max(min(max(ITEMS // count, LEAST), MOST, PLACES // count, longest), 1)


cdef void move_to_front(Block* block) noexcept:
    cdef Py_ssize_t count = block.end - block.begin
    memmove(block.high, block.high + block.begin, count * sizeof(uint64_t))
    memmove(block.low, block.low + block.begin, count * sizeof(uint16_t))
    memmove(block.items, block.items + block.begin, count * sizeof(PyObject*))
    block.begin = 0
    block.end = count


cdef inline void prefetch_keys(PyObject* item) noexcept:
    if PyDict_CheckExact(<object>item):
        prefetch((<PyDictObject*>item).ma_keys)
