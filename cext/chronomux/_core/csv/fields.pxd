"""The text of a field from its bytes, which are UTF-8; surrogates pass."""

from libc.stdint cimport uint8_t
from libc.string cimport memchr, memcpy

from cpython.object cimport PyObject


cdef extern from "Python.h":
    PyObject* PyUnicode_New(Py_ssize_t size, Py_UCS4 most) except NULL
    uint8_t* PyUnicode_1BYTE_DATA(PyObject* text) noexcept
    PyObject* PyUnicode_FromKindAndData(
        int kind, const void* data, Py_ssize_t size
    ) except NULL
    PyObject* PyUnicode_DecodeUTF8(
        const char* data, Py_ssize_t size, const char* errors
    ) except NULL


# A new reference, as of all functions here.
cdef inline PyObject* text_of(
    const uint8_t* data, size_t size, bint is_ascii
) except NULL:
    cdef PyObject* text
    if not is_ascii:
        return PyUnicode_DecodeUTF8(<const char*>data, size, "surrogatepass")
    if size < 2:
        return PyUnicode_FromKindAndData(1, data, size)  # Python has one of each
    text = PyUnicode_New(size, 127)
    memcpy(PyUnicode_1BYTE_DATA(text), data, size)
    return text


# Of a field as it stands in RFC 4180 text. quote: -1 in a dialect without.
cdef inline PyObject* field_text(
    const uint8_t* data, size_t size, int quote, bint is_ascii
) except NULL:
    if size == 0 or data[0] != quote:
        return text_of(data, size, is_ascii)
    if memchr(data + 1, quote, size - 2) is NULL:
        return text_of(data + 1, size - 2, is_ascii)
    return text_of_doubled(data + 1, size - 2, <uint8_t>quote, is_ascii)


cdef PyObject* text_of_doubled(
    const uint8_t* data, size_t size, uint8_t quote, bint is_ascii
) except NULL
