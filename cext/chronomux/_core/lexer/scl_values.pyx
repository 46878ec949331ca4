"""Words, numbers and strings from the places where they stand in a text."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcmp

cimport cython
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF, Py_XDECREF

from .scl_scanner cimport KEYWORD, STRING, NUMBER, Scan, Token


cdef extern from "Python.h":
    PyObject* PyUnicode_Substring(
        object text, Py_ssize_t begin, Py_ssize_t end
    ) except NULL
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 most)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject* text) noexcept
    int PyUnicode_KIND(object text) noexcept
    void* PyUnicode_DATA(object text) noexcept
    const uint8_t* PyUnicode_1BYTE_DATA(PyObject* text) noexcept
    Py_UCS4 PyUnicode_READ(int kind, const void* data, Py_ssize_t i) noexcept
    void PyUnicode_WRITE(
        int kind, void* data, Py_ssize_t i, Py_UCS4 letter
    ) noexcept


@cython.final
cdef class Values:
    """Values of tokens; reads_escapes: `\\n` and `\\t` in strings are not n and t."""

    def __cinit__(self, bint reads_escapes):
        from decimal import Decimal

        self._decimal = Decimal
        self._reads_escapes = reads_escapes

    def __dealloc__(self):
        cdef int i
        for i in range(WORDS):
            Py_XDECREF(self._words[i])

    cdef PyObject* of(
        self, str text, const Scan* scan, const Token* token
    ) except NULL:
        cdef object value
        if token.kind == KEYWORD:
            return self.word(text, scan, token.begin, token.end)
        if token.kind == NUMBER:
            value = self._decimal(text[token.begin:token.end])
        elif token.kind == STRING and token.has_escapes:
            value = self.string(text, token.begin + 1, token.end - 1)
        elif token.kind == STRING:
            return PyUnicode_Substring(text, token.begin + 1, token.end - 1)
        else:
            return PyUnicode_Substring(text, token.begin, token.end)
        Py_INCREF(value)
        return <PyObject*>value

    cdef PyObject* word(
        self, str text, const Scan* scan, Py_ssize_t begin, Py_ssize_t end
    ) except NULL:
        cdef const uint8_t* letters = <const uint8_t*>scan.text + begin
        cdef Py_ssize_t size = end - begin
        cdef uint32_t slot = 2166136261u  # FNV-1a
        cdef PyObject* known
        cdef Py_ssize_t i
        if size > LONGEST_WORD or scan.width != 1:
            return PyUnicode_Substring(text, begin, end)
        for i in range(size):
            slot = (slot ^ letters[i]) * 16777619u
        slot = (slot ^ (slot >> 16)) % WORDS
        known = self._words[slot]
        if (
            known is NULL
            or PyUnicode_GET_LENGTH(known) != size
            or memcmp(PyUnicode_1BYTE_DATA(known), letters, size)
        ):
            known = PyUnicode_Substring(text, begin, end)
            Py_XDECREF(self._words[slot])
            self._words[slot] = known
        Py_INCREF(<object>known)
        return known

    cdef object string(self, str text, Py_ssize_t begin, Py_ssize_t end):
        """text[begin:end] without its backslashes; never ends in half an escape."""
        cdef int kind = PyUnicode_KIND(text)
        cdef const void* letters = PyUnicode_DATA(text)
        cdef Py_ssize_t i = begin
        cdef Py_ssize_t size = 0
        cdef Py_UCS4 letter
        cdef uint32_t all_bits = 0
        while i < end:  # how long it is, and how wide
            letter = PyUnicode_READ(kind, letters, i)
            if letter == c"\\":
                i += 1
                letter = PyUnicode_READ(kind, letters, i)
            all_bits |= <uint32_t>letter
            size += 1
            i += 1
        if size == 0:
            return ""
        cdef object value = PyUnicode_New(size, min(all_bits, 0x10FFFFu))
        cdef int own_kind = PyUnicode_KIND(value)
        cdef void* own_letters = PyUnicode_DATA(value)
        i = begin
        size = 0
        while i < end:
            letter = PyUnicode_READ(kind, letters, i)
            if letter == c"\\":
                i += 1
                letter = self.escaped(PyUnicode_READ(kind, letters, i))
            PyUnicode_WRITE(own_kind, own_letters, size, letter)
            size += 1
            i += 1
        return value

    cdef Py_UCS4 escaped(self, Py_UCS4 letter) noexcept:
        if self._reads_escapes and letter == c"n":
            return c"\n"
        if self._reads_escapes and letter == c"t":
            return c"\t"
        return letter
