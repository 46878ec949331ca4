"""Items into frames."""

from libc.stdint cimport int64_t, uint64_t

from chronomux._core.frame_builder cimport FrameBuilder
from chronomux._core.frames cimport KeyKind


# The keys of dicts, and which number they have in the frame with that serial.
cdef class Schema:
    cdef tuple keys
    cdef bytes image
    cdef uint64_t serial
    cdef Py_ssize_t number


# A sort key as the key column has it.
cdef struct Key:
    KeyKind kind
    int64_t bits


cdef class Encoder(FrameBuilder):
    cdef dict known  # Schema by keys
    cdef Schema last
    cdef bint busy  # a row is being written, which may run anyone's code
    cdef bint leaves_tails  # to who sends the frame before anything else happens

    # Add a row. All raise and leave the frame as it was if the item cannot be encoded.
    cdef int add_item(self, object item) except -1  # no key: kind object
    cdef int add_int(self, object item, int64_t key) except -1
    cdef int add_double(self, object item, double key) except -1
    cdef int add_object(self, object item, object key) except -1
    cdef int begin(self) except -1  # raises if a row is being written
    cdef void drop_tail(self) noexcept
    # A dict whose values are to follow, those of the schema's keys in their order.
    # Anything but DONE: it must be pickled whole.
    cdef int open_dict(self, Schema schema) except -1
    # None if not all of them are exactly str.
    cdef Schema schema_of(self, tuple keys)

    # For this module only.
    cdef int add_row(
        self, object item, KeyKind kind, int64_t bits, object key
    ) except -1
    cdef Py_ssize_t write_key(self, object key) except -1
    cdef int write_item(self, object item) except -1
    cdef int write_plain(self, object item) except -1
    cdef int write_dict(self, dict item) except -1
    cdef int write_schema_row(self, dict item, Schema schema) except -1
    cdef int settle(self) except -1


# The column's form of a key that is a number (int64, float; None is NaN), else of kind
# object.
cdef Key key_of(object key) noexcept
