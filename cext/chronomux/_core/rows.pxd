"""The codec between items and row bytes.

A value is a tag and:

    NONE, FALSE, TRUE    nothing
    INT                  int64 (8)
    FLOAT                double (8)
    TEXT1, TEXT2, TEXT4  number of characters (4); characters of 1, 2 or 4 bytes, as
                         Python holds them: exact for surrogates, and just a memcpy
    BYTES                length (4), bytes
    PICKLE, DILL         length (8), the blob
    LIST, TUPLE          length (4), values                               (items only)
    DICT                 number of the schema (2), values of its keys     (items only)

Everything has the exact type that the tag says: a subclass is pickled. What may refer
to other objects (its type takes part in garbage collection) is not pickled by itself
but with its whole item, so that what two values share they still share, and an item may
contain itself. So is an item with two values to pickle: one pickle is cheaper than two.
"""

from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

from chronomux._core.frame_layout cimport FrameBuilder

cdef enum Tag:
    NONE = 1
    FALSE
    TRUE
    INT
    FLOAT
    TEXT1
    TEXT2
    TEXT4
    BYTES
    PICKLE
    DILL
    DICT  # DICT_TAG of the layout
    LIST
    TUPLE

# How a row was written.
cdef enum Written:
    DONE
    OTHER_SCHEMA  # the keys are not those
    WHOLE  # the item must be pickled whole

cdef enum:
    STRINGS = 512  # places for short strings, a power of two

# All write behind frame.used. Unless they return DONE, what they wrote is to be dropped.
cdef int write_item_value(FrameBuilder frame, object item) except -1
cdef int write_values(FrameBuilder frame, dict item, tuple keys) except -1
cdef int write_sequence(FrameBuilder frame, object item) except -1
cdef int write_whole(FrameBuilder frame, object item) except -1

# A schema as the layout has it; None if a key is not exactly a str.
cdef bytes schema_bytes(tuple keys)


cdef class RowReader:
    """Reads values; remembers short strings, so that repeated ones are one object."""

    cdef PyObject* strings[STRINGS]

    # The item in [begin, end), no byte more or less. `schemas` are dicts with the keys
    # in order and None as values.
    cdef object read_item(self, const char* begin, const char* end, list schemas)
    cdef object read_value(self, const char** at, const char* end)
    # For this module and its tests only.
    cdef object read_text(self, const char** at, const char* end, int width)
    cdef object short_text(self, const char* data, Py_ssize_t size)
    cdef dict read_dict(self, const char** at, const char* end, list schemas)
    cdef object read_sequence(self, const char** at, const char* end, bint as_list)
    cdef tuple read_schema(self, const char* schema)
