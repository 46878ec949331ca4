"""Items into frames."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_CheckExact
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_CheckExact
from cpython.tuple cimport PyTuple_CheckExact
from libc.math cimport NAN
from libc.stdint cimport int64_t, uint16_t
from libc.string cimport memcpy

from chronomux._core.decoder cimport Decoder
from chronomux._core.frame_builder cimport FrameBuilder, finish_row
from chronomux._core.frames cimport (
    DICT_HEAD,
    DICT_TAG,
    DOUBLE_KEYS,
    FULL,
    INT64_KEYS,
    OBJECT_KEYS,
    OTHER_KEYS,
    Fault,
    KeyKind,
    load32,
    raise_fault,
)
from chronomux._core.row_writer cimport (
    DONE,
    OTHER_SCHEMA,
    WHOLE,
    schema_bytes,
    write_item_value,
    write_sequence,
    write_values,
    write_whole,
)

from chronomux._core.frames import KEY_KINDS as _KEY_KINDS

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int* overflow) except? -1

cdef enum:
    SCHEMAS_KNOWN = 1024  # until an encoder forgets them all

# Says that a row has no key of its own.
cdef object NO_KEY = object()

cdef inline int64_t bits_of(double value) noexcept:
    cdef int64_t bits = 0
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
        return _KEY_KINDS[self.kind]

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
        """Encode items, with as many keys if any, as `add` does: all or none."""
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
        """Copy rows [start, stop) of the source's frame; nothing is decoded.

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
            if self.tails and not self.leaves_tails:
                self.settle()
            finish_row(self, bits)
            self.offset_column[self.rows] += self.tail_bytes
            added = True
        finally:
            self.busy = False
            if not added:
                self.kind = before
                self.used = used
                self.drop_tail()
                self.drop_schemas(schemas)
        return 0

    cdef Py_ssize_t write_key(self, object key) except -1:
        """Returns the bytes that the key takes."""
        cdef Py_ssize_t start = self.used
        self.write_plain(key)
        if self.tails:
            self.settle()
        return self.used - start

    cdef int settle(self) except -1:
        """The row gets its own copy of its large buffers."""
        raise_fault(self.keep_tail())
        self.drop_tail()
        return 0

    cdef void drop_tail(self) noexcept:
        self.tails = 0
        self.tail_bytes = 0
        self.tail_owner = None

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
        cdef int written
        if len(item) != len(schema.keys):
            return OTHER_SCHEMA
        written = self.open_dict(schema)
        return written if written else write_values(self, item, schema.keys)

    cdef int open_dict(self, Schema schema) except -1:
        cdef char* head
        cdef uint16_t number
        cdef Fault fault
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
        return DONE

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
