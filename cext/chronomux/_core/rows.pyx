"""The codec between items and row bytes: see rows.pxd for the bytes."""

cimport cython
from cpython.bytes cimport (
    PyBytes_AS_STRING,
    PyBytes_CheckExact,
    PyBytes_FromStringAndSize,
    PyBytes_GET_SIZE,
)
from cpython.dict cimport PyDict_CheckExact, PyDict_Next, PyDict_SetItem, PyDict_Size
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_CheckExact, PyFloat_FromDouble
from cpython.list cimport (
    PyList_CheckExact,
    PyList_GET_SIZE,
    PyList_New,
    PyList_SET_ITEM,
)
from cpython.long cimport PyLong_CheckExact, PyLong_FromLongLong
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from cpython.tuple cimport (
    PyTuple_GET_ITEM,
    PyTuple_GET_SIZE,
    PyTuple_New,
    PyTuple_SET_ITEM,
)
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from sys import intern

from chronomux._core.blobs cimport dump_blob, load_blob
from chronomux._core.frame_layout cimport (
    BAD_ROW,
    DICT_HEAD,
    FrameBuilder,
    KEY_HEAD,
    NO_MEMORY,
    SCHEMA_HEAD,
    load16,
    load32,
    load64,
    raise_fault,
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
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    int PyUnicode_KIND(object text)
    void* PyUnicode_DATA(object text)
    object PyUnicode_FromKindAndData(int kind, const void* data, Py_ssize_t size)
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    bint PyObject_IS_GC(PyObject* value)
    object PyDict_Copy(object template)
    PyObject* PyList_GET_ITEM(object items, Py_ssize_t i)

cdef enum:
    SCALAR = 9  # bytes of the largest value of one size
    LENGTH_MOST = 0xFFFFFFFF
    SHORT = 32  # characters of a string that is remembered
    KEYS_INTERNED = 1024

cdef Py_ssize_t _interned = 0


# ---- Writing

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


cdef int write_blob(FrameBuilder frame, object value) except -1:
    """Runs other people's code: nothing of the frame is held across it."""
    cdef bint by_dill = False
    cdef bytes blob = dump_blob(value, &by_dill)
    cdef int64_t size = len(blob)
    need(frame, size + SCALAR)
    put_scalar(frame, DILL if by_dill else PICKLE, &size)
    memcpy(frame.row_data + frame.used, PyBytes_AS_STRING(blob), size)
    frame.used += size
    return DONE


cdef int write_rest(FrameBuilder frame, PyObject* value, bint* pickled) except -1:
    """A value of no tag; `pickled` is whether the row has a blob already."""
    cdef object held = <object>value  # its container may drop it meanwhile
    if pickled[0] or PyObject_IS_GC(value):
        return WHOLE
    pickled[0] = True
    return write_blob(frame, held)


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
    return write_rest(frame, value, pickled)


cdef int write_item_value(FrameBuilder frame, object item) except -1:
    cdef bint pickled = False
    return write_value(frame, <PyObject*>item, &pickled)


cdef int write_whole(FrameBuilder frame, object item) except -1:
    return write_blob(frame, item)


cdef int write_values(FrameBuilder frame, dict item, tuple keys) except -1:
    """The values of a dict that has just these keys, the very objects, in this order.

    A blob's code may change the dict: then the keys differ, or their number does.
    """
    cdef Py_ssize_t count = PyTuple_GET_SIZE(keys), i = 0, position = 0
    cdef PyObject* key
    cdef PyObject* value
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


# ---- Reading

cdef inline int bound(const char* at, const char* end, uint64_t size) except -1:
    if size > <uint64_t>(end - at):
        raise_fault(BAD_ROW)
    return 0


cdef inline uint64_t place_of(const char* data, Py_ssize_t size) noexcept nogil:
    """Where a string of 1 to SHORT bytes is remembered: by its ends and its length."""
    cdef uint64_t word
    if size >= 8:
        word = load64(data) ^ (load64(data + size - 8) * 0xC2B2AE3D27D4EB4Fu)
    elif size >= 4:
        word = load32(data) | <uint64_t>load32(data + size - 4) << 32
    else:
        word = (
            <uint8_t>data[0] | <uint64_t>(<uint8_t>data[size >> 1]) << 8
            | <uint64_t>(<uint8_t>data[size - 1]) << 16
        )
    return ((word ^ <uint64_t>size) * 0x9E3779B97F4A7C15u) >> 55


@cython.final
cdef class RowReader:
    """Reads values from row bytes."""

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(STRINGS):
            Py_XDECREF(self.strings[i])

    cdef object read_item(self, const char* begin, const char* end, list schemas):
        cdef const char* at = begin
        cdef object item
        if begin[0] == DICT:
            item = self.read_dict(&at, end, schemas)
        elif begin[0] == LIST or begin[0] == TUPLE:
            item = self.read_sequence(&at, end, begin[0] == LIST)
        else:
            item = self.read_value(&at, end)
        if at != end:
            raise_fault(BAD_ROW)
        return item

    cdef inline object read_value(self, const char** at, const char* end):
        cdef const char* p = at[0]
        cdef Tag tag
        cdef uint64_t size
        cdef double real
        bound(p, end, 1)
        tag = <Tag>p[0]
        p += 1
        at[0] = p
        if tag == FLOAT:
            bound(p, end, 8)
            memcpy(&real, p, 8)
            at[0] = p + 8
            return PyFloat_FromDouble(real)
        if tag == TEXT1 or tag == TEXT2 or tag == TEXT4:
            return self.read_text(
                at, end, 1 if tag == TEXT1 else 2 if tag == TEXT2 else 4
            )
        if tag == INT:
            bound(p, end, 8)
            at[0] = p + 8
            return PyLong_FromLongLong(<int64_t>load64(p))
        if tag == TRUE:
            return True
        if tag == FALSE:
            return False
        if tag == NONE:
            return None
        if tag == BYTES:
            bound(p, end, 4)
            size = load32(p)
            bound(p + 4, end, size)
            at[0] = p + 4 + size
            return PyBytes_FromStringAndSize(p + 4, size)
        if tag == PICKLE or tag == DILL:
            bound(p, end, 8)
            size = load64(p)
            bound(p + 8, end, size)
            at[0] = p + 8 + size
            return load_blob(p + 8, size, tag == DILL)
        raise_fault(BAD_ROW)

    cdef inline object read_text(self, const char** at, const char* end, int width):
        cdef const char* p = at[0]
        cdef uint64_t count
        bound(p, end, 4)
        count = load32(p)
        p += 4
        bound(p, end, count * width)
        at[0] = p + count * width
        if width == 1 and 0 < count <= SHORT:
            return self.short_text(p, count)
        if width == 1:
            return PyUnicode_FromKindAndData(1, p, count)
        return wide_text(p, count, width)

    cdef inline object short_text(self, const char* data, Py_ssize_t size):
        cdef PyObject** place = &self.strings[place_of(data, size)]
        cdef PyObject* known = place[0]
        cdef object text
        if (
            known != NULL
            and PyUnicode_GET_LENGTH(<object>known) == size
            and not memcmp(PyUnicode_DATA(<object>known), data, size)
        ):
            return <object>known
        text = PyUnicode_FromKindAndData(1, data, size)
        Py_INCREF(text)
        place[0] = <PyObject*>text
        Py_XDECREF(known)
        return text

    cdef dict read_dict(self, const char** at, const char* end, list schemas):
        cdef const char* p = at[0]
        cdef Py_ssize_t position = 0, number
        cdef PyObject* key
        cdef dict template, item
        bound(p, end, DICT_HEAD)
        number = load16(p + 1)
        if number >= PyList_GET_SIZE(schemas):
            raise_fault(BAD_ROW)
        at[0] = p + DICT_HEAD
        template = <dict>PyList_GET_ITEM(schemas, number)
        # A copy has its table at once, of the right size, with all keys in place.
        item = PyDict_Copy(template)
        while PyDict_Next(template, &position, &key, NULL):
            PyDict_SetItem(item, <object>key, self.read_value(at, end))
        return item

    cdef object read_sequence(self, const char** at, const char* end, bint as_list):
        cdef Py_ssize_t count, i
        cdef object items, value
        bound(at[0], end, 5)
        count = load32(at[0] + 1)
        at[0] += 5
        bound(at[0], end, count)  # a value has a byte at least
        items = PyList_New(count) if as_list else PyTuple_New(count)
        for i in range(count):
            value = self.read_value(at, end)
            Py_INCREF(value)
            if as_list:
                PyList_SET_ITEM(items, i, value)
            else:
                PyTuple_SET_ITEM(items, i, value)
        return items

    cdef tuple read_schema(self, const char* schema):
        """The keys; the view has checked that all are there."""
        cdef const char* end = schema + load32(schema)
        cdef const char* p = schema + SCHEMA_HEAD
        cdef uint32_t count = load32(schema + 4)
        cdef int width
        cdef list keys = []
        while count:
            bound(p, end, KEY_HEAD)
            width = p[0]
            p += 1
            if width not in (1, 2, 4):
                raise_fault(BAD_ROW)
            keys.append(interned(self.read_text(&p, end, width)))
            count -= 1
        return tuple(keys)


cdef object wide_text(const char* data, Py_ssize_t count, int width):
    """Characters at any address; Python reads them as numbers, which must be aligned."""
    cdef object aligned
    cdef Py_ssize_t i
    if width == 4:
        for i in range(count):
            if load32(data + 4 * i) > 0x10FFFF:
                raise_fault(BAD_ROW)
    if <uint64_t>data & (width - 1):
        aligned = PyBytes_FromStringAndSize(data, count * width)
        data = PyBytes_AS_STRING(aligned)
    return PyUnicode_FromKindAndData(width, data, count)


cdef object interned(object key):
    """One object for a key in the whole process makes d["key"] quick. But Python 3.12
    never lets go of it, so a stream of ever new keys must not intern them all."""
    global _interned
    if _interned >= KEYS_INTERNED or PyUnicode_GET_LENGTH(key) > SHORT:
        return key
    _interned += 1
    return intern(key)
