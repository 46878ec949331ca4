"""Merge of items from sequences in blocks: keys first, pointers last.

Of every input a block of items and their keys is known. What sorts behind the least of
the inputs' last known keys has to wait; the rest is merged as words of key and place,
without touching an object, and given out as pointers. The first key that is not a
number hands all that is left to the lazy merge.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.ref cimport Py_DECREF, PyObject
from libc.stdint cimport uint16_t, uint64_t
from libc.string cimport memcpy

from chronomux._core.blocks cimport AHEAD, Block, Blocks
from chronomux._core.collector cimport (
    PyTypeObject,
    inquiry,
    traverseproc,
    visitproc,
)
from chronomux._core.ordinal cimport LEFTOVER_BITS, bit_length
from chronomux._core.prefetch cimport prefetch
from chronomux._core.runs cimport Wide, merge_narrow, merge_wide

from chronomux._core.merge_iter import LazyMerge

cdef uint64_t NO_KEY = ~<uint64_t>0  # sorts behind every key


@cython.final
cdef class BlockMerge:
    """Iterator over the items of sorted lists, tuples and arrays, as heapq.merge.

    A failing key is raised when its item is the next to be read, as heapq.merge would.
    """

    cdef Blocks known
    cdef Py_ssize_t count  # of inputs
    cdef Py_ssize_t live  # of them, those that are not at their end
    cdef object tail  # the lazy merge of what is left
    cdef bint busy  # in foreign code, which must not come back
    # One word an input, side by side because each round looks at all of them.
    cdef uint64_t* first  # the first known key, or NO_KEY
    cdef uint64_t* last  # the last one, or NO_KEY if nothing follows
    cdef Py_ssize_t* hungry  # inputs that gave items since they were read
    cdef Py_ssize_t hunger
    # One round: the runs it merges, and the items it gives out.
    cdef Block* runs
    cdef Py_ssize_t run_count
    cdef Py_ssize_t* offsets
    cdef void* words
    cdef void* spare
    cdef PyObject** out  # owned
    cdef Py_ssize_t out_next
    cdef Py_ssize_t out_end

    def __cinit__(self, sequences, key, bint reverse):
        cdef Py_ssize_t i, room
        self.known = Blocks(sequences, key, reverse)
        self.count = self.hunger = self.live = self.known.count
        room = max(self.count * self.known.size, 1)
        self.first = <uint64_t*>PyMem_Malloc((self.count + 1) * sizeof(uint64_t))
        self.last = <uint64_t*>PyMem_Malloc((self.count + 1) * sizeof(uint64_t))
        self.hungry = <Py_ssize_t*>PyMem_Malloc((self.count + 1) * sizeof(Py_ssize_t))
        self.runs = <Block*>PyMem_Malloc((self.count + 1) * sizeof(Block))
        self.offsets = <Py_ssize_t*>PyMem_Malloc((self.count + 2) * sizeof(Py_ssize_t))
        self.words = PyMem_Malloc(room * sizeof(Wide))
        self.spare = PyMem_Malloc(room * sizeof(Wide))
        self.out = <PyObject**>PyMem_Malloc(room * sizeof(PyObject*))
        if (
            not self.first or not self.last or not self.hungry or not self.runs
            or not self.offsets or not self.words or not self.spare or not self.out
        ):
            raise MemoryError
        for i in range(self.count):
            self.hungry[i] = i

    def __dealloc__(self):
        self.drop_out()
        PyMem_Free(self.first)
        PyMem_Free(self.last)
        PyMem_Free(self.hungry)
        PyMem_Free(self.runs)
        PyMem_Free(self.offsets)
        PyMem_Free(self.words)
        PyMem_Free(self.spare)
        PyMem_Free(self.out)

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
        Py_DECREF(given)  # the reference that `out` had
        return given

    def close(self):
        """Give out nothing more and let go of the items."""
        if self.busy:
            raise ValueError("the merge is already being read")
        self.finish()
        if self.tail is not None:
            self.tail.close()

    cdef void drop_out(self) noexcept:
        while self.out_next < self.out_end:
            self.out_next += 1
            Py_DECREF(<object>self.out[self.out_next - 1])

    cdef void finish(self) noexcept:
        cdef Py_ssize_t i
        self.hunger = 0
        for i in range(self.count):
            self.first[i] = self.last[i] = NO_KEY
        self.known.drop()
        self.drop_out()

    cdef int next_round(self) except -1:
        """Fill `out`, or set `tail`, or leave both empty at the end."""
        if self.busy:
            raise ValueError("the merge is already being read")
        self.busy = True
        try:
            PyErr_CheckSignals()
            if not self.feed():
                rest = self.known.rest()
                self.finish()
                self.tail = LazyMerge(rest, self.known.getter.key, self.known.reverse)
        except BaseException:
            self.finish()
            raise
        finally:
            self.busy = False
        self.cut_runs()
        if self.run_count:
            self.merge_runs()
        else:
            self.finish()
        return 0

    cdef bint feed(self) except -1:
        """Read on wherever items were taken: rounds stay as large as blocks allow.

        False if that is for the lazy merge: a key is not a number, or one input is
        left, whose keys nobody needs.
        """
        cdef Py_ssize_t i
        cdef Block* block
        while self.hunger:
            i = self.hungry[self.hunger - 1]
            block = &self.known.blocks[i]
            if self.live == 1 or not self.known.read(i):
                return False
            self.hunger -= 1
            self.live -= block.end == 0
            self.first[i] = block.high[0] if block.end else NO_KEY
            self.last[i] = NO_KEY if block.final else block.high[block.end - 1]
        return True

    cdef void cut_runs(self) noexcept:
        """Take into this round what no unknown item can sort before.

        The input with the least last key gives all its known items, also when its keys
        descend: so a round gives nothing at the end only.
        """
        cdef Py_ssize_t i, size, least = -1
        cdef uint64_t high = NO_KEY
        cdef Block* blocks = self.known.blocks
        for i in range(self.count):
            if self.last[i] < high or (
                self.last[i] == high and least >= 0
                and last_low(&blocks[i]) < last_low(&blocks[least])
            ):
                high = self.last[i]
                least = i
        self.run_count = 0
        for i in range(self.count):
            if i != least and (self.first[i] > high or self.first[i] == NO_KEY):
                continue
            size = blocks[i].end - blocks[i].begin
            if i != least and least >= 0:
                size = before(&blocks[i], high, last_low(&blocks[least]), i < least)
            if size:
                self.take_run(i, size)

    cdef void take_run(self, Py_ssize_t i, Py_ssize_t size) noexcept:
        cdef Block* block = &self.known.blocks[i]
        cdef Block* run = &self.runs[self.run_count]
        run[0] = block[0]
        run.end = run.begin + size
        self.run_count += 1
        block.begin += size
        self.hungry[self.hunger] = i
        self.hunger += 1

    cdef void merge_runs(self) noexcept:
        cdef Block* run
        cdef Py_ssize_t i, longest = 0, size = 0
        cdef uint64_t base = NO_KEY, top = 0
        cdef int low_bits = LEFTOVER_BITS if self.known.leftovers else 0
        cdef int position_bits, place_bits
        for i in range(self.run_count):
            run = &self.runs[i]
            base = min(base, run.high[run.begin])
            top = max(top, run.high[run.end - 1])
            longest = max(longest, run.end - run.begin)
            self.offsets[i] = size
            size += run.end - run.begin
        self.offsets[self.run_count] = size
        position_bits = bit_length(longest - 1)
        place_bits = bit_length(self.run_count - 1) + position_bits
        if self.run_count == 1:
            run = self.runs
            memcpy(self.out, run.items + run.begin, size * sizeof(PyObject*))
        elif top >= base and bit_length(top - base) + low_bits + place_bits <= 64:
            self.merge_words(base, low_bits, place_bits, position_bits)
        else:
            self.merge_pairs(position_bits)
        self.out_next = 0
        self.out_end = size

    cdef void merge_words(
        self, uint64_t base, int low_bits, int place_bits, int position_bits
    ) noexcept:
        """As words of key, leftover if there is any, and place."""
        cdef uint64_t* words = <uint64_t*>self.words
        cdef uint64_t mask = (<uint64_t>1 << place_bits) - 1, place, key
        cdef Py_ssize_t i, j, n = 0
        cdef Block* run
        for i in range(self.run_count):
            run = &self.runs[i]
            place = <uint64_t>i << position_bits
            for j in range(run.begin, run.end):
                key = (run.high[j] - base) << low_bits
                if low_bits:
                    key |= run.low[j]
                words[n] = key << place_bits | place
                place += 1
                n += 1
        words = merge_narrow(words, <uint64_t*>self.spare, self.offsets, self.run_count)
        for i in range(n):
            self.out[i] = self.item_at(words[i] & mask, position_bits)

    cdef void merge_pairs(self, int position_bits) noexcept:
        """As (key, leftover and place), where these do not fit one word."""
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


# The garbage collector sees the items as well: they may refer to the merge.
cdef traverseproc traverse_fields = (<PyTypeObject*>BlockMerge).tp_traverse
cdef inquiry clear_fields = (<PyTypeObject*>BlockMerge).tp_clear


cdef int traverse(PyObject* merge, visitproc visit, void* arg) noexcept:
    cdef Py_ssize_t i
    cdef int status
    for i in range((<BlockMerge>merge).out_next, (<BlockMerge>merge).out_end):
        status = visit((<BlockMerge>merge).out[i], arg)
        if status:
            return status
    return traverse_fields(merge, visit, arg)


cdef int clear(PyObject* merge) noexcept:
    (<BlockMerge>merge).drop_out()
    return clear_fields(merge)


(<PyTypeObject*>BlockMerge).tp_traverse = traverse
(<PyTypeObject*>BlockMerge).tp_clear = clear


cdef inline uint16_t last_low(const Block* block) noexcept nogil:
    return block.low[block.end - 1]


cdef Py_ssize_t before(
    const Block* block, uint64_t high, uint16_t low, bint with_equal
) noexcept nogil:
    """How many known keys sort before (high, low), or equal it if `with_equal`."""
    cdef Py_ssize_t first = block.begin, end = block.end, middle
    cdef bint sorts_before
    while first < end:
        middle = (first + end) >> 1
        if block.high[middle] != high:
            sorts_before = block.high[middle] < high
        elif block.low[middle] != low:
            sorts_before = block.low[middle] < low
        else:
            sorts_before = with_equal
        if sorts_before:
            first = middle + 1
        else:
            end = middle
    return first - block.begin
