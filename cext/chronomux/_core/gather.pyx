# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""Rows of a batch in another order."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport int64_t, uint8_t
from libc.string cimport memcpy


cdef Py_ssize_t place_rows(
    const int64_t* offsets, Py_ssize_t count, const int64_t* order, Py_ssize_t chosen,
    int64_t* places,
) noexcept nogil:
    """Where each chosen row will begin, and the end; -1 if a row is no row."""
    cdef Py_ssize_t i, size = 0
    for i in range(chosen):
        if not 0 <= order[i] < count:
            return -1
        places[i] = size
        if offsets[order[i] + 1] < offsets[order[i]]:
            return -1
        size += offsets[order[i] + 1] - offsets[order[i]]
    places[chosen] = size
    return size


def take_rows(
    const int64_t[::1] offsets not None,
    const uint8_t[::1] rows not None,
    const int64_t[::1] order not None,
    int64_t[::1] places not None,
) -> bytes:
    """The rows order[0], order[1], ... one after the other; their offsets in `places`.

    Row i is rows[offsets[i]:offsets[i + 1]]; `places` holds one item more than `order`.
    Raises ValueError for rows that are not there.
    """
    cdef Py_ssize_t i, count = offsets.shape[0] - 1, chosen = order.shape[0], size
    cdef char* out
    if places.shape[0] != chosen + 1:
        raise ValueError(f"places must hold {chosen + 1} offsets")
    if chosen == 0:
        places[0] = 0
        return b""
    if count < 1 or offsets[0] < 0 or offsets[count] > rows.shape[0]:
        raise ValueError("offsets must rise and lie within the rows")
    size = place_rows(&offsets[0], count, &order[0], chosen, &places[0])
    if size < 0:
        raise ValueError("an order of rows that are not there")
    if size == 0:
        return b""
    taken = PyBytes_FromStringAndSize(NULL, size)
    out = PyBytes_AS_STRING(taken)
    with nogil:
        for i in range(chosen):
            memcpy(
                out + places[i], &rows[0] + offsets[order[i]],
                places[i + 1] - places[i],
            )
    return taken
