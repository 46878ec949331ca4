"""Merge of items from sequences in blocks: keys first, pointers last.

Of every input a block of items is taken and their keys are read one after the other,
so that cache misses overlap. What sorts behind the least of the inputs' last known keys
has to wait; the rest is merged as words of key and place, without touching an object,
and given out as pointers. The first key that is not a number hands all that is left to
the lazy merge.
"""

from itertools import chain

cimport cython
from cpython.dict cimport PyDict_CheckExact
from cpython.exc cimport PyErr_CheckSignals
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from libc.stdint cimport uint16_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memcpy

from chronomux._core.getter cimport Getter
from chronomux._core.ordinal cimport LEFTOVER_BITS, Exact, exact_of_float, exact_of_int
from chronomux._core.runs cimport Wide, merge_narrow, merge_wide

from chronomux._core.merge_iter import LazyMerge


cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object number, int* overflow) except? -1
    ctypedef struct PyDictObject:
        void* ma_keys

cdef extern from *:
    """
    #if defined(__GNUC__)
    #define prefetch(p) __builtin_prefetch(p)
    #else
    #define prefetch(p) ((void)(p))
    #endif
    """
    void prefetch(const void* p) noexcept nogil

cdef enum:
    ITEMS = 1 << 14  # of all inputs, whose keys are known at one time
    LEAST = 128  # of one input, so that a round gives more than it costs
    MOST = 2048
    AHEAD = 8  # items: about one miss of the cache
    LEFTOVER_END = (1 << LEFTOVER_BITS) - 1

cdef uint64_t NO_KEY = ~<uint64_t>0  # sorts behind every key


# The items of one input whose keys are known: places [begin, end) of its block.
cdef struct Block:
    Py_ssize_t begin
    Py_ssize_t end
    uint64_t* high
    uint16_t* low
    PyObject** items  # owned
    Py_ssize_t next  # the first position of the sequence that is not known
    bint final  # nothing follows


cdef inline int bit_length(uint64_t value) noexcept nogil:
    cdef int bits = 0
    while value:
        value >>= 1
        bits += 1
    return bits


@cython.final
cdef class BlockMerge:
    """Iterator over the items of sorted lists, tuples and arrays, as heapq.merge.

    A failing key is raised when its item is the next to be read, as heapq.merge would.
    """

    cdef list sequences
    cdef Getter getter
    cdef bint reverse
    cdef dict errors  # by input: what its key raised behind the known items
    cdef object tail  # the lazy merge of what is left
    cdef Py_ssize_t count
    cdef Py_ssize_t size  # of a block
    cdef Block* blocks
    cdef uint64_t* high
    cdef uint16_t* low
    cdef PyObject** items
    # One word per input, side by side because each round looks at all of them.
    cdef uint64_t* first  # the first known key, or NO_KEY
    cdef uint64_t* last  # the last one, or NO_KEY if nothing follows
    cdef Py_ssize_t* hungry  # inputs without a known item
    cdef Py_ssize_t hunger
    cdef Py_ssize_t live  # inputs that are not at their end
    cdef bint busy  # in foreign code, which must not come back
    cdef bint leftovers  # a key had a leftover: low words matter
    # One round: the runs it merges, and the items it gives out.
    cdef Block* runs
    cdef Py_ssize_t* offsets
    cdef Py_ssize_t run_count
    cdef void* words
    cdef void* spare
    cdef PyObject** out
    cdef Py_ssize_t out_next
    cdef Py_ssize_t out_end

    def __cinit__(self, sequences, key, bint reverse):
        cdef Py_ssize_t i, room
        self.sequences = list(sequences)
        self.getter = Getter(key)
        self.reverse = reverse
        self.errors = {}
        self.count = len(self.sequences)
        self.size = min(max(ITEMS // max(self.count, 1), LEAST), MOST)
        room = max(self.count * self.size, 1)
        self.blocks = <Block*>calloc(self.count + 1, sizeof(Block))
        self.runs = <Block*>calloc(self.count + 1, sizeof(Block))
        self.high = <uint64_t*>malloc(room * sizeof(uint64_t))
        self.low = <uint16_t*>malloc(room * sizeof(uint16_t))
        self.items = <PyObject**>malloc(room * sizeof(PyObject*))
        self.out = <PyObject**>malloc(room * sizeof(PyObject*))
        self.words = malloc(room * sizeof(Wide))
        self.spare = malloc(room * sizeof(Wide))
        self.first = <uint64_t*>malloc((self.count + 1) * sizeof(uint64_t))
        self.last = <uint64_t*>malloc((self.count + 1) * sizeof(uint64_t))
        self.hungry = <Py_ssize_t*>malloc((self.count + 1) * sizeof(Py_ssize_t))
        self.offsets = <Py_ssize_t*>malloc((self.count + 2) * sizeof(Py_ssize_t))
        if (
            not self.blocks or not self.runs or not self.high or not self.low
            or not self.items or not self.out or not self.words or not self.spare
            or not self.first or not self.last or not self.hungry or not self.offsets
        ):
            raise MemoryError
        for i in range(self.count):
            self.blocks[i].high = self.high + i * self.size
            self.blocks[i].low = self.low + i * self.size
            self.blocks[i].items = self.items + i * self.size
            self.hungry[i] = i
        self.hunger = self.live = self.count

    def __dealloc__(self):
        if self.offsets:  # the last to be allocated
            self.drop()
        free(self.blocks)
        free(self.runs)
        free(self.high)
        free(self.low)
        free(self.items)
        free(self.out)
        free(self.words)
        free(self.spare)
        free(self.first)
        free(self.last)
        free(self.hungry)
        free(self.offsets)

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject* item
        if self.out_next == self.out_end:
            if self.tail is None:
                self.next_round()
            if self.tail is not None:
                return next(self.tail)
            if self.out_next == self.out_end:
                raise StopIteration
        if self.out_next + 2 * AHEAD < self.out_end:
            prefetch(self.out[self.out_next + 2 * AHEAD])
        item = self.out[self.out_next]
        self.out_next += 1
        given = <object>item
        Py_DECREF(given)  # the block's own reference
        return given

    cdef int drop(self) except -1:
        """Let go of every item: the merge is at its end."""
        cdef Py_ssize_t i, j
        self.hunger = 0
        for i in range(self.out_next, self.out_end):
            Py_DECREF(<object>self.out[i])
        self.out_next = self.out_end = 0
        for i in range(self.count):
            for j in range(self.blocks[i].begin, self.blocks[i].end):
                Py_DECREF(<object>self.blocks[i].items[j])
            self.blocks[i].begin = self.blocks[i].end = 0
            self.first[i] = self.last[i] = NO_KEY
        return 0

    def close(self):
        """Give out nothing more and let go of the items."""
        if self.busy:
            raise ValueError("the merge is already being read")
        self.drop()
        if self.tail is not None:
            self.tail.close()

    cdef int next_round(self) except -1:
        """Fill `out`, or set `tail`, or leave both empty at the end."""
        if self.busy:
            raise ValueError("the merge is already being read")
        self.busy = True
        try:
            PyErr_CheckSignals()
            if not self.feed():
                self.hand_over()
                return 0
        except BaseException:
            self.drop()
            raise
        finally:
            self.busy = False
        self.cut_runs()
        if self.run_count:
            self.merge_runs()
        return 0

    cdef bint feed(self) except -1:
        """Read on wherever nothing is known.

        False if that is for the lazy merge: a key is not a number, or one input is
        left, whose keys nobody needs.
        """
        cdef Py_ssize_t i
        cdef Block* block
        while self.hunger:
            i = self.hungry[self.hunger - 1]
            block = &self.blocks[i]
            if not block.final:
                if self.live == 1:
                    return False
                if i in self.errors:
                    raise self.errors.pop(i)
                self.read(i, block)
                if block.begin == block.end and not block.final:
                    return False
            self.hunger -= 1
            self.live -= block.begin == block.end
            self.first[i] = block.high[0] if block.begin < block.end else NO_KEY
            self.last[i] = NO_KEY if block.final else block.high[block.end - 1]
        return True

    cdef int read(self, Py_ssize_t i, Block* block) except -1:
        sequence = self.sequences[i]
        block.begin = block.end = 0
        try:
            if type(sequence) is list:
                self.read_list(sequence, block)
            elif type(sequence) is tuple:
                self.read_tuple(sequence, block)
            else:
                self.read_array(sequence, block)
        except BaseException as error:
            if block.begin == block.end:
                raise
            self.errors[i] = error
        return 0

    cdef int read_list(self, list items, Block* block) except -1:
        while block.end < self.size and block.next < PyList_GET_SIZE(items):
            if block.next + 2 * AHEAD < PyList_GET_SIZE(items):
                prefetch(PyList_GET_ITEM(items, block.next + 2 * AHEAD))
                if self.getter.name is not None:
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

    cdef int read_array(self, array, Block* block) except -1:
        """Items as iterating over the array would give them; keys as Python numbers."""
        part = array[block.next:block.next + self.size]
        keys = part.tolist() if self.getter.key is None else map(self.getter.key, part)
        for key, item in zip(keys, part):
            if not self.add(block, key, item):
                return 0
        block.final = block.next >= len(array)
        return 0

    cdef bint add(self, Block* block, object key, object item) except -1:
        """False, with nothing added, if the key is not a number of the typed lane."""
        cdef Exact exact
        cdef int overflow = 0
        cdef long long number
        if PyFloat_CheckExact(key):
            exact = exact_of_float(PyFloat_AS_DOUBLE(key))
        elif PyLong_CheckExact(key):
            number = PyLong_AsLongLongAndOverflow(key, &overflow)
            if overflow:
                return False
            exact = exact_of_int(number)
            self.leftovers |= exact.low != 0
        else:
            return False
        if self.reverse:  # a missing key is the last, but not behind every key
            exact.high = min(~exact.high, NO_KEY - 1)
            exact.low = LEFTOVER_END - exact.low
            self.leftovers = True
        Py_INCREF(item)
        block.high[block.end] = exact.high
        block.low[block.end] = <uint16_t>exact.low
        block.items[block.end] = <PyObject*>item
        block.end += 1
        block.next += 1
        return True

    cdef int hand_over(self) except -1:
        cdef Py_ssize_t i, j
        cdef Block* block
        rest = []
        for i in range(self.count):
            block = &self.blocks[i]
            known = []
            for j in range(block.begin, block.end):
                known.append(<object>block.items[j])
            unknown = iter(self.sequences[i])
            unknown.__setstate__(block.next)
            rest.append(chain(known, unknown))
        self.drop()
        self.tail = LazyMerge(rest, self.getter.key, self.reverse)
        return 0

    cdef void cut_runs(self) noexcept:
        """Take into this round what no unknown item can sort before."""
        cdef Py_ssize_t i, size, least = -1
        cdef uint64_t high = NO_KEY
        cdef Block* block
        for i in range(self.count):
            if self.last[i] < high or (
                self.last[i] == high and least >= 0
                and last_low(&self.blocks[i]) < last_low(&self.blocks[least])
            ):
                high = self.last[i]
                least = i
        self.run_count = 0
        for i in range(self.count):
            if self.first[i] > high or self.first[i] == NO_KEY:
                continue
            block = &self.blocks[i]
            size = block.end - block.begin
            if least >= 0:
                size = known_below(block, high, last_low(&self.blocks[least]), i <= least)
            if size:
                self.take_run(i, size)

    cdef void take_run(self, Py_ssize_t i, Py_ssize_t size) noexcept:
        cdef Block* block = &self.blocks[i]
        cdef Block* run = &self.runs[self.run_count]
        run[0] = block[0]
        run.end = run.begin + size
        self.run_count += 1
        block.begin += size
        if block.begin < block.end:
            self.first[i] = block.high[block.begin]
        else:
            self.first[i] = NO_KEY
            self.hungry[self.hunger] = i
            self.hunger += 1

    cdef void merge_runs(self) noexcept:
        cdef Block* run
        cdef Py_ssize_t i, longest = 0, size = 0
        cdef uint64_t base = NO_KEY, top = 0
        cdef int low_bits = LEFTOVER_BITS if self.leftovers else 0
        cdef int position_bits, place_bits
        for i in range(self.run_count):
            run = &self.runs[i]
            base = min(base, run.high[run.begin])
            top = max(top, run.high[run.end - 1])
            longest = max(longest, run.end - run.begin)
            self.offsets[i] = size
            size += run.end - run.begin
        self.offsets[self.run_count] = size
        self.out_next = 0
        self.out_end = size
        position_bits = bit_length(longest - 1)
        place_bits = bit_length(self.run_count - 1) + position_bits
        if self.run_count == 1:
            run = self.runs
            memcpy(self.out, run.items + run.begin, size * sizeof(PyObject*))
        elif top >= base and bit_length(top - base) + low_bits + place_bits <= 64:
            self.merge_words(base, low_bits, place_bits, position_bits)
        else:
            self.merge_pairs(position_bits)

    cdef void merge_words(
        self, uint64_t base, int low_bits, int place_bits, int position_bits
    ) noexcept:
        cdef uint64_t* words = <uint64_t*>self.words
        cdef uint64_t mask = (<uint64_t>1 << place_bits) - 1, place
        cdef Py_ssize_t i, j, n = 0
        cdef Block* run
        for i in range(self.run_count):
            run = &self.runs[i]
            place = <uint64_t>i << position_bits
            for j in range(run.begin, run.end):
                words[n] = (
                    (run.high[j] - base) << low_bits | (run.low[j] if low_bits else 0)
                ) << place_bits | place
                place += 1
                n += 1
        words = merge_narrow(words, <uint64_t*>self.spare, self.offsets, self.run_count)
        for i in range(n):
            self.out[i] = self.item_at(words[i] & mask, position_bits)

    cdef void merge_pairs(self, int position_bits) noexcept:
        cdef Wide* pairs = <Wide*>self.words
        cdef int place_bits = 64 - LEFTOVER_BITS
        cdef uint64_t mask = (<uint64_t>1 << place_bits) - 1, place
        cdef Py_ssize_t i, j, n = 0
        cdef Block* run
        for i in range(self.run_count):
            run = &self.runs[i]
            place = <uint64_t>i << position_bits
            for j in range(run.begin, run.end):
                pairs[n] = Wide(run.high[j], <uint64_t>run.low[j] << place_bits | place)
                place += 1
                n += 1
        pairs = merge_wide(pairs, <Wide*>self.spare, self.offsets, self.run_count)
        for i in range(n):
            self.out[i] = self.item_at(pairs[i].tie & mask, position_bits)

    cdef inline PyObject* item_at(self, uint64_t place, int position_bits) noexcept:
        cdef Block* run = &self.runs[place >> position_bits]
        return run.items[run.begin + <Py_ssize_t>(
            place & ((<uint64_t>1 << position_bits) - 1)
        )]


cdef inline void prefetch_keys(PyObject* item) noexcept:
    if PyDict_CheckExact(<object>item):
        prefetch((<PyDictObject*>item).ma_keys)


cdef inline uint16_t last_low(const Block* block) noexcept nogil:
    return block.low[block.end - 1]


cdef Py_ssize_t known_below(
    const Block* block, uint64_t high, uint16_t low, bint with_equal
) noexcept nogil:
    """How many known keys sort before (high, low), or equal it if `with_equal`."""
    cdef Py_ssize_t first = block.begin, end = block.end, middle
    cdef bint before
    while first < end:
        middle = (first + end) >> 1
        if block.high[middle] != high:
            before = block.high[middle] < high
        elif block.low[middle] != low:
            before = block.low[middle] < low
        else:
            before = with_equal
        if before:
            first = middle + 1
        else:
            end = middle
    return first - block.begin
