"""Items into row bytes."""

from queue import Empty as _Empty

from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.dict cimport PyDict_Next, PyDict_Size
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact
from cpython.list cimport PyList_CheckExact, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.ref cimport PyObject
from cpython.tuple cimport PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport int32_t, int64_t, uint32_t
from libc.string cimport memcpy

from chronomux._core.blobs cimport dump_blob
from chronomux._core.frame_builder cimport FrameBuilder
from chronomux._core.frames cimport KEY_HEAD, SCHEMA_HEAD, raise_fault
from chronomux._core.ring cimport Piece
from chronomux._core.rows cimport (
    BULK,
    BULK_GRAIN,
    BULK_HEAD,
    BYTES,
    DILL,
    END,
    FALSE,
    FLOAT,
    INT,
    LIST,
    NONE,
    PICKLE,
    TEXT1,
    TEXT2,
    TEXT4,
    TRUE,
    TUPLE,
    Tag,
)


cdef extern from *:
    """
    /* Strings made by the oldest API are not ready before Python 3.12. */
    #if PY_VERSION_HEX < 0x030C0000
    #define text_ready(text) PyUnicode_READY(text)
    #else
    #define text_ready(text) 0
    #endif
    """
    int text_ready(object text) except -1

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object value, int* overflow) except? -1
    Py_buffer* PyMemoryView_GET_BUFFER(object view)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    bint PyObject_IS_GC(PyObject* value)
    PyObject* PyList_GET_ITEM(object items, Py_ssize_t i)

cdef object EMPTY = _Empty
cdef const char* ZEROS = b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

cdef enum:
    SCALAR = 9  # bytes of the largest value of one size
    LENGTH_MOST = 0xFFFFFFFF


cdef inline int need(FrameBuilder frame, Py_ssize_t size) except -1:
    if frame.used + size > frame.room:
        raise_fault(frame.reserve(size))
    return 0


cdef inline int put_scalar(FrameBuilder frame, Tag tag, const void* word) except -1:
    need(frame, SCALAR)
    cdef char* p = frame.row_data + frame.used
    p[0] = tag
    memcpy(p + 1, word, 8)
    frame.used += SCALAR
    return 0


cdef inline int put_tag(FrameBuilder frame, Tag tag) except -1:
    need(frame, 1)
    frame.row_data[frame.used] = tag
    frame.used += 1
    return 0


cdef inline int put_counted(
    FrameBuilder frame, Tag tag, Py_ssize_t count, const void* data, Py_ssize_t size
) except -1:
    cdef uint32_t count32 = <uint32_t>count
    need(frame, size + 5)
    cdef char* p = frame.row_data + frame.used
    p[0] = tag
    memcpy(p + 1, &count32, 4)
    memcpy(p + 5, data, size)
    frame.used += size + 5
    return 0


cdef inline int write_text(FrameBuilder frame, object text) except -1:
    text_ready(text)
    cdef Py_ssize_t count = PyUnicode_GET_LENGTH(text)
    cdef int width = PyUnicode_KIND(text)
    if count > LENGTH_MOST:
        return WHOLE
    put_counted(
        frame, TEXT1 if width == 1 else TEXT2 if width == 2 else TEXT4,
        count, PyUnicode_DATA(text), count * width,
    )
    return DONE


cdef inline int write_bytes(FrameBuilder frame, object value) except -1:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value)
    if size > LENGTH_MOST:
        return WHOLE
    put_counted(frame, BYTES, size, PyBytes_AS_STRING(value), size)
    return DONE


cdef int write_blob(FrameBuilder frame, object value, bint bulk) except -1:
    """Runs other people's code: nothing of the frame is held across it. Large buffers
    need `bulk`, that it is the whole item."""
    cdef bint by_dill = False
    cdef list buffers = []
    cdef bytes blob = dump_blob(value, &by_dill, buffers)
    cdef int64_t size = len(blob)
    if buffers:
        return write_bulk(frame, blob, buffers) if bulk else WHOLE
    need(frame, size + SCALAR)
    put_scalar(frame, DILL if by_dill else PICKLE, &size)
    memcpy(frame.row_data + frame.used, PyBytes_AS_STRING(blob), size)
    frame.used += size
    return DONE


cdef int write_bulk(FrameBuilder frame, bytes blob, list buffers) except -1:
    """The buffers become the frame's tail, which nobody has copied yet."""
    cdef int64_t word = len(blob)
    cdef int32_t count = len(buffers)
    cdef Py_ssize_t size = BULK_HEAD + 8 * count + word
    cdef char* p
    need(frame, size)
    p = frame.row_data + frame.used
    p[0] = BULK
    memcpy(p + 1, &word, 8)
    memcpy(p + 9, &count, 4)
    memcpy(p + BULK_HEAD + 8 * count, PyBytes_AS_STRING(blob), word)
    p += BULK_HEAD
    frame.tail_owner = buffers
    for view in buffers:
        word = add_piece(frame, view)
        memcpy(p, &word, 8)
        p += 8
    frame.used += size
    raise_fault(frame.place_tail())
    return DONE


cdef int64_t add_piece(FrameBuilder frame, object view) except -1:
    """Its bytes, which the owner of the view keeps where they are."""
    cdef Py_buffer* buffer = PyMemoryView_GET_BUFFER(view)
    cdef Py_ssize_t gap = -buffer.len & (BULK_GRAIN - 1)
    frame.tail[frame.tails] = Piece(<const char*>buffer.buf, buffer.len)
    frame.tail[frame.tails + 1] = Piece(ZEROS, gap)
    frame.tails += 2
    frame.tail_bytes += buffer.len + gap
    return buffer.len


cdef int write_rest(FrameBuilder frame, PyObject* value, bint* pickled) except -1:
    """A value of no tag; `pickled` is whether the row has a blob already."""
    cdef object held = <object>value  # its container may drop it meanwhile
    if pickled[0] or PyObject_IS_GC(value):
        return WHOLE
    pickled[0] = True
    return write_blob(frame, held, False)


cdef inline int write_value(
    FrameBuilder frame, PyObject* value, bint* pickled
) except -1:
    cdef double real
    cdef int64_t integer
    cdef int overflow = 0
    if PyFloat_CheckExact(<object>value):
        real = PyFloat_AS_DOUBLE(<object>value)
        return put_scalar(frame, FLOAT, &real)
    if PyUnicode_CheckExact(<object>value):
        return write_text(frame, <object>value)
    if PyLong_CheckExact(<object>value):
        integer = PyLong_AsLongLongAndOverflow(<object>value, &overflow)
        if not overflow:
            return put_scalar(frame, INT, &integer)
    elif <object>value is True:
        return put_tag(frame, TRUE)
    elif <object>value is False:
        return put_tag(frame, FALSE)
    elif <object>value is None:
        return put_tag(frame, NONE)
    elif PyBytes_CheckExact(<object>value):
        return write_bytes(frame, <object>value)
    elif <object>value is EMPTY:
        return put_tag(frame, END)
    return write_rest(frame, value, pickled)


cdef int write_item_value(FrameBuilder frame, object item) except -1:
    cdef bint pickled = False
    return write_value(frame, <PyObject*>item, &pickled)


cdef int write_whole(FrameBuilder frame, object item) except -1:
    return write_blob(frame, item, True)


cdef int write_values(FrameBuilder frame, dict item, tuple keys) except -1:
    """The values of a dict that has just these keys, the very objects, in this order.

    A blob's code may change the dict: then the keys differ, or their number does.
    """
    cdef Py_ssize_t count = PyTuple_GET_SIZE(keys), i = 0, position = 0
    cdef PyObject* key = NULL
    cdef PyObject* value = NULL
    cdef bint pickled = False
    cdef int written
    if PyDict_Size(item) != count:
        return OTHER_SCHEMA
    while PyDict_Next(item, &position, &key, &value):
        if i == count or key != <PyObject*>PyTuple_GET_ITEM(keys, i):
            return OTHER_SCHEMA
        i += 1
        written = write_value(frame, value, &pickled)
        if written:
            return written
    return DONE if i == count else OTHER_SCHEMA


cdef int write_sequence(FrameBuilder frame, object item) except -1:
    cdef bint is_list = PyList_CheckExact(item), pickled = False
    cdef Py_ssize_t count = len(item), i = 0
    cdef int written
    if count > LENGTH_MOST:
        return WHOLE
    put_counted(frame, LIST if is_list else TUPLE, count, b"", 0)
    while i < count:
        if is_list:
            if i >= PyList_GET_SIZE(item):
                break
            written = write_value(frame, PyList_GET_ITEM(item, i), &pickled)
        else:
            written = write_value(
                frame, <PyObject*>PyTuple_GET_ITEM(item, i), &pickled
            )
        if written:
            return written
        i += 1
    if is_list and PyList_GET_SIZE(item) != count:
        raise RuntimeError("a list changed its size while it was put into a frame")
    return DONE


cdef bytes schema_bytes(tuple keys):
    cdef list parts = []
    cdef Py_ssize_t size = SCHEMA_HEAD, padding
    for key in keys:
        if not PyUnicode_CheckExact(key):
            return None
        text_ready(key)
        width = PyUnicode_KIND(key)
        count = PyUnicode_GET_LENGTH(key)
        if count > LENGTH_MOST // 8:
            return None
        data = PyBytes_FromStringAndSize(<char*>PyUnicode_DATA(key), count * width)
        parts += (bytes((width,)), count.to_bytes(4, "little"), data)
        size += KEY_HEAD + len(data)
    padding = -size & 7
    if size > LENGTH_MOST // 2:
        return None
    head = (size + padding).to_bytes(4, "little") + len(keys).to_bytes(4, "little")
    return head + b"".join(parts) + bytes(padding)
