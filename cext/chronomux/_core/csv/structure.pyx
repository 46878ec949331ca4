"""Where fields and rows end in RFC 4180 text, without a look at what they hold.

Which instructions find it is decided once, when this is imported: the best that the
processor has, or what the environment variable CHRONOMUX_SIMD names (scalar, sse2,
avx2, neon). The answer is the same.
"""

import os
from array import array

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.string cimport memmove

cdef enum:
    STEP = 1 << 16  # bytes a step: the places of its fields stay in the caches

WAYS = tuple(
    way for way in ("avx2", "neon", "sse2", "scalar")
    if scan_way(way.encode()).scan is not NULL
)


def _chosen():
    way = os.environ.get("CHRONOMUX_SIMD", WAYS[0])
    if way not in WAYS:
        raise ValueError(
            f"CHRONOMUX_SIMD={way!r}: this processor has {', '.join(WAYS)}"
        )
    return way


WAY = _chosen()
cdef ScanWay CHOSEN = scan_way(WAY.encode())


cdef uint32_t* reserve(
    uint32_t* places, size_t* room, size_t needed
) except NULL:
    """Places, or more of them where there is not the room that is needed."""
    if needed <= room[0]:
        return places
    # At the next step there may be the start of a row as well.
    needed = max(needed + needed // 4, room[0] + room[0] // 2)
    places = <uint32_t*>PyMem_Realloc(places, needed * sizeof(uint32_t))
    if places is NULL:
        raise MemoryError
    room[0] = needed
    return places


@cython.final
cdef class Index:
    """The ends of fields and rows behind the last `restart` or `forget`.

    The first row not forgotten begins at `ends[0]`'s field. `scan.rows` says how many
    rows are whole, `scan.fields` how many fields, those of the row begun among them.
    """

    def __cinit__(self, int delimiter, int quote, str way=None):
        """quote: -1 for a dialect without. way: one of WAYS; WAY if it is not given."""
        if way is not None and way not in WAYS:
            raise ValueError(f"way={way!r}: this processor has {', '.join(WAYS)}")
        self.way = CHOSEN if way is None else scan_way(way.encode())
        self.scan.delimiter = <uint8_t>delimiter
        self.scan.quote = <uint8_t>max(quote, 0)
        self.scan.quotes = 0 if quote < 0 else ~<uint64_t>0
        scan_restart(&self.scan, 0)

    def __dealloc__(self):
        PyMem_Free(self.ends)
        PyMem_Free(self.rows)

    cdef int reach(self, const uint8_t* data, size_t end) except -1:
        """Scan on to `end`, unless a quote stops the scan."""
        cdef size_t needed = self.needed(end)
        self.ends = reserve(self.ends, &self.room, needed)
        self.rows = reserve(self.rows, &self.rows_room, needed)
        with nogil:
            self.way.scan(&self.scan, data, end, self.ends, self.rows)
        return 0

    cdef int reach_rows(self, const uint8_t* data, size_t end) except -1:
        """The same, but a row counts as one field: `ends` are those of rows.

        An index is used with `reach` or with `reach_rows`, until it is restarted.
        """
        self.ends = reserve(self.ends, &self.room, self.needed(end))
        with nogil:
            self.way.scan_rows(&self.scan, data, end, self.ends)
        return 0

    cdef size_t needed(self, size_t end) noexcept:
        """Room for all that a scan up to `end` may find."""
        cdef size_t needed = self.scan.fields + SCAN_SLACK
        if end > self.scan.position:
            needed += end - self.scan.position
        return needed

    cdef void restart(self, size_t position) noexcept:
        """A row begins at `position`; nothing of what was found still counts."""
        scan_restart(&self.scan, position)

    cdef void forget(self, size_t fields, size_t shift) noexcept:
        """Forget all rows and the first fields; count places from `shift` on."""
        cdef size_t i
        self.scan.rows = 0
        self.scan.fields -= fields
        self.scan.position -= shift
        # A long row that has only begun is not moved at every step.
        if fields:
            memmove(
                self.ends, self.ends + fields, self.scan.fields * sizeof(uint32_t)
            )
        if shift:
            for i in range(self.scan.fields):
                self.ends[i] -= <uint32_t>shift


cdef size_t line_breaks(
    const uint8_t* data, size_t begin, size_t end, size_t size
) noexcept nogil:
    """How many lines end in data[begin:end]; of "\\r\\n" the second byte counts."""
    cdef size_t count = CHOSEN.line_ends(data + begin, end - begin)
    if begin < end < size and data[end - 1] == c"\r" and data[end] == c"\n":
        count -= 1
    return count


def count_lines(const uint8_t[::1] data, str way=None):
    """How many lines end in bytes, at "\\n", "\\r" or "\\r\\n"."""
    cdef ScanWay chosen = CHOSEN if way is None else scan_way(way.encode())
    if chosen.scan is NULL:
        raise ValueError(f"way={way!r}: this processor has {', '.join(WAYS)}")
    return chosen.line_ends(&data[0], data.shape[0]) if data.shape[0] else 0


def find_ends(const uint8_t[::1] data, delimiter=",", quotechar='"', str way=None):
    """(places of field ends, ends at each row end, stopped) of bytes, as arrays.

    Of a row that is not whole at the end of `data` the fields that are whole count.
    """
    cdef Index index = Index(ord(delimiter), ord(quotechar) if quotechar else -1, way)
    cdef const uint8_t* start = &data[0] if data.shape[0] else NULL
    index.reach(start, data.shape[0])
    return (
        array("I", [index.ends[i] for i in range(index.scan.fields)]),
        array("I", [index.rows[i] for i in range(index.scan.rows)]),
        bool(index.scan.stopped),
    )


def find_row_ends(
    const uint8_t[::1] data, delimiter=",", quotechar='"', str way=None
):
    """(places of row ends, stopped) of bytes: of "\\r\\n" the first one."""
    cdef Index index = Index(ord(delimiter), ord(quotechar) if quotechar else -1, way)
    cdef const uint8_t* start = &data[0] if data.shape[0] else NULL
    index.reach_rows(start, data.shape[0])
    places = array("I", [index.ends[i] for i in range(index.scan.fields)])
    return places, bool(index.scan.stopped)


def count_ends(const uint8_t[::1] data, delimiter=",", quotechar='"', str way=None):
    """(fields, rows) in RFC 4180 bytes; the places are found, and forgotten each step.

    Raises ValueError at a quote that RFC 4180 does not know.
    """
    cdef Index index = Index(ord(delimiter), ord(quotechar) if quotechar else -1, way)
    cdef size_t size = data.shape[0]
    cdef size_t fields = 0
    cdef size_t rows = 0
    while index.scan.position < size and not index.scan.stopped:
        index.reach(&data[0], min(size, index.scan.position + STEP))
        fields += index.scan.fields
        rows += index.scan.rows
        index.forget(index.scan.fields, 0)
    if index.scan.stopped:
        raise ValueError(f"a stray quote before byte {index.scan.position}")
    return fields, rows
