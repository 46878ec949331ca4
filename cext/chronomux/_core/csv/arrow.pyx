"""Columns handed to other libraries through the Arrow C data and stream interfaces.

Whoever takes a capsule owns what is in it until it calls `release`; until then the
columns live on. Nothing is copied. Source: the Arrow PyCapsule interface,
https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html
"""

cimport cython
from cpython.mem cimport PyMem_RawCalloc, PyMem_RawFree
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.errno cimport EIO
from libc.stdint cimport int64_t
from libc.string cimport memset

from chronomux._core.csv.typed_column cimport TEXT, TypedColumn

cdef extern from "chronomux/_core/csv/arrow_abi.h":
    struct ArrowSchema:
        const char* format
        const char* name
        const char* metadata
        int64_t flags
        int64_t n_children
        ArrowSchema** children
        ArrowSchema* dictionary
        void (*release)(ArrowSchema*) noexcept
        void* private_data

    struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void** buffers
        ArrowArray** children
        ArrowArray* dictionary
        void (*release)(ArrowArray*) noexcept
        void* private_data

    struct ArrowArrayStream:
        int (*get_schema)(ArrowArrayStream*, ArrowSchema*) noexcept
        int (*get_next)(ArrowArrayStream*, ArrowArray*) noexcept
        const char* (*get_last_error)(ArrowArrayStream*) noexcept
        void (*release)(ArrowArrayStream*) noexcept
        void* private_data

ctypedef const void* const_void_p

ctypedef fused Tree:
    ArrowSchema
    ArrowArray

ctypedef fused Exported:
    ArrowSchema
    ArrowArray
    ArrowArrayStream

cdef enum:
    NULLABLE = 2  # ARROW_FLAG_NULLABLE


def export_schema(list columns):
    """The capsule "arrow_schema": a struct with one field a TypedColumn."""
    cdef ArrowSchema* schema = <ArrowSchema*>allocated(sizeof(ArrowSchema))
    capsule = PyCapsule_New(schema, b"arrow_schema", drop_schema)
    fill_schema(schema, columns)
    return capsule


def export_array(list columns, Py_ssize_t length):
    """The capsule "arrow_array": `length` rows of the columns."""
    cdef ArrowArray* array = <ArrowArray*>allocated(sizeof(ArrowArray))
    capsule = PyCapsule_New(array, b"arrow_array", drop_array)
    fill_array(array, columns, length)
    return capsule


def export_stream(list columns, batches):
    """The capsule "arrow_array_stream".

    `batches` is an iterator of (list of columns, number of rows); `columns` show its
    types. What it raises becomes the stream's error, and its text the error's.
    """
    cdef ArrowArrayStream* stream = <ArrowArrayStream*>allocated(
        sizeof(ArrowArrayStream)
    )
    capsule = PyCapsule_New(stream, b"arrow_array_stream", drop_stream)
    cdef Stream state = Stream(columns, batches)
    Py_INCREF(state)
    stream.private_data = <void*>state
    stream.get_schema = stream_schema
    stream.get_next = stream_next
    stream.get_last_error = stream_error
    stream.release = release_stream
    return capsule


@cython.internal
cdef class Stream:
    cdef list columns
    cdef object batches
    cdef bytes error

    def __cinit__(self, list columns, batches):
        self.columns = columns
        self.batches = iter(batches)


@cython.internal
cdef class Share:
    """Keeps one column unchanged, and its name as C text."""

    cdef TypedColumn column
    cdef bytes name
    cdef const_void_p[3] buffers

    def __cinit__(self, TypedColumn column):
        self.column = column
        self.name = column.name.encode("utf-8", "replace").replace(b"\0", b"")
        column.exports += 1

    def __dealloc__(self):
        if self.column is not None:
            self.column.exports -= 1


cdef void* allocated(size_t size) except NULL:
    """Zeroed: a structure without `release` is one that is released already."""
    cdef void* memory = PyMem_RawCalloc(1, size)
    if memory == NULL:
        raise MemoryError
    return memory


# ---- What all of them have


cdef void release_children(Tree* parent) noexcept:
    cdef int64_t i
    for i in range(parent.n_children):
        # A consumer may have taken a child out: it is released by then.
        if parent.children[i].release != NULL:
            parent.children[i].release(parent.children[i])
        PyMem_RawFree(parent.children[i])
    PyMem_RawFree(parent.children)


cdef void drop(Exported* part) noexcept:
    """Free what was in a capsule that goes: what nobody took is released here."""
    if part.release != NULL:
        part.release(part)
    PyMem_RawFree(part)


# ---- Schemas


cdef int fill_schema(ArrowSchema* schema, list columns) except -1:
    """On an exception `schema` holds what its release frees."""
    cdef Py_ssize_t i
    schema.format = b"+s"
    schema.name = b""
    schema.release = release_schema
    if columns:
        schema.children = <ArrowSchema**>allocated(len(columns) * sizeof(void*))
    for i in range(len(columns)):
        schema.children[i] = <ArrowSchema*>allocated(sizeof(ArrowSchema))
        schema.n_children = i + 1
        fill_field(schema.children[i], Share(columns[i]))
    return 0


cdef int fill_field(ArrowSchema* field, Share share) except -1:
    Py_INCREF(share)
    field.private_data = <void*>share
    field.format = share.column.format()
    field.name = share.name
    field.flags = NULLABLE
    field.release = release_schema
    return 0


cdef void release_schema(ArrowSchema* schema) noexcept with gil:
    release_children(schema)
    if schema.private_data != NULL:
        Py_DECREF(<object>schema.private_data)
    schema.release = NULL


cdef void drop_schema(object capsule) noexcept:
    drop(<ArrowSchema*>PyCapsule_GetPointer(capsule, b"arrow_schema"))


# ---- Arrays


cdef int fill_array(
    ArrowArray* array, list columns, Py_ssize_t length
) except -1:
    """On an exception `array` holds what its release frees."""
    cdef Py_ssize_t i
    array.length = length
    array.release = release_array
    array.n_buffers = 1  # of a struct: which rows are there; all are
    array.buffers = <const void**>allocated(sizeof(void*))
    if columns:
        array.children = <ArrowArray**>allocated(len(columns) * sizeof(void*))
    for i in range(len(columns)):
        array.children[i] = <ArrowArray*>allocated(sizeof(ArrowArray))
        array.n_children = i + 1
        fill_column(array.children[i], Share(columns[i]))
    return 0


cdef int fill_column(ArrowArray* array, Share share) except -1:
    cdef TypedColumn column = share.column
    Py_INCREF(share)
    array.private_data = <void*>share
    array.release = release_array
    array.length = column.length
    array.null_count = column.null_count
    array.n_buffers = 3 if column.kind == TEXT else 2
    array.buffers = share.buffers
    share.buffers[0] = column.valid if column.null_count else NULL
    share.buffers[1] = column.values
    share.buffers[2] = column.text
    return 0


cdef void release_array(ArrowArray* array) noexcept with gil:
    release_children(array)
    if array.private_data != NULL:
        Py_DECREF(<object>array.private_data)
    else:
        PyMem_RawFree(array.buffers)
    array.release = NULL


cdef void drop_array(object capsule) noexcept:
    drop(<ArrowArray*>PyCapsule_GetPointer(capsule, b"arrow_array"))


# ---- Streams


cdef int stream_schema(ArrowArrayStream* stream, ArrowSchema* out) noexcept with gil:
    cdef Stream state = <Stream>stream.private_data
    memset(out, 0, sizeof(ArrowSchema))
    try:
        fill_schema(out, state.columns)
    except BaseException as error:
        if out.release != NULL:
            out.release(out)
        return failed(state, error)
    return 0


cdef int stream_next(ArrowArrayStream* stream, ArrowArray* out) noexcept with gil:
    """The next batch; at the end an array that is released already."""
    cdef Stream state = <Stream>stream.private_data
    memset(out, 0, sizeof(ArrowArray))
    try:
        batch = next(state.batches, None)
        if batch is not None:
            fill_array(out, batch[0], batch[1])
    except BaseException as error:
        if out.release != NULL:
            out.release(out)
        return failed(state, error)
    return 0


cdef int failed(Stream state, error) noexcept:
    state.error = f"{type(error).__name__}: {error}".encode("utf-8", "replace")
    return EIO


cdef const char* stream_error(ArrowArrayStream* stream) noexcept with gil:
    cdef Stream state = <Stream>stream.private_data
    if state.error is None:
        return NULL
    return state.error


cdef void release_stream(ArrowArrayStream* stream) noexcept with gil:
    Py_DECREF(<object>stream.private_data)
    stream.private_data = NULL
    stream.release = NULL


cdef void drop_stream(object capsule) noexcept:
    drop(<ArrowArrayStream*>PyCapsule_GetPointer(capsule, b"arrow_array_stream"))
