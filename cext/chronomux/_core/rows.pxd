"""The codec between items and row bytes.

A value is a tag and:

    NONE, FALSE, TRUE    nothing
    INT                  int64 (8)
    FLOAT                double (8)
    TEXT1, TEXT2, TEXT4  number of characters (4); characters of 1, 2 or 4 bytes, as
                         Python holds them: exact for surrogates, and just a memcpy
    BYTES                length (4), bytes
    PICKLE, DILL         length (8), the blob
    END                  nothing: `queue.Empty`, the class, which ends a stream
    LIST, TUPLE          length (4), values                               (items only)
    BULK                 length (8) of the pickle, number of its buffers (4), length of
                         each (8), the pickle; zeros; the buffers, each padded to a
                         multiple of BULK_GRAIN; the row ends with them    (items only)
    DICT                 number of the schema (2), values of its keys     (items only)

Everything has the exact type that the tag says: a subclass is pickled. What may refer
to other objects (its type takes part in garbage collection) is not pickled by itself
but with its whole item, so that what two values share they still share, and an item may
contain itself. So is an item with two values to pickle: one pickle is cheaper than two.
"""

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
    END
    BULK

cdef enum:
    BULK_GRAIN = 16
    BULK_HEAD = 13  # bytes before the lengths of the buffers
