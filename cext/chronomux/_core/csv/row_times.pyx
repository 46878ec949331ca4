"""The time of the row at hand: from its bytes, or from its fields as objects."""

cimport cython
from libc.stdint cimport uint8_t

from chronomux._core.csv.rows cimport Rows
from chronomux._core.times cimport read_time
from chronomux.errors import TimestampError


@cython.final
cdef class RowTimes:
    """pick(fields) gives the text of a row's time, which lies in `columns`.

    on_bad(line, error) is called for one that `parser` does not read: it raises, or
    returns whether the row stays without. on_first(line, fields) is called once, with
    the first row.
    """

    def __init__(
        self, TimeParser parser not None, columns, pick, on_bad, on_first
    ):
        self.parser = parser
        self.form = parser.form
        self.column = columns[0]
        self.is_simple = len(columns) == 1
        self.pick = pick
        self.on_bad = on_bad
        self.on_first = on_first

    cdef bint read(self, Rows rows) noexcept:
        """Whether the time could be had without an object; else `ask`."""
        cdef size_t column = self.column, begin, end
        cdef const uint8_t* data = rows.bytes
        self.is_known = False
        if self.on_first is not None or not self.is_simple or column >= rows.width:
            return False
        begin = rows.ends[column - 1] + rows.gap if column else rows.begin
        end = rows.ends[column]
        if begin < end and not rows.is_exact and data[begin] == rows.rules.syntax.quote:
            begin += 1
            end -= 1
        self.is_known = read_time(
            &self.form, <const char*>data + begin, end - begin, &self.ns
        )
        return self.is_known

    cdef bint ask(self, Rows rows, list fields) except -1:
        """Have the time read by the parser. False: the row is left out."""
        cdef size_t line = rows.line_of_row()
        if self.on_first is not None:
            self.on_first(line, fields)
            self.on_first = None
        try:
            self.ns = self.parser(self.pick(fields))
        except TimestampError as error:
            return self.on_bad(line, error)
        self.is_known = True
        return True
