"""From rows of CSV to a queue's frames: the bytes that their dicts or lists would give.

A field's bytes go from the window into the open frame of the queue. What that cannot
express is put as an object, row by row: a row with more fields than there are keys, a
missing time, fields that are numbers or None, a sort key that the row does not have.
"""

cimport cython
from cpython.object cimport PyObject
from libc.stdint cimport int64_t, uint8_t, uint32_t
from libc.string cimport memchr, memcpy

from chronomux._core.csv.fields cimport field_text
from chronomux._core.csv.machine cimport TEXT
from chronomux._core.csv.rows cimport Rows
from chronomux._core.encoder cimport Encoder, Schema
from chronomux._core.frame_builder cimport finish_row
from chronomux._core.frames cimport (
    INT64_KEYS,
    OBJECT_KEYS,
    KeyKind,
    raise_fault,
)
from chronomux._core.keypath cimport KeyPath
from chronomux._core.limits cimport MOST_ROWS
from chronomux._core.queue_core cimport FUNCTION_KEYS, QueueCore, deadline_of
from chronomux._core.row_writer cimport DONE, schema_bytes, write_item_value
from chronomux._core.rows cimport INT, LIST, TEXT1, Tag
from chronomux._core.sender cimport Sender
from chronomux._core.times cimport read_time
from chronomux.errors import TimestampError

cdef enum:
    TEXT_HEAD = 5  # tag and length
    NUMBER_SIZE = 9


cdef extern from "Python.h":
    void Py_DECREF(PyObject* item) noexcept


cdef inline char* room_for(Encoder frame, Py_ssize_t size) except NULL:
    """Where so many bytes may be written."""
    if frame.used + size > frame.room:
        raise_fault(frame.reserve(size))
    return frame.row_data + frame.used


cdef inline int write_head(Encoder frame, Tag tag, size_t count) except -1:
    """A tag and the length that belongs to it."""
    cdef uint32_t count32 = <uint32_t>count
    cdef char* p = room_for(frame, TEXT_HEAD)
    p[0] = tag
    memcpy(p + 1, &count32, 4)
    frame.used += TEXT_HEAD
    return 0


cdef inline int write_number(Encoder frame, int64_t number) except -1:
    cdef char* p = room_for(frame, NUMBER_SIZE)
    p[0] = INT
    memcpy(p + 1, &number, 8)
    frame.used += NUMBER_SIZE
    return 0


cdef inline bint all_ascii(const uint8_t* data, size_t size) noexcept:
    cdef uint8_t bits = 0
    cdef size_t i
    for i in range(size):
        bits |= data[i]
    return bits < 0x80


cdef inline int write_field(
    Encoder frame, const uint8_t* data, size_t size, int quote, bint is_ascii
) except -1:
    """A field as it stands in RFC 4180 text; `quote` is -1 where none is left."""
    cdef size_t margin = 1 if size and data[0] == quote else 0
    cdef const uint8_t* content = data + margin
    cdef size_t count = size - 2 * margin
    cdef uint32_t count32 = <uint32_t>count
    cdef char* p
    if margin and memchr(content, quote, count) is not NULL:
        return write_text(frame, data, size, quote, is_ascii)
    if not is_ascii and not all_ascii(content, count):
        return write_text(frame, data, size, quote, is_ascii)
    p = room_for(frame, TEXT_HEAD + count)
    p[0] = TEXT1
    memcpy(p + 1, &count32, 4)
    memcpy(p + TEXT_HEAD, content, count)
    frame.used += TEXT_HEAD + count
    return 0


cdef int write_text(
    Encoder frame, const uint8_t* data, size_t size, int quote, bint is_ascii
) except -1:
    """A field whose characters are not its bytes."""
    cdef PyObject* text = field_text(data, size, quote, is_ascii)
    try:
        write_item_value(frame, <object>text)
    finally:
        Py_DECREF(text)
    return 0


cdef bint is_plain(value) noexcept:
    """Whether a frame has a tag for it."""
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 63
    return value is None or type(value) in (str, bool, float, bytes)


@cython.final
cdef class QueuedRows:
    """Puts rows on a queue, equal to what `finish` makes of them.

    keys: those of dicts, the time's among them; None for lists, which it ends.
    columns: how many fields a dict takes. missing: the value of those that a row lacks.
    finish(fields, time): the row as an object, the time being None without times.

    times: (place, columns, parser, pick, on_bad, on_first), or None. `place` is that of
    the time among a dict's keys. pick(fields) gives the text of the time, which lies in
    `columns` of the row; on_bad(line, error) is called for one that `parser` does not
    read: it raises, or returns whether the row stays without. on_first(line, fields) is
    called once, with the first row.

    ValueError for keys that are not strings, or not all different.
    """

    def __init__(
        self,
        QueueCore queue not None,
        Rows rows not None,
        keys,
        size_t columns,
        missing,
        finish,
        times=None,
    ):
        self.queue = queue
        self.rows = rows
        self.keys = None if keys is None else tuple(keys)
        self.columns = columns
        self.missing = missing
        self.missing_is_plain = is_plain(missing)
        self.finish = finish
        if self.keys is not None and (
            len(set(self.keys)) != len(self.keys) or schema_bytes(self.keys) is None
        ):
            raise ValueError("keys of queued rows must be different strings")
        if times is not None:
            place, time_columns, parser, pick, on_bad, on_first = times
            self.is_timed = True
            self.time_place = place
            self.parser = parser
            self.form = self.parser.form
            self.time_column = time_columns[0]
            self.is_simple = len(time_columns) == 1
            self.pick = pick
            self.on_bad = on_bad
            self.on_first = on_first
        self.key = self.key_source()

    cdef KeySource key_source(self):
        """What the queue's sort key is in most rows."""
        cdef object function = self.queue.key_function
        cdef object index
        if self.queue.key_mode != FUNCTION_KEYS:
            return NOTHING
        if type(function) is not KeyPath or (<KeyPath>function).only is None:
            return UNKNOWN
        if self.keys is None:
            index = (<KeyPath>function).indices[0]
            if index is None or index < 0:
                return UNKNOWN
        elif (<KeyPath>function).only in self.keys:
            index = self.keys.index((<KeyPath>function).only)
            if self.is_timed and index == self.time_place:
                return TIME
        else:
            return UNKNOWN
        self.key_column = index
        return FIELD

    def put(self, timeout=None):
        """Put the next rows, some hundred at most. False: there are no more.

        timeout: seconds to wait for room at most; then `Full`, and the row that found
        none is put by the next call. Raises what reading raises, and what a queue's
        `put` does; the rows before were put.
        """
        if not self.advance():
            return False
        if not self.is_direct() or not self.put_bytes(deadline_of(True, timeout)):
            self.put_object(timeout)
        return True

    # ---- The row at hand

    cdef bint advance(self) except -1:
        """Have a row that is to be put, with its time. False: there are no more."""
        while self.waits or self.go_on():
            if not self.asks or self.ask_time():
                return True
            self.waits = False
        return False

    cdef bint go_on(self) except -1:
        """Go to the next row that counts; reading may take any time."""
        while self.rows.next():
            if self.take():
                return True
        return False

    cdef bint take(self) noexcept:
        """The row at hand is to be put. False: it is an empty line, which is not."""
        if (self.is_timed or self.keys is not None) and self.rows.is_blank():
            return False
        self.waits = True
        self.has_time = False
        self.asks = self.is_timed and (
            self.on_first is not None or not self.read_its_time()
        )
        return True

    cdef bint read_its_time(self) noexcept:
        """Whether the time is one that can be read without an object."""
        cdef Rows rows = self.rows
        cdef size_t column = self.time_column, begin, end
        if not self.is_simple or column >= rows.width:
            return False
        begin = rows.ends[column - 1] + rows.gap if column else rows.begin
        end = rows.ends[column]
        if (
            begin < end
            and not rows.is_exact
            and rows.bytes[begin] == rows.rules.syntax.quote
        ):
            begin += 1
            end -= 1
        self.has_time = read_time(
            &self.form, <const char*>rows.bytes + begin, end - begin, &self.time
        )
        return self.has_time

    cdef bint ask_time(self) except -1:
        """Have the time read by the parser. False: the row is left out."""
        cdef size_t line = self.rows.line_of_row()
        cdef list fields = self.fields()
        self.asks = False
        if self.on_first is not None:
            self.on_first(line, fields)
            self.on_first = None
        try:
            self.time = self.parser(self.pick(fields))
        except TimestampError as error:
            return self.on_bad(line, error)
        self.has_time = True
        return True

    cdef list fields(self):
        return [] if self.rows.is_blank() else self.rows.fields_from(0)

    cdef bint is_direct(self) noexcept:
        """Whether the row needs no object."""
        cdef size_t width = self.rows.width
        if self.key == UNKNOWN or (self.key == FIELD and self.key_column >= width):
            return False
        if self.is_timed and not self.has_time:
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

    # ---- Putting it

    cdef int put_object(self, object timeout) except -1:
        time = self.time if self.has_time else None
        self.queue.put(self.finish(self.fields(), time), True, timeout)
        self.waits = False
        return 0

    cdef bint put_bytes(self, int64_t deadline) except -1:
        """Put the row at hand, and those behind it that can be had without waiting and
        without an object. False: the one at hand needs an object after all."""
        cdef QueueCore queue = self.queue
        cdef Sender sender
        cdef bint fits
        if queue.sender is None:
            queue.make_sender(deadline)
        sender = queue.put_side()
        sender.enter()
        try:
            fits = self.put_run(sender, deadline)
        finally:
            sender.leave()
        if not sender.fed and not sender.idle():
            queue._feed()
        return fits

    cdef bint put_run(self, Sender sender, int64_t deadline) except -1:
        """Inside the sender's gate: nothing here may run other people's code."""
        cdef Schema schema = None
        cdef int left = MOST_ROWS
        if self.keys is not None:
            schema = sender.frame.schema_of(self.keys)
        while left:
            left -= 1
            if sender.admit(1) <= 0:
                self.queue.wait_for_room(sender, deadline)
            if not self.add(sender, schema):
                return False
            self.waits = False
            sender.added(False)
            # A parcel waits for the feeder, which needs the gate.
            if sender.first != NULL or not self.step():
                break
        return True

    cdef bint next_is_at_hand(self) noexcept:
        """Whether the next row is in the index, so that nothing has to be read."""
        cdef Rows rows = self.rows
        cdef size_t end
        if rows.row >= rows.index.scan.rows:
            return False
        end = rows.index.ends[rows.index.rows[rows.row] - 1]
        return end - rows.position <= rows.rules.syntax.limit

    cdef bint step(self) except -1:
        """Go to the next row. False: it cannot be had, or put, just so."""
        while self.next_is_at_hand():
            self.rows.next()
            if self.take():
                return not self.asks and self.is_direct()
        return False

    cdef bint add(self, Sender sender, Schema schema) except -1:
        """Add an admitted row to the open frame. False: it does not take it so."""
        cdef Encoder frame = sender.frame
        cdef Py_ssize_t used = frame.used, schemas = frame.schemas
        cdef KeyKind before = frame.kind
        cdef bint added = False
        try:
            added = self.write(frame, schema)
        finally:
            if not added:
                frame.used = used
                frame.kind = before
                frame.drop_schemas(schemas)
                sender.release(1)
        return added

    cdef bint write(self, Encoder frame, Schema schema) except -1:
        cdef int64_t bits = self.time if self.key == TIME else 0
        cdef Py_ssize_t begin = frame.used
        if not frame.accept(INT64_KEYS if self.key == TIME else OBJECT_KEYS):
            return False
        if frame.rows + 1 >= frame.row_room:
            raise_fault(frame.reserve_rows(1))
        if self.key == FIELD:
            self.write_fields(frame, self.key_column, self.key_column + 1)
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
        cdef size_t place = self.time_place
        if not self.is_timed:
            return self.write_span(frame, 0, self.columns)
        self.write_span(frame, 0, place)
        write_number(frame, self.time)
        return self.write_span(frame, place + 1, self.columns)

    cdef int write_list(self, Encoder frame) except -1:
        write_head(frame, LIST, self.rows.width + self.is_timed)
        self.write_fields(frame, 0, self.rows.width)
        return write_number(frame, self.time) if self.is_timed else 0

    cdef int write_span(self, Encoder frame, size_t first, size_t last) except -1:
        """The values of columns [first, last), whether the row has them or not."""
        cdef size_t end = min(last, self.rows.width)
        if first < end:
            self.write_fields(frame, first, end)
            first = end
        while first < last:
            write_item_value(frame, self.missing)
            first += 1
        return 0

    cdef int write_fields(self, Encoder frame, size_t first, size_t last) except -1:
        """Fields [first, last), all of which the row has."""
        cdef Rows rows = self.rows
        cdef const uint8_t* bytes = rows.bytes
        cdef const uint32_t* ends = rows.ends
        cdef int quote = -1 if rows.is_exact else rows.rules.syntax.quote
        cdef bint is_ascii = rows.is_ascii
        cdef size_t gap = rows.gap, i
        cdef size_t begin = ends[first - 1] + gap if first else rows.begin
        for i in range(first, last):
            write_field(frame, bytes + begin, ends[i] - begin, quote, is_ascii)
            begin = ends[i] + gap
        return 0
