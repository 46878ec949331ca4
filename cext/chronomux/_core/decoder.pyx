"""Frames into items."""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.string cimport memcmp

from chronomux._core.frames cimport (
    BAD_SCHEMA,
    INT64_KEYS,
    OBJECT_KEYS,
    Fault,
    FrameView,
    double_key,
    int_key,
    item_of,
    load32,
    raise_fault,
    row_of,
    view_frame,
)
from chronomux._core.row_reader cimport RowReader

from chronomux._core.frames import KEY_KINDS as _KEY_KINDS


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
        return _KEY_KINDS[self.view.kind]

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
            schemas += (template, keys)
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
        cdef Py_ssize_t row = self.position
        self.begin()
        if error is not None:
            self.error = None
            raise error
        if row >= self.view.rows:
            raise IndexError("no row is left in the frame")
        self.busy = True
        self.position = row + 1
        try:
            return self.read_row(row)
        except Exception:
            raise
        except BaseException:  # an interrupt: it was not taken
            self.position = row
            raise
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
        cdef const char* begin = NULL
        cdef const char* end = NULL
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
        cdef const char* begin = NULL
        cdef const char* item = NULL
        cdef const char* end = NULL
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
