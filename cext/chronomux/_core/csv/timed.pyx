"""Records as they stand in a file, with their times: frames.

Nothing is made for a record: its time goes into an array, and so does its place. The
bytes of a frame are those of the window, unless records in between were left out.
"""

cimport cython
from cpython cimport array
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy

from chronomux._core.csv.line_field cimport find_field
from chronomux._core.csv.machine cimport SKIP_LINE
from chronomux._core.csv.structure cimport Index, Scan
from chronomux._core.csv.window cimport Window
from chronomux._core.times cimport read_time
from chronomux.errors import ReaderError, TimestampError

cdef enum:
    STEP = 1 << 13  # bytes scanned at once: few are scanned twice, for a special row
    RECORD_BYTES = 32  # what a short record has: a block of them makes one frame

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
    `read` gives bytes in any encoding that ASCII is part of; they are not checked. A
    frame has at most `block_bytes` / 32 records, and those of one block mostly.
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
        block_bytes=1 << 17,
    ):
        self.lines = lines
        self.most = max(block_bytes // RECORD_BYTES, 1)
        self.step = STEP
        self.room = 2 * <size_t>block_bytes
        self.window = Window(self.room)
        self.row_ends = Index(self.rules.syntax.delimiter, self.rules.syntax.quote)
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
        cdef array.array keys = array.clone(INT64, self.most, False)
        cdef array.array begins = array.clone(INT64, self.most + 1, False)
        cdef array.array ends = array.clone(INT64, self.most, False)
        cdef array.array lines = array.clone(INT64, self.most, False)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.count = 0
        try:
            self.gather(places(keys), places(begins), places(ends), places(lines))
        except TimestampError:
            raise  # a caller that refuses such times has no use for what is before
        except ReaderError as error:
            if not self.count:
                raise
            self.failure = error
        if not self.count:
            raise StopIteration
        return self.frame((keys, begins, ends, lines))

    cdef int gather(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) except -1:
        """Note the records that follow and lie in the window, one of them at least.

        None is noted at the end of the stream only.
        """
        cdef size_t n
        while True:
            if self.is_simple and self.on_first is None:
                self.gather_indexed(keys, begins, ends, lines)
                self.gather_lines(keys, begins, ends, lines)
            if self.count == self.most or not self.next():
                return 0
            n = self.count
            if not self.is_blank() and self.is_taken(&keys[n]):
                begins[n] = self.row_begin
                ends[n] = self.position
                lines[n] = self.line_of_row()
                self.count += 1

    cdef int gather_indexed(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) noexcept:
        """Note rows of the index that are a line each, up to one that is special."""
        cdef Index index = self.index
        cdef const uint8_t* data = self.window.data
        cdef size_t last
        cdef const uint8_t* begin
        cdef const uint32_t* fields
        while (
            self.row < index.scan.rows and self.count < self.most and not self.is_dirty
        ):
            last = index.rows[self.row]
            if last - self.first <= self.column:
                break
            fields = index.ends + self.first
            begin = data + self.position
            if self.column:
                begin = data + fields[self.column - 1] + 1
            if not self.is_timed(begin, data + fields[self.column], &keys[self.count]):
                break
            if not self.note_line(index.ends[last - 1], begins, ends, lines):
                break
            self.first = last
            self.row += 1
        return 0

    cdef int gather_lines(
        self, int64_t* keys, int64_t* begins, int64_t* ends, int64_t* lines
    ) except -1:
        """The same with rows that are not in the index, as long as it is not needed.

        Only the ends of rows are found, and in each row the one column.
        """
        cdef Index row_ends = self.row_ends
        cdef const uint8_t* data = self.window.data
        cdef const uint8_t* begin
        cdef const uint8_t* end
        cdef size_t i
        if not self.leave_index():
            return 0
        row_ends.restart(self.position)
        while self.count < self.most and self.find_row_ends():
            for i in range(row_ends.scan.fields):
                begin = data + self.position
                end = data + row_ends.ends[i]
                if self.count == self.most or not find_field(
                    &begin, &end, self.column, row_ends.scan.delimiter,
                    self.rules.syntax.quote,
                ):
                    break
                if not self.is_timed(begin, end, &keys[self.count]):
                    break
                if not self.note_line(row_ends.ends[i], begins, ends, lines):
                    break
            else:
                row_ends.forget(row_ends.scan.fields, 0)
                continue
            break
        self.index.restart(self.position)
        return 0

    cdef bint leave_index(self) noexcept:
        """Forget the index, if the next row is not in it and begins a line."""
        if self.row < self.index.scan.rows or self.index.scan.stopped:
            return False
        if not self.is_plain or self.machine.state == SKIP_LINE:
            return False
        self.count_lines()
        self.index.restart(self.position)
        self.row = self.first = 0
        self.is_dirty = self.is_next_dirty = False
        return True

    cdef bint find_row_ends(self) except -1:
        """Whether there are more in the window, and no row has more than one line."""
        cdef Scan* scan = &self.row_ends.scan
        cdef size_t usable = self.usable()
        while not scan.fields:
            if scan.position >= usable or scan.stopped:
                return False
            self.row_ends.reach_rows(
                self.window.data, min(usable, scan.position + self.step)
            )
            if scan.quoted_breaks:
                return False
        return True

    cdef inline bint is_timed(
        self, const uint8_t* begin, const uint8_t* end, int64_t* ns
    ) noexcept:
        """Whether a field is a time that is quickly read."""
        if begin < end and begin[0] == self.rules.syntax.quote:
            begin += 1
            end -= 1
        return begin < end and read_time(
            &self.form, <const char*>begin, end - begin, ns
        )

    cdef inline bint note_line(
        self, size_t end, int64_t* begins, int64_t* ends, int64_t* lines
    ) noexcept:
        """Note the row up to the line ending at `end`, and pass it; False: too long."""
        cdef const uint8_t* data = self.window.data
        if end - self.position >= self.rules.syntax.limit:
            return False
        begins[self.count] = self.position
        self.position = end + 1
        if data[end] == c"\r" and end + 1 < self.window.size:
            self.position += data[end + 1] == c"\n"
        ends[self.count] = self.position
        self.rows_since += 1
        lines[self.count] = self.lines + self.rows_since
        self.count += 1
        return True

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

    cdef tuple frame(self, object arrays):
        """The records noted, with offsets from the first of them."""
        cdef array.array keys, begins, ends, lines
        keys, begins, ends, lines = arrays
        cdef int64_t* begin = places(begins)
        cdef int64_t* end = places(ends)
        cdef size_t n = self.count
        cdef size_t i
        cdef int64_t first = begin[0]
        cdef int64_t place = 0
        cdef bint has_gap = False
        for i in range(n):
            has_gap = has_gap or begin[i] != first + place
            place += end[i] - begin[i]
        if has_gap:
            rows = self.joined(begin, end, place)
        else:
            rows = memoryview(self.window)[first:first + place]
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

    cdef bytes joined(self, const int64_t* begin, const int64_t* end, int64_t size):
        rows = PyBytes_FromStringAndSize(NULL, size)
        cdef char* target = PyBytes_AS_STRING(rows)
        cdef size_t i
        for i in range(self.count):
            memcpy(target, self.window.data + begin[i], end[i] - begin[i])
            target += end[i] - begin[i]
        return rows
