"""Rows gathered into typed columns, a batch at a time: no object is made for a row."""

cimport cython
from cpython.list cimport PyList_GET_ITEM
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr

from chronomux._core.csv.machine cimport NULL_FIELD
from chronomux._core.csv.records cimport Records
from chronomux._core.csv.typed_column cimport FITS, NO_MEMORY, Fit, TypedColumn
from chronomux._core.times cimport TimeParser, read_time

from chronomux.errors import ReaderError, TimestampError

cdef enum:
    SHOWN = 40  # characters of a field in a message

cdef tuple INFERRED = ("int64", "float64")


cdef enum TimeOutcome:
    READ, MISSING, LEFT_OUT


# The content of a field: its bytes, or a copy of them.
cdef struct Content:
    const char* text
    Py_ssize_t size
    bint is_null


@cython.final
cdef class ColumnRows(Records):
    """Iterates over batches of up to `most` rows: (list of TypedColumn, rows).

    names, types: of the columns; a type that is None is decided by the first batch:
    'int64' or 'float64' if all its values there are numbers that would be written so
    again, 'str' if not. `types` then holds it. An empty line is no row, and a row that
    is too short has missing values at its end.

    time, time_columns: with a TimeParser the column number `time` holds the times that
    the texts of `time_columns`, joined by spaces, stand for; it is named last in
    `names` if no other column has that name. bad_time(line, error) is called for one
    that cannot be read and returns whether the row stays, without a time, or raises.

    Rows before damage are given before it raises: CSVError, or ReaderError for a field
    that is not of its column's type and for a row that is too long.
    """

    cdef readonly list names
    cdef readonly list types
    cdef list columns
    cdef list strict  # whether a column's type was inferred
    cdef Py_ssize_t rows
    cdef Py_ssize_t most
    cdef Py_ssize_t known  # fields that a row may have
    cdef Py_ssize_t time
    cdef tuple time_columns
    cdef TimeParser parser
    cdef object bad_time
    cdef object error
    cdef char* copy
    cdef size_t copy_room

    def __init__(
        self, read, rules, name, list names not None, list types not None, *,
        Py_ssize_t most=1 << 16, TimeParser parser=None, Py_ssize_t time=-1,
        tuple time_columns=(), bad_time=None,
    ):
        if len(names) != len(types) or most < 1 or not -1 <= time < len(names):
            raise ValueError("names, types, most or time do not fit together")
        if (parser is None) != (time < 0) or (time >= 0 and not time_columns):
            raise ValueError("parser, time and time_columns belong together")
        if time_columns and max(time_columns) >= len(names):
            raise ValueError("time_columns must be numbers of columns")
        self.names = names
        self.types = list(types)
        self.strict = [type is None for type in types]
        self.most = most
        self.parser = parser
        self.time = time
        self.time_columns = time_columns
        self.bad_time = bad_time
        self.known = len(names)
        if time >= 0:
            self.types[time] = "timestamp"
            self.strict[time] = False
            self.known -= time not in time_columns

    def __dealloc__(self):
        free(self.copy)

    def skip(self):
        """Leave out a row, a header."""
        self.next()

    def __iter__(self):
        return self

    def __next__(self):
        if self.error is None:
            if not self.rows:  # an interrupted call has left some
                self.columns = self.empty_columns()
            self.gather()
            if None in self.types:
                self.infer()
        if not self.rows:
            if self.error is not None:
                raise self.error
            raise StopIteration
        rows, self.rows = self.rows, 0
        return self.columns, rows

    cdef int check_numbers(self) except -1:
        """Columns have types of their own: what is no number for csv may be text."""
        return 0

    cdef list empty_columns(self):
        return [
            TypedColumn(name, type or "str", strict)
            for name, type, strict in zip(self.names, self.types, self.strict)
        ]

    cdef int gather(self) except -1:
        """Fill the columns; the error that ends the rows early is kept."""
        try:
            while self.rows < self.most:
                if not self.next():
                    break
                if not self.is_blank():
                    self.rows += self.add_row()
        except BaseException as error:
            self.cut(self.rows)
            if not isinstance(error, Exception):
                raise
            self.error = error
        return 0

    cdef int cut(self, Py_ssize_t rows) except -1:
        """Drop what a row that failed has left in some of the columns."""
        cdef TypedColumn column
        for column in self.columns:
            column.cut(rows)
        return 0

    cdef int infer(self) except -1:
        cdef Py_ssize_t i
        for i in range(len(self.types)):
            if self.types[i] is None:
                self.columns[i] = inferred(self.columns[i])
                self.types[i] = self.columns[i].type
        return 0

    cdef bint is_blank(self) noexcept:
        if self.is_exact:
            return self.width == 0
        return self.width == 1 and self.ends[0] == self.begin

    cdef bint add_row(self) except -1:
        """Add the row at hand; False: it has no time, and is not to stay."""
        cdef Py_ssize_t i
        cdef int64_t ns = 0
        cdef TimeOutcome outcome = MISSING
        if self.time >= 0:
            outcome = self.read_row_time(&ns)
            if outcome == LEFT_OUT:
                return False
        if <Py_ssize_t>self.width > self.known:
            raise ReaderError(
                f"{self.name}:{self.row_line}: has {self.width} fields, and there are "
                f"{self.known} columns; give fieldnames=, or row_names=True for files "
                "as R writes them"
            )
        for i in range(len(self.names)):
            if i == self.time:
                self.add_time(ns, outcome)
            elif i < <Py_ssize_t>self.width:
                self.add_field(i)
            else:
                check(self.column(i).append_null())
        return True

    cdef int add_time(self, int64_t ns, TimeOutcome outcome) except -1:
        cdef TypedColumn column = self.column(self.time)
        if outcome == READ:
            return check(column.append_int64(ns))
        return check(column.append_null())

    cdef inline TypedColumn column(self, Py_ssize_t i):
        return <TypedColumn>PyList_GET_ITEM(self.columns, i)

    cdef int add_field(self, Py_ssize_t i) except -1:
        cdef TypedColumn column = self.column(i)
        cdef Content content = self.content(i)
        cdef Fit fit
        if content.is_null:
            fit = column.append_null()
        else:
            fit = column.append(content.text, content.size)
        if fit != FITS:
            check(fit)
            raise self.misfit(column, content, self.strict[i])
        return 0

    cdef object misfit(self, TypedColumn column, Content content, bint was_inferred):
        text = PyUnicode_DecodeUTF8(content.text, content.size, b"replace")[:SHOWN]
        why = ", which its first rows were" if was_inferred else ""
        return ReaderError(
            f"{self.name}:{self.row_line}: {text!r} in column {column.name!r} is no "
            f"{column.type}{why}; use types={{{column.name!r}: 'str'}}"
        )

    cdef Content content(self, Py_ssize_t i) except *:
        """The content of a field of the row at hand, valid until the next one's."""
        cdef size_t begin = self.ends[i - 1] + self.gap if i else self.begin
        cdef Py_ssize_t size = self.ends[i] - begin
        cdef const char* text = <const char*>self.bytes + begin
        if self.is_exact:
            return Content(text, size, self.machine.kinds[i] == NULL_FIELD)
        if size and <uint8_t>text[0] == self.rules.syntax.quote:
            text += 1
            size -= 2
            if memchr(text, self.rules.syntax.quote, size) is not NULL:
                return self.without_doubled(text, size)
        return Content(text, size, False)

    cdef Content without_doubled(self, const char* text, Py_ssize_t size) except *:
        cdef char quote = <char>self.rules.syntax.quote
        cdef Py_ssize_t i = 0, length = 0
        self.make_copy(size)
        while i < size:
            self.copy[length] = text[i]
            length += 1
            i += 2 if text[i] == quote else 1
        return Content(self.copy, length, False)

    cdef int make_copy(self, size_t size) except -1:
        cdef void* grown
        if size > self.copy_room:
            grown = realloc(self.copy, 2 * size)
            if grown == NULL:
                raise MemoryError
            self.copy = <char*>grown
            self.copy_room = 2 * size
        return 0

    cdef TimeOutcome read_row_time(self, int64_t* ns) except *:
        """The time of the row at hand; what the compiled parser does not know is slow.
        """
        cdef Content content
        cdef Py_ssize_t i = self.time_columns[0]
        if len(self.time_columns) == 1 and i < <Py_ssize_t>self.width:
            content = self.content(i)
            if read_time(&self.parser.form, content.text, content.size, ns):
                return READ
        try:
            ns[0] = self.parser(" ".join([self.text(i) for i in self.time_columns]))
            return READ
        except TimestampError as error:
            return MISSING if self.bad_time(self.row_line, error) else LEFT_OUT

    cdef str text(self, Py_ssize_t i):
        """A field of the row at hand; '' behind its end."""
        cdef Content content
        if i >= <Py_ssize_t>self.width:
            return ""
        content = self.content(i)
        return PyUnicode_DecodeUTF8(content.text, content.size, b"surrogatepass")


cdef TypedColumn inferred(TypedColumn texts):
    """The values as numbers, if that is what all of them are; texts otherwise."""
    cdef TypedColumn column
    for type in INFERRED:
        column = TypedColumn(texts.name, type, True)
        if column.take(texts):
            return column
    return texts


cdef inline int check(Fit fit) except -1:
    if fit == NO_MEMORY:
        raise MemoryError
    return 0
