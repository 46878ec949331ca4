"""Records as they stand in a file, with their times: frames.

Nothing is made for a record: its time goes into an array, and so does its place. The
bytes of a frame are those of the window, unless records in between were left out.
"""

cimport cython
from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport INT64_MIN, uint8_t, uint32_t
from libc.string cimport memcpy

from chronomux._core.csv.structure cimport Index
from chronomux._core.times cimport read_time
from chronomux.errors import ReaderError, TimestampError

cdef enum:
    MOST_RECORDS = 4096

cdef array.array INT64 = array.array("q")


cdef inline int64_t* places(array.array numbers) noexcept:
    return <int64_t*>numbers.data.as_longlongs


@cython.final
cdef class TimedRecords(Records):
    """Frames of the records of a stream, each as (keys, offsets, rows, lines).

    columns: the numbers of the columns that make a time, joined by spaces; `missing`
    stands for those that a record lacks. on_bad(line, error) is called for a time that
    `parser` does not read: it raises, or returns whether the record stays without one.
    on_first(line, fields) is called once, with the first record. `lines` come before.
    `read` gives bytes in any encoding that ASCII is part of; they are not checked.
    """

    def __init__(
        self,
        read,
        rules,
        name,
        parser,
        columns,
        missing,
        encoding,
        on_bad,
        on_first,
        lines=0,
    ):
        self.lines = lines
        self.on_first = on_first
        self.parser = parser
        self.form = self.parser.form
        self.columns = tuple(columns)
        self.column = self.columns[0]
        self.is_simple = len(self.columns) == 1
        self.missing = missing
        self.encoding = encoding
        self.on_bad = on_bad

    def __iter__(self):
        return self

    def __next__(self):
        """The next frame; all that is there, without waiting for more."""
        cdef Window window = None
        cdef array.array keys = array.clone(INT64, MOST_RECORDS, False)
        cdef array.array begins = array.clone(INT64, MOST_RECORDS + 1, False)
        cdef array.array ends = array.clone(INT64, MOST_RECORDS, False)
        cdef array.array lines = array.clone(INT64, MOST_RECORDS, False)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.count = 0
        try:
            while not self.count:
                if not self.is_pending and not self.next():
                    raise StopIteration
                window = self.window
                self.gather(
                    window, places(keys), places(begins), places(ends), places(lines)
                )
        except TimestampError:
            raise  # a caller that refuses such times has no use for what is before
        except ReaderError as error:
            if not self.count:
                raise
            self.failure = error
        return self.frame(window, (keys, begins, ends, lines))

    cdef bint gather(
        self,
        Window window,
        int64_t* keys,
        int64_t* begins,
        int64_t* ends,
        int64_t* lines,
    ) except -1:
        """Note the row at hand and those behind it that lie in the window."""
        cdef size_t n
        self.is_pending = False
        while True:
            n = self.count
            if not self.is_blank() and self.is_taken(&keys[n]):
                begins[n] = self.row_begin
                ends[n] = self.position
                lines[n] = self.line_of_row()
                self.count += 1
            if not self.is_dirty and self.is_simple:
                self.gather_lines(keys, begins, ends, lines)
            if self.count == MOST_RECORDS or not self.next():
                return False
            if self.window is not window:
                self.is_pending = True
                return True

    cdef int gather_lines(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) noexcept:
        """Note rows of the index that are a line each, up to one that is special."""
        cdef Index index = self.index
        cdef const uint8_t* data = self.window.data
        cdef size_t size = self.window.size
        cdef size_t limit = self.rules.syntax.limit
        cdef int quote = self.rules.syntax.quote
        cdef size_t begin, end, last, next_row
        cdef const uint32_t* fields
        while self.row < index.scan.rows and self.count < MOST_RECORDS:
            last = index.rows[self.row]
            next_row = index.ends[last - 1] + 1
            if last - self.first <= self.column or next_row - self.position > limit:
                break
            fields = index.ends + self.first
            begin = fields[self.column - 1] + 1 if self.column else self.position
            end = fields[self.column]
            if begin < end and data[begin] == quote:
                begin += 1
                end -= 1
            if begin == end or not read_time(
                &self.form, <const char*>data + begin, end - begin, &keys[self.count]
            ):
                break
            if data[next_row - 1] == c"\r" and next_row < size:
                next_row += data[next_row] == c"\n"
            begins[self.count] = self.position
            ends[self.count] = next_row
            self.rows_since += 1
            lines[self.count] = self.lines + self.rows_since
            self.count += 1
            self.position = next_row
            self.first = last
            self.row += 1
        return 0

    cdef bint fill(self) except -1:
        # Records that are there are not kept waiting for those that are not.
        return False if self.count else Records.fill(self)

    cdef bint is_taken(self, int64_t* ns) except -1:
        """Whether the row at hand stays; its time is then known."""
        if self.on_first is not None:
            fields = [self.text(column) for column in range(self.width)]
            self.on_first(self.line_of_row(), fields)
            self.on_first = None
        return self.time_of_row(ns)

    cdef bint is_blank(self) noexcept:
        if self.is_exact:
            return self.width == 0
        return self.width == 1 and self.ends[0] == self.begin

    cdef bint time_of_row(self, int64_t* ns) except -1:
        """The time of the row at hand; False: the record is left out."""
        cdef size_t column = self.column
        cdef size_t begin, end
        cdef const uint8_t* data = self.bytes
        cdef int quote = self.rules.syntax.quote
        if len(self.columns) > 1 or column >= self.width:
            return self.slow_time(ns)
        begin = self.ends[column - 1] + self.gap if column else self.begin
        end = self.ends[column]
        if begin < end and data[begin] == quote and not self.is_exact:
            begin += 1
            end -= 1
        if read_time(&self.form, <const char*>data + begin, end - begin, ns):
            return True
        return self.slow_time(ns)

    cdef bint slow_time(self, int64_t* ns) except -1:
        text = " ".join([self.text(column) for column in self.columns])
        try:
            ns[0] = self.parser(text)
        except TimestampError as error:
            ns[0] = INT64_MIN
            return self.on_bad(self.line_of_row(), error)
        return True

    cdef object text(self, size_t column):
        """A field as text; what cannot be decoded is escaped."""
        cdef size_t begin, end
        cdef const uint8_t* data = self.bytes
        cdef int quote = self.rules.syntax.quote
        if column >= self.width:
            return self.missing
        begin = self.ends[column - 1] + self.gap if column else self.begin
        end = self.ends[column]
        cdef bytes field = (<const char*>data)[begin:end]
        if begin < end and data[begin] == quote and not self.is_exact:
            mark = bytes([quote])
            field = field[1:len(field) - 1].replace(mark + mark, mark)
        return field.decode(self.encoding, "surrogateescape")

    cdef tuple frame(self, Window window, object arrays):
        """The records noted, with offsets from the first of them."""
        cdef array.array keys, begins, ends, lines
        keys, begins, ends, lines = arrays
        cdef int64_t* begin = places(begins)
        cdef int64_t* end = places(ends)
        cdef size_t n = self.count
        cdef size_t i
        cdef int64_t first = begin[0] if n else 0
        cdef int64_t place = 0
        cdef bint has_gap = False
        for i in range(n):
            has_gap = has_gap or begin[i] != first + place
            place += end[i] - begin[i]
        if has_gap:
            rows = self.joined(window, begin, end, place)
        elif n:
            rows = memoryview(window)[first:first + place]
        else:
            rows = b""
        place = 0
        for i in range(n):
            first = end[i] - begin[i]
            begin[i] = place
            place += first
        begin[n] = place
        array.resize(keys, n)
        array.resize(begins, n + 1)
        array.resize(lines, n)
        return keys, begins, rows, lines

    cdef bytes joined(
        self, Window window, const int64_t* begin, const int64_t* end, int64_t size
    ):
        rows = PyBytes_FromStringAndSize(NULL, size)
        cdef char* target = PyBytes_AS_STRING(rows)
        cdef size_t i
        for i in range(self.count):
            memcpy(target, window.data + begin[i], end[i] - begin[i])
            target += end[i] - begin[i]
        return rows
