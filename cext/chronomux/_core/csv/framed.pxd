"""The row at hand as a row of a frame; see framed.pyx."""

from chronomux._core.csv.row_times cimport RowTimes
from chronomux._core.csv.rows cimport Rows
from chronomux._core.encoder cimport Encoder, Schema
from chronomux._core.frames cimport KeyKind

# What a row's sort key is.
ctypedef enum KeySource:
    NOTHING  # there is none, or the whole row
    TIME
    FIELD
    UNKNOWN  # only the row as an object can tell


cdef class FramedRows:
    cdef Rows rows
    cdef tuple keys  # of dicts, that of the time among them; None for lists
    cdef size_t columns  # of dicts
    cdef object missing
    cdef bint missing_is_plain
    cdef bint is_timed
    cdef size_t time_place  # among the values of a dict
    cdef RowTimes times
    cdef KeySource key
    cdef size_t key_column
    cdef KeyKind kind

    cdef int order_by(self, object function) except -1  # None: there is no key
    cdef bint counts(self) noexcept
    cdef bint fits(self) noexcept
    # False: the frame does not take it so. Inside the gate of the frame's sender.
    cdef bint write(self, Encoder frame, Schema schema) except -1

    # For this module only.
    cdef bint is_text(self) noexcept
    cdef int write_dict(self, Encoder frame) except -1
    cdef int write_list(self, Encoder frame) except -1
    cdef int write_span(self, Encoder frame, size_t first, size_t last) except -1
