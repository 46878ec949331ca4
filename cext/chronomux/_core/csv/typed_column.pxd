"""One column of one window: values of one type, and which of them are missing."""

from libc.stdint cimport int64_t, uint8_t

ctypedef enum Kind:
    INT64, FLOAT64, TIMESTAMP, TEXT

# What became of a field.
ctypedef enum Fit:
    FITS, MISFIT, NO_MEMORY


cdef class TypedColumn:
    cdef readonly str name
    cdef Kind kind
    cdef Py_ssize_t length, room
    cdef readonly Py_ssize_t null_count
    cdef bint strict  # numbers only as they would be written again: 007 is text
    # Laid out as Arrow has it, so that a window is handed over without a copy.
    cdef uint8_t* valid  # a bit a value, set if it is there
    cdef int64_t* values  # 8 bytes a value; TEXT: where each begins, and the last ends
    cdef char* text
    cdef int64_t text_room
    cdef Py_ssize_t exports
    cdef Py_ssize_t shape[1]

    cdef Fit append(self, const char* field, Py_ssize_t length) noexcept nogil
    cdef Fit append_int64(self, int64_t value) noexcept nogil
    cdef Fit append_null(self) noexcept nogil
    cdef Fit append_text(self, const char* field, Py_ssize_t length) noexcept nogil
    cdef bint has_room(self) noexcept nogil
    cdef bint take(self, TypedColumn texts) except -1
    cdef void cut(self, Py_ssize_t length) noexcept
    cdef bint is_valid(self, Py_ssize_t i) noexcept nogil
    cdef object value_at(self, Py_ssize_t i)
    cdef const char* format(self) noexcept nogil


cdef bint parse_int64(
    const char* field, Py_ssize_t length, bint strict, int64_t* out
) noexcept nogil
cdef bint parse_float64(
    const char* field, Py_ssize_t length, bint strict, double* out
) noexcept nogil
