"""The records noted for a frame: their times, and where they stand.

Mostly they are one stretch of lines, so nothing but its beginning is kept of them, and
their bytes are those of the window. Keys and offsets lie in memory as windows have it:
a merge that waits for late records holds many frames, and would get fresh memory, which
is dear, for each of them.
"""

cimport cython
from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy

from chronomux._core.csv.window cimport Window

cdef enum:
    FEW = 4  # a frame with so many times less than there is room for is moved

cdef array.array INT64 = array.array("q")


cdef inline int64_t* places(array.array numbers) noexcept:
    return <int64_t*>numbers.data.as_longlongs


@cython.final
cdef class Noted:
    """Records of one window, which grow in number by `add`, or by who writes them.

    Such a writer puts keys and offsets behind those that are there, says `go_on` for
    the first of them, and counts them.
    """

    def __dealloc__(self):
        PyMem_Free(self.stretches)

    cdef int begin(self, size_t most) except -1:
        """Forget all, for the next frame of so many records at most."""
        if self.numbers is None:
            self.numbers = Window((2 * most + 1) * sizeof(int64_t))
            self.numbers.size = self.numbers.room
            self.keys = <int64_t*>self.numbers.data
            self.offsets = self.keys + most
            self.most = most
        self.offsets[0] = 0
        self.count = self.stretch_count = 0
        self.has_gap = False
        return 0

    cdef int go_on(self, size_t begin, size_t line) except -1:
        """The next record begins there; a new stretch begins with it if it must."""
        cdef size_t room
        cdef Stretch* stretch
        cdef size_t shift = begin - <size_t>self.offsets[self.count]
        if self.count:
            stretch = &self.stretches[self.stretch_count - 1]
            if shift != self.shift:
                self.has_gap = True
            elif line - stretch.line == self.count - stretch.record:
                return 0
        if self.stretch_count == self.stretch_room:
            room = 2 * self.stretch_room + 1
            stretch = <Stretch*>PyMem_Realloc(self.stretches, room * sizeof(Stretch))
            if stretch is NULL:
                raise MemoryError
            self.stretches = stretch
            self.stretch_room = room
        self.stretches[self.stretch_count] = Stretch(self.count, begin, line)
        self.stretch_count += 1
        self.shift = shift
        return 0

    cdef void add(self, int64_t key, size_t end) noexcept:
        """The record that goes on so ends there."""
        self.keys[self.count] = key
        self.count += 1
        self.offsets[self.count] = end - self.shift

    cdef tuple frame(self, Window window):
        """(keys, offsets, rows, lines) of the records, one at least."""
        keys, offsets = self.key_views()
        return keys, offsets, self.rows(window), self.lines()

    cdef tuple key_views(self):
        """Keys and offsets; nobody writes to them any more."""
        cdef size_t behind = self.most
        cdef Window numbers = self.numbers
        if self.count < self.most // FEW:
            numbers = Window((2 * self.count + 1) * sizeof(int64_t))
            behind = self.count
            numbers.append(<const uint8_t*>self.keys, behind * sizeof(int64_t))
            numbers.append(<const uint8_t*>self.offsets, (behind + 1) * sizeof(int64_t))
        else:
            self.numbers = None
        view = memoryview(numbers).cast("q")
        return view[:self.count], view[behind:behind + self.count + 1]

    cdef object rows(self, Window window):
        """The bytes of the records, one behind the other."""
        cdef size_t size = self.offsets[self.count]
        cdef size_t begin = self.stretches[0].begin
        cdef size_t i
        cdef size_t stop = self.count
        cdef char* target
        cdef const Stretch* stretch
        if not self.has_gap:
            return memoryview(window)[begin:begin + size]
        rows = PyBytes_FromStringAndSize(NULL, size)
        target = PyBytes_AS_STRING(rows)
        for i in reversed(range(self.stretch_count)):
            stretch = &self.stretches[i]
            begin = self.offsets[stretch.record]
            size = self.offsets[stop] - begin
            memcpy(target + begin, window.data + stretch.begin, size)
            stop = stretch.record
        return rows

    cdef object lines(self):
        """The lines, from 1, in which the records begin; a range if it can be one."""
        cdef array.array lines
        cdef size_t i, record
        cdef size_t line = self.stretches[0].line
        cdef size_t stop = self.count
        cdef const Stretch* stretch
        if self.stretch_count == 1:
            return range(line, line + self.count)
        lines = array.clone(INT64, self.count, False)
        for i in reversed(range(self.stretch_count)):
            stretch = &self.stretches[i]
            for record in range(stretch.record, stop):
                places(lines)[record] = stretch.line + record - stretch.record
            stop = stretch.record
        return lines
