"""The layout of a frame, and frames in memory: viewed and checked without the GIL.

A frame is a batch of rows. All numbers are little-endian, every section begins at a
multiple of 8 bytes from the frame's start, and the frame's length is a multiple of 8;
the memory itself may lie at any address. Version 1:

    offset  bytes
    0       4                magic, "CMXF"
    4       2                version
    6       1                key kind: 0 object, 1 int64, 2 double
    7       1                flags: none is defined, 0
    8       4                n, the number of rows
    12      4                number of schemas, at most MOST_SCHEMAS
    16      8                bytes of the schemas
    24      8                bytes of the rows, without padding
    32      8                bytes of the whole frame
    40      8                loose: bytes at the end of the rows, a multiple of 8
    48      8                checksum of all other bytes but those
    56      8 n              key column
    ...     8 (n + 1)        row offsets, from 0 to the bytes of the rows, ascending
    ...     bytes of schemas
    ...     bytes of rows, then zeros up to a multiple of 8

A key is an int64 or a double (NaN: a missing key). Of kind object, the column holds
the bytes that the encoded key takes at the beginning of the row, 0 where a row has no
key of its own; the item follows it.

A schema is the tuple of keys of dicts: its bytes in the frame (4, a multiple of 8), the
number of keys (4), then for each the bytes of a character (1: 1, 2 or 4), the number
of characters (4) and the characters, then zeros.

A value is a tag (1, see rows.pxd) and what belongs to it. Only an item may be a dict:
the tag, the number of its schema (2), its values. So a row can go into another frame
as it is, but for those two bytes.

The checksum is against damage. What is loose is the content of large buffers: whatever
it is, it leads nobody astray, and to read it twice more would cost as much as to send
it. The checksum is no signature: a frame may hold pickles, so frames are for processes
that trust each other.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy

cdef enum:
    MAGIC = 0x46584D43
    VERSION = 1
    HEADER_BYTES = 56
    CHECKSUM_AT = 48
    SCHEMA_HEAD = 8  # bytes of a schema before its first key
    KEY_HEAD = 5  # bytes of a key of a schema before its characters
    MOST_SCHEMAS = 256
    DICT_HEAD = 3  # bytes of a dict before its first value
    DICT_TAG = 12

ctypedef enum KeyKind:
    OBJECT_KEYS, INT64_KEYS, DOUBLE_KEYS

# What can be wrong; `raise_fault` says it in words.
ctypedef enum Fault:
    FINE
    TOO_SHORT
    NO_FRAME
    OTHER_VERSION
    BAD_SIZES
    BAD_CHECKSUM
    BAD_OFFSETS
    BAD_SCHEMA
    BAD_ROW
    OTHER_KEYS  # rows of another key kind
    FULL  # no place for another schema
    NO_MEMORY


cdef struct Header:
    uint32_t magic
    uint16_t version
    uint8_t kind
    uint8_t flags
    uint32_t rows
    uint32_t schemas
    uint64_t schema_bytes
    uint64_t row_bytes
    uint64_t frame_bytes
    uint64_t loose
    uint64_t checksum


# A frame in someone else's memory, which must outlive the view. Everything but a row's
# content was checked; sizes are copies, so that memory that changes cannot move them.
cdef struct FrameView:
    KeyKind kind
    Py_ssize_t rows
    Py_ssize_t schemas
    Py_ssize_t schema_bytes
    Py_ssize_t row_bytes
    const char* key_column
    const char* offset_column
    const char* schema_data
    const char* row_data
    # What its schemas are called in the frame that rows were copied to last.
    const void* target
    uint64_t target_serial
    bint same_numbers
    uint16_t numbers[MOST_SCHEMAS]


cdef inline Py_ssize_t padded(Py_ssize_t size) noexcept nogil:
    return (size + 7) & ~<Py_ssize_t>7


cdef inline uint64_t load64(const char* p) noexcept nogil:
    cdef uint64_t word = 0
    memcpy(&word, p, sizeof(word))
    return word


cdef inline uint32_t load32(const char* p) noexcept nogil:
    cdef uint32_t word = 0
    memcpy(&word, p, sizeof(word))
    return word


cdef inline uint16_t load16(const char* p) noexcept nogil:
    cdef uint16_t word = 0
    memcpy(&word, p, sizeof(word))
    return word


cdef inline int64_t int_key(const FrameView* view, Py_ssize_t row) noexcept nogil:
    return <int64_t>load64(view.key_column + 8 * row)


cdef inline double double_key(const FrameView* view, Py_ssize_t row) noexcept nogil:
    cdef double key = 0
    memcpy(&key, view.key_column + 8 * row, sizeof(key))
    return key


# The item of a row, after its key, lies in [begin, end), which is not empty and inside
# the rows. `row_of` gives the key too: with an object key it begins at `begin`.
cdef Fault item_of(
    const FrameView* view, Py_ssize_t row, const char** begin, const char** end
) noexcept nogil
cdef Fault row_of(
    const FrameView* view, Py_ssize_t row, const char** begin, const char** end
) noexcept nogil

cdef Fault view_frame(
    const char* memory, Py_ssize_t size, FrameView* view
) noexcept nogil
cdef uint64_t checksum(const char* memory, Py_ssize_t size) noexcept nogil
cdef int raise_fault(Fault fault) except -1
