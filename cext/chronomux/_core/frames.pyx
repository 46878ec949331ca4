"""Items into frames (Encoder) and back (Decoder)."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_CheckExact
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.tuple cimport PyTuple_CheckExact
from libc.math cimport NAN
from libc.stdint cimport int64_t, uint16_t, uint64_t
from libc.string cimport memcmp, memcpy

from chronomux._core.frame_layout cimport (
    BAD_SCHEMA,
    CHECKSUM_AT,
    DICT_HEAD,
    DICT_TAG,
    DOUBLE_KEYS,
    FULL,
    HEADER_BYTES,
    INT64_KEYS,
    OBJECT_KEYS,
    OTHER_KEYS,
    Fault,
    FrameBuilder,
    FrameView,
    KeyKind,
    checksum,
    double_key,
    finish_row,
    int_key,
    item_of,
    load32,
    raise_fault,
    row_of,
    view_frame,
)
from chronomux._core.rows cimport (
    DONE,
    OTHER_SCHEMA,
    WHOLE,
    RowReader,
    schema_bytes,
    write_item_value,
    write_sequence,
    write_values,
    write_whole,
)

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int* overflow) except? -1

cdef enum:
    SCHEMAS_KNOWN = 1024  # until an encoder forgets them all

# Says that a row has no key of its own.
cdef object NO_KEY = object()

KEY_KINDS = ("object", "int64", "double")


cdef inline int64_t bits_of(double value) noexcept:
    cdef int64_t bits
    memcpy(&bits, &value, sizeof(bits))
    return bits


cdef Key key_of(object key) noexcept:
    cdef int overflow = 0
    cdef int64_t value
    if PyFloat_CheckExact(key):
        return Key(DOUBLE_KEYS, bits_of(PyFloat_AS_DOUBLE(key)))
    if PyLong_CheckExact(key):
        value = PyLong_AsLongLongAndOverflow(key, &overflow)
        return Key(OBJECT_KEYS if overflow else INT64_KEYS, value)
    if key is True or key is False:
        return Key(INT64_KEYS, key is True)
    # A missing key sorts as NaN does: below all others.
    if key is None:
        return Key(DOUBLE_KEYS, bits_of(NAN))
    return Key(OBJECT_KEYS, 0)


@cython.final
cdef class Schema:
    def __cinit__(self, tuple keys, bytes image):
        self.keys = keys
        self.image = image


cdef class Encoder(FrameBuilder):
    """Encodes items into an open frame, which `take` returns as bytes.

    Keys are numbers of one kind in one frame: int (64 bits) or float, else objects.
    For one thread at a time.
    """

    def __cinit__(self):
        self.known = {}

    def __len__(self):
        """Rows of the open frame."""
        return self.rows

    @property
    def nbytes(self):
        """Bytes of the frame that `take` would return."""
        return self.size()

    @property
    def key_kind(self):
        """Of the open frame: 'int64', 'double' or 'object'."""
        return KEY_KINDS[self.kind]

    def add(self, object item, object key=NO_KEY):
        """Encode an item into the open frame; without a key it is its own.

        Raises TypeError if the frame's keys are of another kind than `key` (None is
        missing, a double NaN), and what pickle raises for an item that cannot be
        encoded. Then the frame is as it was.
        """
        cdef Key column
        if key is NO_KEY:
            self.add_item(item)
        else:
            column = key_of(key)
            self.add_row(item, column.kind, column.bits, key)

    def extend(self, items, keys=None):
        """Encode items, with as many keys if any, as `add` does: all of them or none."""
        cdef Py_ssize_t rows = self.rows, schemas = self.schemas
        cdef bint added = False
        cdef Key column
        try:
            if keys is None:
                for item in items:
                    self.add_item(item)
            else:
                for item, key in zip(items, keys, strict=True):
                    column = key_of(key)
                    self.add_row(item, column.kind, column.bits, key)
            added = True
        finally:
            if not added:
                self.begin()
                self.drop_rows(rows)
                self.drop_schemas(schemas)

    def take(self):
        """The open frame as bytes; the next begins empty."""
        cdef bytes frame
        self.begin()
        frame = PyBytes_FromStringAndSize(NULL, self.size())
        self.write_to(PyBytes_AS_STRING(frame))
        self.clear_frame()
        return frame

    def clear(self):
        """Drop the rows of the open frame."""
        self.begin()
        self.clear_frame()

    def copy(self, Decoder source not None, Py_ssize_t start=0, stop=None):
        """Copy rows [start, stop) of the source's frame, as they are: nothing is decoded.

        Raises IndexError for rows that it does not have, TypeError if its keys are of
        another kind, OverflowError if the open frame cannot hold its schemas as well:
        after `take` it can.
        """
        cdef Py_ssize_t end = source.view.rows if stop is None else stop
        self.begin()
        if not 0 <= start <= end <= source.view.rows:
            raise IndexError(
                f"rows {start} to {end} of a frame of {source.view.rows} rows"
            )
        raise_fault(self.copy_rows(&source.view, start, end))

    cdef int begin(self) except -1:
        if self.busy:
            raise RuntimeError("an item is being encoded: one thread at a time")
        return 0

    cdef int add_item(self, object item) except -1:
        return self.add_row(item, OBJECT_KEYS, 0, NO_KEY)

    cdef int add_int(self, object item, int64_t key) except -1:
        return self.add_row(item, INT64_KEYS, key, NO_KEY)

    cdef int add_double(self, object item, double key) except -1:
        return self.add_row(item, DOUBLE_KEYS, bits_of(key), NO_KEY)

    cdef int add_object(self, object item, object key) except -1:
        return self.add_row(item, OBJECT_KEYS, 0, key)

    cdef int add_row(
        self, object item, KeyKind kind, int64_t bits, object key
    ) except -1:
        cdef Py_ssize_t used = self.used, schemas = self.schemas
        cdef KeyKind before = self.kind
        cdef bint added = False
        self.begin()
        if not self.accept(kind):
            raise_fault(OTHER_KEYS)
        if self.rows + 1 >= self.row_room:
            raise_fault(self.reserve_rows(1))
        self.busy = True
        try:
            if kind == OBJECT_KEYS and key is not NO_KEY:
                bits = self.write_key(key)
            self.write_item(item)
            finish_row(self, bits)
            added = True
        finally:
            self.busy = False
            if not added:
                self.kind = before
                self.used = used
                self.drop_schemas(schemas)
        return 0

    cdef Py_ssize_t write_key(self, object key) except -1:
        """Returns the bytes that the key takes."""
        cdef Py_ssize_t start = self.used
        self.write_plain(key)
        return self.used - start

    cdef int write_item(self, object item) except -1:
        cdef Py_ssize_t start = self.used, schemas = self.schemas
        if not PyDict_CheckExact(item):
            return self.write_plain(item)
        if self.write_dict(<dict>item) != DONE:
            self.used = start
            self.drop_schemas(schemas)
            write_whole(self, item)
        return 0

    cdef int write_plain(self, object item) except -1:
        """Anything but a dict that has a schema."""
        cdef Py_ssize_t start = self.used
        cdef int written
        if PyList_CheckExact(item) or PyTuple_CheckExact(item):
            written = write_sequence(self, item)
        else:
            written = write_item_value(self, item)
        if written != DONE:
            self.used = start
            write_whole(self, item)
        return 0

    cdef int write_dict(self, dict item) except -1:
        cdef Py_ssize_t start = self.used
        cdef int written = OTHER_SCHEMA
        cdef tuple keys
        cdef Schema schema = self.last
        if schema is not None:
            written = self.write_schema_row(item, schema)
            if written != OTHER_SCHEMA:
                return written
        self.used = start
        keys = tuple(item)
        schema = self.schema_of(keys)
        if schema is None:
            return WHOLE
        # Equal keys may be other objects. The newest are the likeliest to come again.
        schema.keys = keys
        self.last = schema
        written = self.write_schema_row(item, schema)
        if written == OTHER_SCHEMA:
            raise RuntimeError("a dict changed its keys while it was put into a frame")
        return written

    cdef int write_schema_row(self, dict item, Schema schema) except -1:
        cdef char* head
        cdef uint16_t number
        cdef Fault fault
        if len(item) != len(schema.keys):
            return OTHER_SCHEMA
        if schema.serial != self.serial:
            fault = self.place_schema(
                PyBytes_AS_STRING(schema.image), len(schema.image), &schema.number
            )
            if fault == FULL:
                return WHOLE
            raise_fault(fault)
            schema.serial = self.serial
        if self.used + DICT_HEAD > self.room:
            raise_fault(self.reserve(DICT_HEAD))
        number = <uint16_t>schema.number
        head = self.row_data + self.used
        head[0] = DICT_TAG
        memcpy(head + 1, &number, sizeof(number))
        self.used += DICT_HEAD
        return write_values(self, item, schema.keys)

    cdef Schema schema_of(self, tuple keys):
        """The schema of these keys; None if not all are exactly str."""
        cdef bytes image
        cdef Schema schema
        # A subclass of str may equal a key that is known: look at them first.
        for key in keys:
            if type(key) is not str:
                return None
        schema = self.known.get(keys)
        if schema is None:
            image = schema_bytes(keys)
            if image is None:
                return None
            if len(self.known) >= SCHEMAS_KNOWN:
                self.known.clear()
            schema = self.known[keys] = Schema(keys, image)
        return schema

    def _check(self):
        """Raise AssertionError unless the open frame is sound."""
        cdef Py_ssize_t i
        assert self.rows < self.row_room and self.used <= self.room
        assert self.offset_column[0] == 0
        for i in range(self.rows):
            assert self.offset_column[i] < self.offset_column[i + 1]
        assert self.busy or self.used == <Py_ssize_t>self.offset_column[self.rows]
        assert 0 <= self.schemas and self.schema_ends[0] == 0
        for i in range(self.schemas):
            assert self.schema_ends[i + 1] - self.schema_ends[i] == (
                load32(self.schema_data + self.schema_ends[i])
            )


@cython.final
cdef class Decoder:
    """Decodes the rows of one frame after another, one by one or in bulk.

    For one thread at a time. Short strings and the keys of dicts are shared between all
    that one decoder makes.
    """

    def __cinit__(self, frame=None):
        self.reader = RowReader()
        self.schemas = []
        self.image = b""
        if frame is not None:
            self.open(frame)

    def __dealloc__(self):
        if self.held:
            PyBuffer_Release(&self.buffer)

    def open(self, object frame):
        """Check a frame and go to its first row; the buffer is held until `close`.

        Raises FrameError if it is damaged. Then no frame is open.
        """
        self.close_frame()
        PyObject_GetBuffer(frame, &self.buffer, PyBUF_SIMPLE)
        self.held = True
        try:
            self.open_memory(<const char*>self.buffer.buf, self.buffer.len)
        except BaseException:
            self.close_frame()
            raise

    def close(self):
        """Let the frame go; rows that were not taken are lost."""
        self.close_frame()

    def __len__(self):
        """Rows that were not taken."""
        return self.view.rows - self.position

    @property
    def rows(self):
        """Rows of the frame, taken or not."""
        return self.view.rows

    @property
    def key_kind(self):
        """Of the frame: 'int64', 'double' or 'object'."""
        return KEY_KINDS[self.view.kind]

    def __iter__(self):
        return self

    def __next__(self):
        if self.position >= self.view.rows and self.error is None:
            raise StopIteration
        return self.take_item()

    def take(self, most=None):
        """A list of the next items, `most` at most.

        An item that cannot be decoded ends the list before it, and what it raises comes
        with the next call; the items after it can be taken then.
        """
        return self.take_items(len(self) if most is None else most)

    def item(self, Py_ssize_t row):
        """The item of a row, which is not taken by that."""
        return self.item_at(row)

    def key(self, Py_ssize_t row):
        """The key of a row: what was given to `add`, or else its item. None as key of
        a frame of doubles is NaN."""
        return self.key_at(row)

    cdef int begin(self) except -1:
        if self.busy:
            raise RuntimeError("an item is being decoded: one thread at a time")
        return 0

    cdef int open_memory(self, const char* memory, Py_ssize_t size) except -1:
        self.begin()
        self.view.rows = self.position = 0
        self.error = None
        cdef FrameView view
        raise_fault(view_frame(memory, size, &view))
        self.view = view
        # Streams seldom change their schemas: the dicts of the frame before serve on.
        if self.view.schema_bytes != len(self.image) or memcmp(
            self.view.schema_data, PyBytes_AS_STRING(self.image), len(self.image)
        ):
            self.view.rows = 0
            self.read_schemas()
            self.view.rows = view.rows
        return 0

    cdef int read_schemas(self) except -1:
        cdef bytes image = PyBytes_FromStringAndSize(
            self.view.schema_data, self.view.schema_bytes
        )
        cdef const char* schema = PyBytes_AS_STRING(image)
        cdef list schemas = []
        cdef dict template
        cdef tuple keys
        for _ in range(self.view.schemas):
            keys = self.reader.read_schema(schema)
            template = dict.fromkeys(keys)
            if len(template) != len(keys):
                raise_fault(BAD_SCHEMA)
            schemas.append(template)
            schema += load32(schema)
        self.schemas = schemas
        self.image = image
        return 0

    cdef int close_frame(self) except -1:
        self.begin()
        self.view.rows = self.position = 0
        self.error = None
        if self.held:
            self.held = False
            PyBuffer_Release(&self.buffer)
        return 0

    cdef object take_item(self):
        cdef object error = self.error
        self.begin()
        if error is not None:
            self.error = None
            raise error
        if self.position >= self.view.rows:
            raise IndexError("no row is left in the frame")
        self.busy = True
        self.position += 1
        try:
            return self.read_row(self.position - 1)
        finally:
            self.busy = False

    cdef list take_items(self, Py_ssize_t most):
        cdef list items = []
        cdef Py_ssize_t start = self.position, count = 0
        if self.error is not None:
            return [self.take_item()]
        self.begin()
        self.busy = True
        try:
            most = min(most, self.view.rows - start)
            while count < most:
                self.position += 1
                items.append(self.read_row(start + count))
                count += 1
        except Exception as error:
            if not count:
                raise
            self.error = error
        except BaseException:  # an interrupt: nothing was taken
            self.position = start
            raise
        finally:
            self.busy = False
        return items

    cdef object item_at(self, Py_ssize_t row):
        self.begin()
        if not 0 <= row < self.view.rows:
            raise IndexError(f"row {row} of a frame of {self.view.rows} rows")
        self.busy = True
        try:
            return self.read_row(row)
        finally:
            self.busy = False

    cdef inline object read_row(self, Py_ssize_t row):
        cdef const char* begin
        cdef const char* end
        cdef Fault fault = item_of(&self.view, row, &begin, &end)
        if fault:
            raise_fault(fault)
        return self.reader.read_item(begin, end, self.schemas)

    cdef object key_at(self, Py_ssize_t row):
        if self.view.kind == OBJECT_KEYS:
            return self.object_key_at(row)
        if not 0 <= row < self.view.rows:
            raise IndexError(f"row {row} of a frame of {self.view.rows} rows")
        if self.view.kind == INT64_KEYS:
            return int_key(&self.view, row)
        return double_key(&self.view, row)

    cdef object object_key_at(self, Py_ssize_t row):
        cdef const char* begin
        cdef const char* item
        cdef const char* end
        self.begin()
        if not 0 <= row < self.view.rows:
            raise IndexError(f"row {row} of a frame of {self.view.rows} rows")
        raise_fault(row_of(&self.view, row, &begin, &end))
        raise_fault(item_of(&self.view, row, &item, &end))
        self.busy = True
        try:
            if begin == item:
                return self.reader.read_item(item, end, self.schemas)
            return self.reader.read_item(begin, item, self.schemas)
        finally:
            self.busy = False


def _seal(bytearray frame not None):
    """Give a frame the checksum of what it holds now: for tests of hostile frames."""
    cdef char* p = frame
    cdef Py_ssize_t size = len(frame)
    if size < HEADER_BYTES or size & 7:
        raise ValueError(f"{size} bytes cannot be a frame")
    cdef uint64_t seal = checksum(p, size)
    memcpy(p + CHECKSUM_AT, &seal, sizeof(seal))
