"""Row after row of a stream of CSV bytes, as places in bytes: no object is made.

The index finds the rows of many bytes at once. The exact machine reads the row in which
the index stopped, the last row if no line end follows it, rows too large to be sure of
the limit, and every row of a dialect that the index does not know.
"""

from chronomux.errors import CSVError, ReaderError

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.number cimport PyNumber_Float
from libc.string cimport memchr

from chronomux._core.csv.machine cimport (
    FIELD_TOO_LONG,
    MORE,
    NUL_IN_LINE,
    NUMBER,
    NUMBERS_IN_LINE,
    ROW,
    SKIP_LINE,
    TEXT_BEHIND_QUOTE,
)
from chronomux._core.csv.structure cimport line_breaks

cdef enum:
    WINDOW = 1 << 20
    STEP = 1 << 16  # bytes that are scanned at once: the places stay in the caches
    MOST = 0xffffffff  # places are 32 bits


cdef class Records:
    """Rows of the blocks that `read()` gives, UTF-8 bytes up to an empty one.

    Errors of csv are CSVError, of a number ReaderError, and begin with `name` and line.
    After an error the next line begins a row. Memory is bounded by the window and the
    longest row.
    """

    def __cinit__(self, read, Rules rules not None, str name not None, *args, **kwargs):
        self.read = read
        self.name = name
        self.rules = rules
        self.index = Index(rules.syntax.delimiter, rules.syntax.quote)
        self.machine = Machine(rules)
        self.step = STEP
        self.room = WINDOW
        self.window = Window(self.room)
        self.is_plain = rules.is_plain

    @property
    def line_num(self):
        """How many lines the rows so far are made of; after an error, its line."""
        self.count_lines()
        cdef size_t at = self.position
        cdef const uint8_t* data = self.window.data
        if at == 0 or data[at - 1] == c"\n":
            return self.lines
        if data[at - 1] == c"\r" and not (at < self.window.size and data[at] == c"\n"):
            return self.lines
        return self.lines + 1

    @property
    def row_line(self):
        """The line, from 1, in which the row at hand begins."""
        return self.line_of_row()

    @property
    def is_open_at_end(self):
        """Whether the last row ended in quotes, or behind an escape."""
        return self.machine.is_open_at_end

    cdef size_t line_of_row(self) noexcept:
        cdef Window window
        if not self.is_dirty:
            return self.lines + self.rows_since
        window = self.window
        self.count_lines()
        return self.lines + 1 - line_breaks(
            window.data, self.row_begin, self.position, window.size
        )

    def rest(self):
        """The bytes at hand that belong to no row so far."""
        cdef size_t size = self.window.size - self.position
        return (<const char*>self.window.data)[self.position:self.position + size]

    cdef bint next(self) except -1:
        """Go to the next row; False: there is none, or `fill` would not go on."""
        cdef Window window
        cdef size_t end, last, usable
        while True:
            window = self.window
            if self.row < self.index.scan.rows:
                last = self.index.rows[self.row]
                end = self.index.ends[last - 1]
                if end - self.position > self.rules.syntax.limit:
                    return self.next_exact()
                self.bytes = window.data
                self.is_ascii = window.is_ascii
                self.is_exact = False
                self.gap = 1
                self.begin = self.row_begin = self.position
                self.ends = self.index.ends + self.first
                self.width = last - self.first
                self.first = last
                self.row += 1
                self.rows_since += 1
                self.position = end + 1
                if (
                    window.data[end] == c"\r"
                    and self.position < window.size
                    and window.data[self.position] == c"\n"
                ):
                    self.position += 1
                return True
            if not self.is_plain or self.index.scan.stopped:
                return self.next_exact()
            if self.machine.state == SKIP_LINE:
                return self.next_exact()
            usable = self.usable()
            if self.index.scan.position < usable:
                self.scan_on(usable)
            elif self.is_final or self.has_outgrown_the_limit():
                return self.next_exact()
            elif not self.fill():
                return False

    cdef size_t usable(self) noexcept:
        """How much of the window may be scanned: a last "\\r" may be half an ending."""
        cdef size_t size = self.window.size
        if size and not self.is_final and self.window.data[size - 1] == c"\r":
            return size - 1
        return size

    cdef bint next_exact(self) except -1:
        """Go to the next row by the machine, which the index then starts behind."""
        cdef Machine machine = self.machine
        cdef Outcome outcome = MORE
        cdef size_t done = 0
        cdef size_t position = self.position
        machine.start()
        self.index.restart(self.position)
        self.row = self.first = 0
        self.is_dirty = True
        while outcome == MORE:
            position = self.position + done
            outcome = machine.feed(
                self.window.data, &position, self.window.size, self.is_final
            )
            done = position - self.position
            if outcome == NUMBERS_IN_LINE and self.has_numbers():
                outcome = MORE
            elif outcome == MORE:
                if self.is_final or not self.fill():
                    return False
        self.row_begin = self.position
        self.position = position
        self.index.restart(position)
        self.bytes = machine.text
        self.is_ascii = self.window.is_ascii
        self.is_exact = True
        self.gap = self.begin = 0
        self.ends = machine.ends
        self.width = machine.fields
        if outcome != ROW:
            self.fail(outcome)
        return True

    cdef bint has_outgrown_the_limit(self) noexcept:
        """Whether the field begun is as long as a field may be."""
        cdef size_t begin = self.position
        if self.index.scan.fields > self.first:
            begin = self.index.ends[self.index.scan.fields - 1] + 1
        return self.window.size - begin > self.rules.syntax.limit

    cdef int scan_on(self, size_t end) except -1:
        """Scan a step further; all rows found before have been given."""
        self.count_lines()
        self.is_dirty = self.is_next_dirty or (self.is_dirty and self.row == 0)
        self.index.forget(self.first, 0)
        self.row = self.first = 0
        self.index.scan.quoted_breaks = 0
        end = min(end, self.index.scan.position + self.step)
        self.index.reach(self.window.data, end)
        self.is_next_dirty = self.index.scan.quoted_breaks > 0
        self.is_dirty = self.is_dirty or self.is_next_dirty
        return 0

    cdef bint fill(self) except -1:
        """Add a block to the window, or learn that there is none. False: not now."""
        cdef bytes block = self.read()
        cdef size_t size = PyBytes_GET_SIZE(block)
        cdef const uint8_t* data = <const uint8_t*>PyBytes_AS_STRING(block)
        if not size:
            self.is_final = True
            return True
        if self.rules.syntax.refuses_nul and memchr(data, 0, size) is not NULL:
            self.is_plain = False
        self.make_room(size)
        self.window.append(data, size)
        return True

    cdef int make_room(self, size_t size) except -1:
        """Drop what belongs to rows given, where that is cheap or there is no room."""
        cdef Window window = self.window
        cdef size_t begin = self.position
        cdef size_t kept = window.size - begin
        cdef Window wider
        cdef bint is_tight = window.room - window.size < size
        window = None
        if begin and not self.window.is_shared() and (is_tight or 4 * kept <= begin):
            self.slid(begin)
            self.window.slide(begin)
            is_tight = self.window.room - self.window.size < size
        if is_tight:
            begin = self.position
            # A row that goes on and on is moved to twice the room each time.
            if 2 * kept + size > MOST:
                raise ReaderError(f"{self.name}:{self.line_num + 1}: a row of 2 GiB")
            wider = Window(max(self.room, 2 * kept + size))
            wider.append(self.window.data + begin, kept)
            self.slid(begin)
            self.window = wider
        return 0

    cdef int slid(self, size_t begin) except -1:
        """Places now count from `begin`, where the next row begins."""
        self.count_lines()
        self.index.forget(self.first, begin)
        self.row = self.first = 0
        self.position -= begin
        self.counted -= begin
        return 0

    cdef void count_lines(self) noexcept:
        """Bring `lines` up to `position`. A row is a line if no quote held a break."""
        if self.is_dirty:
            self.lines += line_breaks(
                self.window.data, self.counted, self.position, self.window.size
            )
        else:
            self.lines += self.rows_since
        self.rows_since = 0
        self.counted = self.position

    cdef object number(self, size_t begin, size_t end):
        """The number that a field of the machine's row is, or ReaderError."""
        field = (<const char*>self.machine.text)[begin:end]
        try:
            # Python's own: that of Cython words the error in another way.
            return PyNumber_Float(field.decode("utf-8", "surrogatepass"))
        except ValueError as error:
            raise ReaderError(f"{self.name}:{self.line_num}: {error}") from error

    cdef int check_numbers(self) except -1:
        """Raise for a field of the row begun that should be a number and is none."""
        cdef Machine machine = self.machine
        cdef size_t i = machine.checked
        cdef size_t begin = machine.ends[i - 1] if i else 0
        for i in range(i, machine.fields):
            if machine.kinds[i] == NUMBER:
                self.number(begin, machine.ends[i])
            begin = machine.ends[i]
        machine.checked = machine.fields
        return 0

    cdef bint has_numbers(self) except -1:
        """Whether what should be numbers in the row begun are numbers.

        csv.reader makes them field by field: one that is none ends the row in its line.
        """
        try:
            self.check_numbers()
        except ReaderError:
            return False
        return True

    cdef int fail(self, Outcome outcome) except -1:
        """Raise what csv.reader would; first of all for a field that is no number."""
        self.check_numbers()
        raise CSVError(f"{self.name}:{self.line_num}: {self.words(outcome)}")

    cdef str words(self, Outcome outcome):
        """An error as csv.Error says it."""
        if outcome == FIELD_TOO_LONG:
            return f"field larger than field limit ({self.rules.syntax.limit})"
        if outcome == TEXT_BEHIND_QUOTE:
            delimiter, quote = self.rules.syntax.delimiter, self.rules.syntax.quote
            return f"'{delimiter:c}' expected after '{quote:c}'"
        if outcome == NUL_IN_LINE:
            return "line contains NUL"
        return "unexpected end of data"
