"""The row at hand as a row of a frame: the bytes that its dict or its list would give.

What those cannot express, `fits` denies: a row with more fields than there are keys, a
missing time, fields that are numbers or None, a sort key that the row does not have.
"""

cimport cython
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memcpy

from chronomux._core.csv.field_bytes cimport write_fields
from chronomux._core.csv.machine cimport TEXT
from chronomux._core.csv.rows cimport Rows
from chronomux._core.encoder cimport Encoder, Schema
from chronomux._core.frame_builder cimport finish_row
from chronomux._core.frames cimport INT64_KEYS, OBJECT_KEYS, raise_fault
from chronomux._core.keypath cimport KeyPath
from chronomux._core.row_writer cimport DONE, schema_bytes, write_item_value
from chronomux._core.rows cimport INT, LIST, Tag

cdef enum:
    NUMBER = 9  # tag and value, at most


cdef inline int write_number(
    Encoder frame, Tag tag, const void* number, size_t size
) except -1:
    """A tag and the number behind it."""
    cdef char* p
    if frame.used + NUMBER > frame.room:
        raise_fault(frame.reserve(NUMBER))
    p = frame.row_data + frame.used
    p[0] = tag
    memcpy(p + 1, number, size)
    frame.used += 1 + size
    return 0


cdef bint is_plain(value) noexcept:
    """Whether a frame has a tag for it."""
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 63
    return value is None or type(value) in (str, bool, float, bytes)


@cython.final
cdef class FramedRows:
    """Writes rows as dicts or lists.

    keys: those of dicts, the time's among them at `time_place`; None for lists, which
    the time ends. columns: how many fields a dict takes. missing: the value of those
    that a row lacks. times: None for rows without.

    ValueError for keys that are not strings, or not all different.
    """

    def __init__(
        self,
        Rows rows not None,
        keys,
        size_t columns,
        missing,
        RowTimes times=None,
        size_t time_place=0,
    ):
        self.rows = rows
        self.keys = None if keys is None else tuple(keys)
        self.columns = columns
        self.missing = missing
        self.missing_is_plain = is_plain(missing)
        self.times = times
        self.is_timed = times is not None
        self.time_place = time_place
        self.order_by(None)
        if self.keys is not None and (
            len(set(self.keys)) != len(self.keys) or schema_bytes(self.keys) is None
        ):
            raise ValueError("keys of framed rows must be different strings")

    cdef int order_by(self, object function) except -1:
        """Find out what a sort key's function gives in most rows."""
        cdef object name, place
        self.key = NOTHING if function is None else UNKNOWN
        self.kind = OBJECT_KEYS
        if type(function) is not KeyPath or (<KeyPath>function).only is None:
            return 0
        if self.keys is None:
            place = (<KeyPath>function).indices[0]
            if place == -1 and self.is_timed:
                self.key = TIME
            elif place is not None and place >= 0:
                self.key, self.key_column = FIELD, place
        else:
            name = (<KeyPath>function).only
            if name in self.keys:
                self.key, self.key_column = FIELD, self.keys.index(name)
            if self.is_timed and name == self.keys[self.time_place]:
                self.key = TIME
        if self.key == TIME:
            self.kind = INT64_KEYS
        return 0

    cdef bint counts(self) noexcept:
        """Whether the row is an item: lists without times may be empty lines."""
        return not ((self.is_timed or self.keys is not None) and self.rows.is_blank())

    cdef bint fits(self) noexcept:
        cdef size_t width = self.rows.width
        if self.key == UNKNOWN or (self.key == FIELD and self.key_column >= width):
            return False
        if self.is_timed and not self.times.is_known:
            return False
        if self.rows.is_exact and not self.is_text():
            return False
        if self.keys is None:
            return not self.rows.is_blank()
        return width == self.columns or (
            width < self.columns and self.missing_is_plain
        )

    cdef bint is_text(self) noexcept:
        """Whether all fields that the machine has read are text."""
        cdef size_t i
        for i in range(self.rows.width):
            if self.rows.machine.kinds[i] != TEXT:
                return False
        return True

    cdef bint write(self, Encoder frame, Schema schema) except -1:
        cdef Py_ssize_t begin = frame.used
        cdef int64_t bits = 0
        if not frame.accept(self.kind):
            return False
        if frame.rows + 1 >= frame.row_room:
            raise_fault(frame.reserve_rows(1))
        if self.key == TIME:
            bits = self.times.ns
        elif self.key == FIELD:
            write_fields(frame, self.rows, self.key_column, self.key_column + 1)
            bits = frame.used - begin
        if schema is None:
            self.write_list(frame)
        elif frame.open_dict(schema) == DONE:
            self.write_dict(frame)
        else:
            return False
        finish_row(frame, bits)
        return True

    cdef int write_dict(self, Encoder frame) except -1:
        if not self.is_timed:
            return self.write_span(frame, 0, self.columns)
        self.write_span(frame, 0, self.time_place)
        write_number(frame, INT, &self.times.ns, 8)
        return self.write_span(frame, self.time_place + 1, self.columns)

    cdef int write_list(self, Encoder frame) except -1:
        cdef size_t width = self.rows.width
        cdef uint32_t count = <uint32_t>(width + self.is_timed)
        write_number(frame, LIST, &count, 4)
        write_fields(frame, self.rows, 0, width)
        return write_number(frame, INT, &self.times.ns, 8) if self.is_timed else 0

    cdef int write_span(self, Encoder frame, size_t first, size_t last) except -1:
        """The values of columns [first, last), whether the row has them or not."""
        cdef size_t end = min(last, self.rows.width)
        if first < end:
            write_fields(frame, self.rows, first, end)
            first = end
        while first < last:
            write_item_value(frame, self.missing)
            first += 1
        return 0
