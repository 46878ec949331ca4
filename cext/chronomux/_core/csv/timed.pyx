"""Records as they stand in a file, with their times: frames.

Nothing is made for a record: its time goes into an array, and so does its place. The
bytes of a frame are those of the window, unless records in between were left out.
"""

cimport cython
from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint32_t
from libc.string cimport memchr

from chronomux._core.csv.line_field cimport field_end, find_column
from chronomux._core.csv.machine cimport SKIP_LINE
from chronomux._core.csv.noted cimport Noted
from chronomux._core.csv.structure cimport Index, Scan
from chronomux._core.csv.window cimport Vacancy, Window
from chronomux._core.times cimport read_time, read_times
from chronomux.errors import ReaderError, TimestampError

cdef enum:
    STEP = 1 << 13  # bytes scanned at once: few are scanned twice, for a special row
    LEAST_STEP = 1 << 9
    STEPS = 32  # in a block, at least: what is found in one is kept
    RECORD_BYTES = 32  # what a short record has: a block of them makes one frame,
    # but for the last of them, so that keys and offsets fit half a block

cdef inline bint put_text(
    Texts* texts, size_t i, const uint8_t* begin, const uint8_t* end, int quote
) noexcept nogil:
    """Add a field, without quotes around it; False: nothing is in it."""
    if begin < end and begin[0] == quote:
        begin += 1
        end -= 1
    texts.begins[i] = <const char*>begin
    texts.sizes[i] = end - begin
    return begin < end


@cython.final
cdef class TimedRecords(Records):
    """Frames of the records of a stream, each as (keys, offsets, rows, lines).

    Lines are those in which the records begin, as a range if it can be one.
    columns: the numbers of the columns that make a time, joined by spaces; `missing`
    stands for those that a record lacks. on_bad(line, error) is called for a time that
    `parser` does not read: it raises, or returns whether the record stays without one.
    on_first(line, fields) is called once, with the first record. `lines` come before.
    `read` gives bytes in any encoding that ASCII is part of; they are not checked.
    `readinto`, if given, is asked instead, and puts a block into memory it is given.
    A frame has less than `block_bytes` / 32 records, and those of one block mostly.
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
        readinto=None,
    ):
        self.lines = lines
        self.readinto = readinto
        self.block_bytes = block_bytes
        self.most = max(block_bytes // RECORD_BYTES - 1, 1)
        self.step = min(max(self.block_bytes // STEPS, LEAST_STEP), STEP)
        self.room = self.block_bytes
        self.window = Window(self.room)
        self.row_ends = Index(self.rules.syntax.delimiter, self.rules.syntax.quote)
        self.noted = Noted()
        self.on_first = on_first
        self.parser = parser
        self.form = self.parser.form
        # Nothing else is in a text that is quickly read, commas being for the parser.
        self.form.comma = False
        self.may_guess = chr(self.rules.syntax.delimiter) not in "0123456789+-.: TtZz"
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
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.noted.begin(self.most)
        try:
            self.gather()
        except TimestampError:
            raise  # a caller that refuses such times has no use for what is before
        except ReaderError as error:
            if not self.noted.count:
                raise
            self.failure = error
        if not self.noted.count:
            raise StopIteration
        return self.noted.frame(self.window)

    cdef int gather(self) except -1:
        """Note the records that follow and lie in the window, one of them at least.

        None is noted at the end of the stream only.
        """
        cdef int64_t ns = 0
        while True:
            if self.is_simple and self.on_first is None:
                self.gather_indexed()
                if self.gather_lines() and self.is_short():
                    if not self.fill():
                        return 0
                    continue
            if self.noted.count == self.most or not self.next():
                return 0
            if not self.is_blank() and self.is_taken(&ns):
                self.noted.go_on(self.row_begin, self.line_of_row())
                self.noted.add(ns, self.position)

    cdef int gather_indexed(self) except -1:
        """Note rows of the index that are a line each, up to one that is special."""
        cdef Texts texts
        cdef size_t rows, taken
        while not self.is_dirty:
            rows = self.at_once(self.index.scan.rows - self.row)
            taken = self.take(&texts, self.find_in_index(&texts, rows))
            if taken:
                self.row += taken
                self.first = self.index.rows[self.row - 1]
            if taken < rows or not rows:
                break
        return 0

    cdef bint gather_lines(self) except -1:
        """The same with rows that are not in the index, as long as it is not needed.

        Only the ends of rows are found, and in each row the one column. Whether that
        was all, up to a row that does not end in the window.
        """
        cdef Index row_ends = self.row_ends
        cdef size_t rows, taken, done
        if not self.leave_index():
            return False
        row_ends.restart(self.position)
        while self.noted.count < self.most and self.find_row_ends():
            done = 0
            while done < row_ends.scan.fields and self.noted.count < self.most:
                rows = self.at_once(row_ends.scan.fields - done)
                taken = self.take_lines(row_ends.ends + done, rows, self.may_guess)
                if taken < rows:
                    # Perhaps a wrong guess was all that was wrong with the next one.
                    rows = self.take_lines(row_ends.ends + done + taken, 1, False)
                    if not rows:
                        break
                    taken += rows
                done += taken
            if done < row_ends.scan.fields:
                break
            row_ends.forget(done, 0)
        self.index.restart(self.position)
        return not (
            row_ends.scan.fields or row_ends.scan.stopped or row_ends.scan.quoted_breaks
        )

    cdef size_t take_lines(
        self, const uint32_t* row_ends, size_t rows, bint guesses
    ) except? 0:
        cdef Texts texts
        cdef size_t found = self.find_in_lines(&texts, row_ends, rows, guesses)
        return self.take(&texts, found)

    cdef bint is_short(self) noexcept:
        """Whether the row begun may as well be scanned anew, once there is more."""
        cdef size_t size = self.window.size - self.position
        if self.is_final or size > self.rules.syntax.limit:
            return False
        return size < self.step

    cdef size_t at_once(self, size_t rows) noexcept:
        """How many of the rows the frame, and `Texts`, have room for."""
        return min(min(rows, self.most - self.noted.count), AT_ONCE)

    cdef size_t find_in_index(self, Texts* texts, size_t rows) noexcept:
        """Note the texts of the times of rows, and where the rows end; of how many."""
        cdef const uint8_t* data = self.window.data
        cdef int64_t* ends = self.noted.offsets + self.noted.count
        cdef size_t position = self.position
        cdef size_t shift = position - ends[0]
        cdef size_t first = self.first
        cdef size_t i, last
        cdef const uint8_t* begin
        cdef const uint32_t* fields
        for i in range(rows):
            last = self.index.rows[self.row + i]
            fields = self.index.ends + first
            if last - first <= self.column:
                return i
            begin = data + position
            if self.column:
                begin = data + fields[self.column - 1] + 1
            if not put_text(
                texts, i, begin, data + fields[self.column], self.rules.syntax.quote
            ):
                return i
            first = last
            last = self.index.ends[last - 1]
            if last - position >= self.rules.syntax.limit:
                return i
            position = self.row_after(last)
            ends[i + 1] = position - shift
        return rows

    cdef size_t find_in_lines(
        self, Texts* texts, const uint32_t* row_ends, size_t rows, bint guesses
    ) noexcept:
        """The same of rows that are not in the index.

        guesses: a field may be as long as the one before if a delimiter follows. If it
        is shorter it has a delimiter in it, and then its time will not be read.
        """
        cdef const uint8_t* data = self.window.data
        cdef int64_t* ends = self.noted.offsets + self.noted.count
        cdef size_t position = self.position
        cdef size_t shift = position - ends[0]
        cdef size_t limit = self.rules.syntax.limit
        cdef uint8_t delimiter = self.row_ends.scan.delimiter
        cdef int quote = self.rules.syntax.quote
        cdef size_t i, usual = 0  # of the field before
        cdef const uint8_t* begin
        cdef const uint8_t* end
        for i in range(rows):
            if row_ends[i] - position >= limit:
                return i
            begin = data + position
            end = data + row_ends[i]
            if not find_column(&begin, end, self.column, delimiter, quote):
                return i
            if (
                guesses and usual < <size_t>(end - begin)
                and begin[usual] == delimiter and begin[0] != quote
            ):
                end = begin + usual
            else:
                end = field_end(begin, end, delimiter, quote)
            if not put_text(texts, i, begin, end, quote):
                return i
            usual = end - begin
            position = self.row_after(row_ends[i])
            ends[i + 1] = position - shift
        return rows

    cdef inline size_t row_after(self, size_t end) noexcept:
        """Where the row begins that follows a row ending in `end`."""
        cdef const uint8_t* data = self.window.data
        if data[end] == c"\r" and end + 1 < self.window.size:
            return end + 1 + (data[end + 1] == c"\n")
        return end + 1

    cdef size_t take(self, const Texts* texts, size_t found) except? 0:
        """Note the records found up to one whose time is not quickly read; how many."""
        cdef Noted noted = self.noted
        cdef size_t taken = read_times(
            &self.form, texts.begins, texts.sizes, found, noted.keys + noted.count
        )
        if taken:
            noted.go_on(self.position, self.lines + self.rows_since + 1)
            noted.count += taken
            self.rows_since += taken
            self.position = noted.shift + noted.offsets[noted.count]
        return taken

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

    cdef bint fill(self) except -1:
        # Records that are there are not kept waiting for those that are not.
        cdef Window window
        cdef size_t size
        if self.noted.count:
            return False
        if self.readinto is None:
            return Records.fill(self)
        self.make_room(max(self.block_bytes // 2, 1))
        window = self.window
        size = self.read_into(window, window.room - window.size)
        if not size:
            self.is_final = True
        elif self.rules.syntax.refuses_nul and memchr(
            window.data + window.size - size, 0, size
        ) is not NULL:
            self.is_plain = False
        return True

    cdef size_t read_into(self, Window window, size_t most) except? 0:
        """Read up to so many bytes into a window; how many came."""
        cdef size_t size = 0
        with memoryview(Vacancy(window)) as room, room[:most] as asked:
            size = self.readinto(asked)
        window.grow(size)
        return size

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
