"""What a token stands for, as Python's own str and Decimal."""

from cpython.object cimport PyObject

from .scl_scanner cimport Scan, Token


cdef enum:
    WORDS = 1024
    LONGEST_WORD = 32  # of those that are kept


# The words that were met last, by hash: keys and keywords come again and again. Strings
# only, so that what is thrown out runs no code.
cdef class Values:
    cdef bint _reads_escapes  # \n and \t
    cdef object _decimal
    cdef PyObject* _words[WORDS]

    # New references.
    cdef PyObject* of(self, str text, const Scan* scan, const Token* token) except NULL
    cdef PyObject* word(
        self, str text, const Scan* scan, Py_ssize_t begin, Py_ssize_t end
    ) except NULL
    cdef object string(self, str text, Py_ssize_t begin, Py_ssize_t end)
    cdef Py_UCS4 escaped(self, Py_UCS4 letter) noexcept
