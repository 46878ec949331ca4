# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""Batches of records of many sources, merged in rounds and copied in order."""

cimport cython
from cpython.buffer cimport (
    PyBUF_FORMAT,
    PyBUF_ND,
    PyBUF_SIMPLE,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport free
from libc.string cimport memcpy

from chronomux._core.columns cimport Column
from chronomux._core.prefetch cimport prefetch
from chronomux._core.rounds cimport (
    Reach,
    Slice,
    check,
    count_up_to,
    enter,
    leave,
    merge_batches,
)

cdef enum:
    SHORT = 64  # bytes copied at once where both sides have room for so many
    SCATTERED = 12  # columns whose records the processor does not foresee
    AHEAD = 12  # records
    OFFSETS_AHEAD = 64  # of the same source
    BYTES_AHEAD = 1024


cdef inline void copy(
    char* out, const char* out_end, const char* rows, Py_ssize_t size,
    const char* rows_end,
) noexcept nogil:
    """Most rows are short: a copy of fixed size needs no branch on it."""
    if size <= SHORT and rows_end - rows >= SHORT and out_end - out >= SHORT:
        memcpy(out, rows, SHORT)
    else:
        memcpy(out, rows, size)


cdef inline Py_ssize_t ending_size(const char* row, const char* end) noexcept nogil:
    """Bytes of the line ending: 2 of '\\r\\n', 1 of either, or 0."""
    if end - row >= 2 and (end - 2)[0] == c"\r" and (end - 1)[0] == c"\n":
        return 2
    return end > row and ((end - 1)[0] == c"\n" or (end - 1)[0] == c"\r")


@cython.final
cdef class Timeline:
    """Merges `len(tails)` sources whose keys never fall, in the order (key, source).

    Each source is given its first batch by `load`. Then, until `merge_round` returns
    -1: `fill` until it returns 0, and `load` the source that ran out, unless it has
    ended. `tails` holds for each source the bytes to be added to each of its records,
    before the line ending.
    """

    def __cinit__(self, tails):
        self.tails = list(tails)
        for tail in self.tails:
            if type(tail) is not bytes:
                raise TypeError(f"a tail must be bytes, not {tail!r}")
        self.has_tails = any(self.tails)
        self.count = len(self.tails)
        if self.count > 0x7FFFFFFF:
            raise ValueError("at most 2**31 - 1 sources can be merged")
        room = self.count + 1
        self.round.vacant = -1
        self.round.batches = <Batch*>PyMem_Calloc(room, sizeof(Batch))
        self.round.live = <Reach*>PyMem_Calloc(room, sizeof(Reach))
        self.round.columns = <Column*>PyMem_Calloc(room, sizeof(Column))
        self.round.slices = <Slice*>PyMem_Calloc(room, sizeof(Slice))
        if not (
            self.round.batches and self.round.live and self.round.columns
            and self.round.slices
        ):
            raise MemoryError

    def __dealloc__(self):
        cdef Py_ssize_t i
        if self.round.batches:
            for i in range(self.count):
                self.release(&self.round.batches[i])
        PyMem_Free(self.round.batches)
        PyMem_Free(self.round.live)
        PyMem_Free(self.round.columns)
        PyMem_Free(self.round.slices)
        free(self.round.source)
        free(self.round.index)

    cdef int release(self, Batch* batch) except -1:
        while batch.held:
            batch.held -= 1
            PyBuffer_Release(&batch.views[batch.held])
        return 0

    cdef int hold(self, Batch* batch, int number, object values) except -1:
        cdef Py_buffer* view = &batch.views[number]
        PyObject_GetBuffer(values, view, PyBUF_ND | PyBUF_FORMAT)
        batch.held += 1
        if view.itemsize != 8 or view.format == NULL or view.format not in (b"q", b"l"):
            raise TypeError("keys and offsets must be int64")
        return 0

    def load(
        self, Py_ssize_t source, keys, offsets, rows, Py_ssize_t start, Py_ssize_t stop
    ) -> None:
        """Records start to stop of a batch: int64 keys and offsets, and bytes.

        The buffers are held until the source's next batch. Raises ValueError where they
        do not fit each other, and while the source has records at hand.
        """
        if not 0 <= source < self.count:
            raise IndexError(f"there is no source {source}")
        cdef Batch* batch = &self.round.batches[source]
        if batch.next < batch.stop:
            raise ValueError(f"source {source} still has records at hand")
        if self.round.written < self.round.merged:
            raise ValueError("the round is not written yet")
        self.release(batch)
        batch.next = batch.stop = 0  # should what follows fail
        self.hold(batch, 0, keys)
        self.hold(batch, 1, offsets)
        PyObject_GetBuffer(rows, &batch.views[2], PyBUF_SIMPLE)
        batch.held += 1
        batch.keys = <const int64_t*>batch.views[0].buf
        batch.offsets = <const int64_t*>batch.views[1].buf
        batch.rows = <const char*>batch.views[2].buf
        batch.rows_end = batch.rows + batch.views[2].len
        check(batch, start, stop)
        batch.next = start
        batch.stop = stop
        enter(&self.round, <int32_t>source)

    @property
    def merged(self) -> int:
        """Records in the round."""
        return self.round.merged

    def merge_round(self, Py_ssize_t most) -> int:
        """Merge the next round, at most so many records of it.

        Returns the source that runs out, or -1 when no source has records. Raises
        ValueError where keys fall.
        """
        cdef int32_t exhausted
        if self.round.written < self.round.merged:
            raise ValueError("the round is not written yet")
        self.round.merged = self.round.written = 0
        leave(&self.round)
        if self.round.living == 0:
            return -1
        with nogil:
            exhausted = merge_batches(&self.round)
        self.round.merged = min(self.round.merged, max(most, 0))
        return exhausted

    def fill(self, uint8_t[::1] out not None) -> int:
        """Copy as many records of the round as fit; returns the bytes written.

        0: all are written. If not even one fits, minus the bytes that it needs.
        """
        cdef char* begin
        cdef char* end
        cdef Py_ssize_t size
        if self.round.written == self.round.merged:
            return 0
        if out.shape[0] == 0:
            return -needed(&self.round, self.tails)
        begin = <char*>&out[0]
        end = begin + out.shape[0]
        if self.has_tails:
            size = copy_with_tails(&self.round, self.tails, begin, end)
        else:
            with nogil:
                if self.round.widths == 1:
                    size = copy_stretch(&self.round, begin, end)
                else:
                    size = copy_rows(&self.round, begin, end)
        if size == 0 and self.round.written < self.round.merged:
            return -needed(&self.round, self.tails)
        return size

    def stretches(self) -> list:
        """The round as (source, start, stop): records that are neighbours in a source.

        What it returns counts as written.
        """
        cdef Py_ssize_t i = self.round.written, stop, record
        cdef const Slice* slice
        found = []
        while i < self.round.merged:
            stop = run_end(&self.round, i)
            slice = slice_of(&self.round, i)
            record = slice.base + number_of(&self.round, i)
            found.append((slice.owner, record, record + stop - i))
            i = stop
        self.round.written = self.round.merged
        return found


cdef inline const Slice* slice_of(const Round* round, Py_ssize_t i) noexcept nogil:
    return round.slices if round.widths == 1 else &round.slices[round.source[i]]


cdef inline Py_ssize_t number_of(const Round* round, Py_ssize_t i) noexcept nogil:
    """Which record of its slice it is."""
    return i if round.widths == 1 else round.index[i]


cdef inline const int64_t* offsets_of(const Round* round, Py_ssize_t i) noexcept nogil:
    return slice_of(round, i).offsets + number_of(round, i)


cdef inline Py_ssize_t run_end(const Round* round, Py_ssize_t i) noexcept nogil:
    """Behind the records from i on that follow each other in their source too."""
    cdef int32_t source
    if round.widths == 1:
        return round.merged
    source = round.source[i]
    i += 1
    while i < round.merged and round.source[i] == source:
        i += 1
    return i


cdef Py_ssize_t needed(const Round* round, list tails) except -1:
    """Bytes of the next record."""
    cdef const int64_t* offsets = offsets_of(round, round.written)
    return offsets[1] - offsets[0] + len(tails[slice_of(round, round.written).owner])


cdef inline void fetch_ahead(const Round* round, Py_ssize_t i) noexcept nogil:
    """Where many sources take turns every record is a miss of the cache: overlap."""
    cdef const char* row
    if i + 2 * AHEAD < round.merged:
        prefetch(offsets_of(round, i + 2 * AHEAD))
        row = slice_of(round, i + AHEAD).rows + offsets_of(round, i + AHEAD)[0]
        prefetch(row)
        prefetch(row + SHORT)  # a hint may point anywhere


cdef Py_ssize_t copy_stretch(Round* round, char* begin, char* end) noexcept nogil:
    """One source alone: as much as fits at once."""
    cdef const int64_t* offsets = round.slices[0].offsets
    cdef Py_ssize_t first = round.written
    cdef int64_t start = offsets[first]
    cdef int64_t most = start + (end - begin)
    cdef Py_ssize_t stop = count_up_to(offsets, first, round.merged + 1, most, True) - 1
    memcpy(begin, round.slices[0].rows + start, offsets[stop] - start)
    round.written = stop
    return offsets[stop] - start


cdef Py_ssize_t copy_rows(Round* round, char* begin, char* end) noexcept nogil:
    cdef char* out = begin
    cdef Py_ssize_t i = round.written, stop, size
    cdef const Slice* slice
    cdef const int64_t* offsets
    cdef const char* row
    cdef bint is_full = False
    while i < round.merged and not is_full:
        if round.widths > SCATTERED:
            fetch_ahead(round, i)
        stop = run_end(round, i)
        slice = &round.slices[round.source[i]]
        offsets = slice.offsets + round.index[i]
        size = offsets[stop - i] - offsets[0]
        if size > end - out:
            is_full = True
            stop = i + count_up_to(
                offsets, 0, stop - i + 1, offsets[0] + (end - out), True
            ) - 1
            size = offsets[stop - i] - offsets[0]
        row = slice.rows + offsets[0]
        # Hints: what waited for late records is no longer in the caches.
        prefetch(offsets + OFFSETS_AHEAD)
        prefetch(row + BYTES_AHEAD)
        copy(out, end, row, size, slice.rows_end)
        out += size
        i = stop
    round.written = i
    return out - begin


cdef Py_ssize_t copy_with_tails(
    Round* round, list tails, char* begin, char* end
) except -1:
    cdef char* out = begin
    cdef Py_ssize_t i = round.written, size, tail_size, ending
    cdef const Slice* slice
    cdef const int64_t* offsets
    cdef const char* row
    cdef bytes tail
    while i < round.merged:
        slice = slice_of(round, i)
        offsets = slice.offsets + number_of(round, i)
        tail = <bytes>tails[slice.owner]
        tail_size = PyBytes_GET_SIZE(tail)
        row = slice.rows + offsets[0]
        size = offsets[1] - offsets[0]
        if size + tail_size > end - out:
            break
        ending = ending_size(row, row + size)
        copy(out, end, row, size - ending, slice.rows_end)
        out += size - ending
        memcpy(out, PyBytes_AS_STRING(tail), tail_size)
        out += tail_size
        memcpy(out, row + size - ending, ending)
        out += ending
        i += 1
    round.written = i
    return out - begin
