"""Key columns: one-dimensional numeric buffers of any common type, read as ordinals."""

from cpython.buffer cimport Py_buffer
from libc.stdint cimport uint64_t

from chronomux._core.ordinal cimport Exact
from chronomux._core.runs cimport Wide

ctypedef enum Kind:
    INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT32, FLOAT64


cdef struct Column:
    const char* data
    Py_ssize_t stride  # bytes from one key to the next; any sign
    Py_ssize_t length
    Kind kind


# How the keys of one merge compare. `flip` is all ones for descending order.
cdef struct Order:
    bint exact  # kinds differ: compare by two words
    uint64_t flip


cdef Exact key_at(const Column* column, Py_ssize_t i, Order order) noexcept nogil

# How a part packs keys into single words: (key - base) >> drop << place_bits | place.
cdef struct Packing:
    uint64_t base
    int drop  # low key bits that do not fit
    int place_bits


# Keys [low, high), packed or as (key, leftover); places count up from `place`. Both
# return whether a key is below its predecessor; packed, keys at both ends must not be
# below the base, nor 2**63 or more above it.
cdef bint load_narrow(
    const Column* column, Py_ssize_t low, Py_ssize_t high, Order order,
    Packing packing, uint64_t place, uint64_t* out,
) noexcept nogil
cdef bint load_wide(
    const Column* column, Py_ssize_t low, Py_ssize_t high, Order order,
    uint64_t place, Wide* out,
) noexcept nogil

# The number of keys in [low, length) below `bound`, equal ones too if `with_equal`,
# plus low.
cdef Py_ssize_t cut(
    const Column* column, Py_ssize_t low, Exact bound, bint with_equal, Order order
) noexcept nogil

cdef Py_ssize_t first_descent(const Column* column, Order order) noexcept nogil


cdef class Columns:
    cdef Py_buffer* views
    cdef Column* columns
    cdef Py_ssize_t count
    cdef Py_ssize_t held
    cdef Py_ssize_t total
    cdef Order order
    cdef int _add(self, Py_ssize_t i, object keys) except -1
