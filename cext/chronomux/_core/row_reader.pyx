"""Row bytes into items."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.dict cimport PyDict_SetItem
from cpython.float cimport PyFloat_FromDouble
from cpython.list cimport PyList_GET_SIZE, PyList_New, PyList_SET_ITEM
from cpython.long cimport PyLong_FromLongLong
from cpython.ref cimport Py_INCREF, Py_XDECREF, PyObject
from cpython.tuple cimport PyTuple_GET_SIZE, PyTuple_New, PyTuple_SET_ITEM
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from queue import Empty as _Empty
from sys import intern

from chronomux._core.blobs cimport load_blob
from chronomux._core.frames cimport (
    BAD_ROW,
    DICT_HEAD,
    KEY_HEAD,
    SCHEMA_HEAD,
    load16,
    load32,
    load64,
    raise_fault,
)
from chronomux._core.rows cimport (
    BULK,
    BULK_GRAIN,
    BULK_HEAD,
    BYTES,
    DICT,
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

cdef extern from "Python.h":
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    void* PyUnicode_DATA(object text)
    object PyUnicode_FromKindAndData(int kind, const void* data, Py_ssize_t size)
    object PyDict_Copy(object template)
    PyObject* PyList_GET_ITEM(object items, Py_ssize_t i)
    PyObject* PyTuple_GET_ITEM(object items, Py_ssize_t i)

cdef object EMPTY = _Empty

cdef enum:
    SHORT = 32  # characters of a string that is remembered
    KEYS_INTERNED = 1024

cdef Py_ssize_t _interned = 0


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
        elif begin[0] == BULK:
            return self.read_bulk(begin, end)
        else:
            item = self.read_value(&at, end)
        if at != end:
            raise_fault(BAD_ROW)
        return item

    cdef inline object read_value(self, const char** at, const char* end):
        cdef const char* p = at[0]
        cdef Tag tag
        cdef uint64_t size
        cdef double real = 0
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
        if tag == END:
            return EMPTY
        if tag == PICKLE or tag == DILL:
            bound(p, end, 8)
            size = load64(p)
            bound(p + 8, end, size)
            at[0] = p + 8 + size
            return load_blob(p + 8, size, tag == DILL, None)
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
        cdef Py_ssize_t i, number
        cdef dict item
        cdef tuple keys
        bound(p, end, DICT_HEAD)
        number = load16(p + 1)
        if 2 * number >= PyList_GET_SIZE(schemas):
            raise_fault(BAD_ROW)
        at[0] = p + DICT_HEAD
        keys = <tuple>PyList_GET_ITEM(schemas, 2 * number + 1)
        # A copy has its table at once, of the right size, with all keys in place.
        item = PyDict_Copy(<object>PyList_GET_ITEM(schemas, 2 * number))
        for i in range(PyTuple_GET_SIZE(keys)):
            PyDict_SetItem(
                item, <object>PyTuple_GET_ITEM(keys, i), self.read_value(at, end)
            )
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

    cdef object read_bulk(self, const char* at, const char* end):
        cdef uint64_t size, count, i, padded
        cdef const char* sizes = at + BULK_HEAD
        cdef const char* begin = end
        cdef list buffers = []
        bound(at, end, BULK_HEAD)
        size = load64(at + 1)
        count = load32(at + 9)
        bound(sizes, end, 8 * count)
        at = sizes + 8 * count
        bound(at, end, size)
        # They lie at the end, in the order of their sizes.
        for i in range(count):
            padded = load64(sizes + 8 * i)
            bound(at + size, begin, padded)
            padded = (padded + BULK_GRAIN - 1) & ~<uint64_t>(BULK_GRAIN - 1)
            bound(at + size, begin, padded)
            begin -= padded
        for i in range(count):
            padded = load64(sizes + 8 * i)
            buffers.append(self.buffer_at(begin, padded))
            begin += (padded + BULK_GRAIN - 1) & ~<uint64_t>(BULK_GRAIN - 1)
        return load_blob(at, size, False, buffers)

    cdef object buffer_at(self, const char* begin, uint64_t size):
        """Where it is, if it may stay and is aligned as any number wants; or a copy."""
        cdef Py_ssize_t start
        if self.memory is not None and not <uint64_t>begin & (BULK_GRAIN - 1):
            start = begin - self.memory.data
            return self.memory.part(start, start + size)
        return bytearray(begin[:size])

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
    """Characters at any address; Python reads them as numbers, so aligned ones."""
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
    """One object for a key in the whole process makes d["key"] quick.

    But Python 3.12 never lets go of it: a stream of ever new keys must not fill memory.
    """
    global _interned
    if _interned >= KEYS_INTERNED or PyUnicode_GET_LENGTH(key) > SHORT:
        return key
    _interned += 1
    return intern(key)
