# cython: linetrace=False
# (Each traced line would take the GIL first: minutes for a few tests.)
"""Key columns: one-dimensional numeric buffers of any common type, read as ordinals.

Keys of one kind compare by one word; when signed, unsigned 64-bit and floating columns
meet, by two (see ordinal.pxd), so that 2**53 + 1 and 2.0**53 are not equal.
"""

cimport cython
from cpython.buffer cimport (
    PyBUF_FORMAT,
    PyBUF_STRIDES,
    PyBuffer_Release,
    PyObject_GetBuffer,
)
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport (
    int8_t,
    int16_t,
    int32_t,
    int64_t,
    uint8_t,
    uint16_t,
    uint32_t,
    uint64_t,
)
from libc.string cimport memcpy

from chronomux._core.ordinal cimport (
    LEFTOVER_BITS,
    exact_of_float,
    exact_of_int,
    exact_of_uint,
    ordinal_of_float,
    ordinal_of_int,
)

ctypedef fused Number:
    int8_t
    int16_t
    int32_t
    int64_t
    uint8_t
    uint16_t
    uint32_t
    uint64_t
    float
    double

cdef enum:
    LEFTOVER_END = (1 << LEFTOVER_BITS) - 1
    PLACE_BITS = 64 - LEFTOVER_BITS  # of a wide item's tie


cdef inline Number number_at(const Number* p) noexcept nogil:
    """Buffers need not be aligned: a field of a packed record is not."""
    cdef Number value = 0
    memcpy(&value, p, sizeof(value))
    return value


cdef inline uint64_t ordinal_of(Number value) noexcept nogil:
    if Number is float or Number is double:
        return ordinal_of_float(value)
    elif Number is uint64_t:
        return value
    else:
        return ordinal_of_int(value)


cdef inline Exact exact_of(Number value, Order order) noexcept nogil:
    cdef Exact key
    if not order.exact:
        return Exact(ordinal_of(value) ^ order.flip, 0)
    if Number is float or Number is double:
        key = exact_of_float(value)
    elif Number is uint64_t:
        key = exact_of_uint(value)
    else:
        key = exact_of_int(value)
    # `low` stays small, so that a tie-break fits beside it in one word.
    if order.flip:
        return Exact(~key.high, LEFTOVER_END - key.low)
    return key


cdef Exact key_at(const Column* column, Py_ssize_t i, Order order) noexcept nogil:
    cdef const char* p = column.data + i * column.stride
    if column.kind == INT64:
        return exact_of(number_at(<const int64_t*>p), order)
    if column.kind == FLOAT64:
        return exact_of(number_at(<const double*>p), order)
    if column.kind == INT8:
        return exact_of(number_at(<const int8_t*>p), order)
    if column.kind == INT16:
        return exact_of(number_at(<const int16_t*>p), order)
    if column.kind == INT32:
        return exact_of(number_at(<const int32_t*>p), order)
    if column.kind == UINT8:
        return exact_of(number_at(<const uint8_t*>p), order)
    if column.kind == UINT16:
        return exact_of(number_at(<const uint16_t*>p), order)
    if column.kind == UINT32:
        return exact_of(number_at(<const uint32_t*>p), order)
    if column.kind == UINT64:
        return exact_of(number_at(<const uint64_t*>p), order)
    return exact_of(number_at(<const float*>p), order)


cdef inline bint below(Exact a, Exact b) noexcept nogil:
    return a.high < b.high or (a.high == b.high and a.low < b.low)


cdef inline uint64_t packed_key(
    const Number* keys, Py_ssize_t stride, Py_ssize_t i, uint64_t flip, uint64_t base
) noexcept nogil:
    return (
        ordinal_of(number_at(<const Number*>(<const char*>keys + i * stride))) ^ flip
    ) - base


cdef inline uint64_t pack(
    const Number* keys, Py_ssize_t stride, Py_ssize_t count, uint64_t flip,
    Packing packing, uint64_t place, uint64_t* out,
) noexcept nogil:
    """The top bit of the result: a key is below base or its predecessor.

    The span of a part is below 2**63, so the sign of a difference is exact; keys so far
    below base that they wrap stay unseen only if the last one is among them, which the
    caller rules out. No branch, no early exit, and no value carried from one round to
    the next (the predecessor is read again): compilers turn this into vectors.
    """
    cdef uint64_t signs = packed_key(keys, stride, 0, flip, packing.base), key
    cdef Py_ssize_t i
    out[0] = signs >> packing.drop << packing.place_bits | place
    for i in range(1, count):
        key = packed_key(keys, stride, i, flip, packing.base)
        signs |= key | (key - packed_key(keys, stride, i - 1, flip, packing.base))
        out[i] = key >> packing.drop << packing.place_bits | (place + <uint64_t>i)
    return signs


cdef inline bint load_as(
    const Number* keys, Py_ssize_t stride, Py_ssize_t count, uint64_t flip,
    Packing packing, uint64_t place, uint64_t* out,
) noexcept nogil:
    if stride == sizeof(Number):  # said as a constant, which lets loops be vectorised
        return pack(keys, sizeof(Number), count, flip, packing, place, out) >> 63
    return pack(keys, stride, count, flip, packing, place, out) >> 63


cdef bint load_narrow(
    const Column* column, Py_ssize_t low, Py_ssize_t high, Order order,
    Packing packing, uint64_t place, uint64_t* out,
) noexcept nogil:
    cdef const char* p = column.data + low * column.stride
    cdef Py_ssize_t n = high - low, stride = column.stride
    cdef uint64_t flip = order.flip
    cdef bint descends = low > 0 and low < high and below(
        key_at(column, low, order), key_at(column, low - 1, order)
    )
    if column.kind == INT64:
        descends |= load_as(<const int64_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == FLOAT64:
        descends |= load_as(<const double*>p, stride, n, flip, packing, place, out)
    elif column.kind == INT8:
        descends |= load_as(<const int8_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == INT16:
        descends |= load_as(<const int16_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == INT32:
        descends |= load_as(<const int32_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == UINT8:
        descends |= load_as(<const uint8_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == UINT16:
        descends |= load_as(<const uint16_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == UINT32:
        descends |= load_as(<const uint32_t*>p, stride, n, flip, packing, place, out)
    elif column.kind == UINT64:
        descends |= load_as(<const uint64_t*>p, stride, n, flip, packing, place, out)
    else:
        descends |= load_as(<const float*>p, stride, n, flip, packing, place, out)
    return descends


cdef bint load_wide(
    const Column* column, Py_ssize_t low, Py_ssize_t high, Order order,
    uint64_t place, Wide* out,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef Exact previous = key_at(column, low - 1, order) if low > 0 else Exact(0, 0)
    cdef Exact key
    cdef bint descends = False
    for i in range(low, high):
        key = key_at(column, i, order)
        descends |= below(key, previous)
        previous = key
        out[i - low] = Wide(
            key.high, key.low << PLACE_BITS | (place + <uint64_t>(i - low))
        )
    return descends


cdef Py_ssize_t cut(
    const Column* column, Py_ssize_t low, Exact bound, bint with_equal, Order order
) noexcept nogil:
    """Galloping, as the cut is most often near: O(log of its distance)."""
    cdef Py_ssize_t step = 1, high = low, middle
    cdef Exact key
    while True:
        high = low + step
        if high > column.length:
            high = column.length
            break
        key = key_at(column, high - 1, order)
        if not (below(key, bound) or (with_equal and not below(bound, key))):
            high -= 1
            break
        low = high
        step *= 2
    while low < high:
        middle = (low + high) >> 1
        key = key_at(column, middle, order)
        if below(key, bound) or (with_equal and not below(bound, key)):
            low = middle + 1
        else:
            high = middle
    return low


cdef Py_ssize_t first_descent(const Column* column, Order order) noexcept nogil:
    """The position of the first key below its predecessor, or -1."""
    cdef Py_ssize_t i
    for i in range(1, column.length):
        if below(key_at(column, i, order), key_at(column, i - 1, order)):
            return i
    return -1


cdef Kind kind_of(const Py_buffer* view) except <Kind>-1:
    cdef bytes code = view.format if view.format != NULL else b"B"
    if code[:1] in (b"@", b"=") or (code[:1] == b"<" and LITTLE_ENDIAN):
        code = code[1:]
    cdef int size_class = {1: 0, 2: 1, 4: 2, 8: 3}.get(view.itemsize, 0)
    if len(code) == 1:
        if code in b"bhilqn":
            return <Kind>(INT8 + size_class)
        if code in b"?BHILQN":
            return <Kind>(UINT8 + size_class)
        if code == b"f":
            return FLOAT32
        if code == b"d":
            return FLOAT64
    raise TypeError(f"keys of buffer format {view.format!r} cannot be merged; "
                    "use native integers or floats of up to 64 bits")


cdef extern from *:
    """
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    #define LITTLE_ENDIAN_HOST 1
    #else
    #define LITTLE_ENDIAN_HOST 0
    #endif
    """
    const bint LITTLE_ENDIAN "LITTLE_ENDIAN_HOST"


cdef inline int family(Kind kind) noexcept:
    """Kinds of one family compare by one word."""
    if kind == FLOAT32 or kind == FLOAT64:
        return 2
    return 1 if kind == UINT64 else 0


@cython.final
cdef class Columns:
    """The key columns of one merge, their buffers held while it lives."""

    def __cinit__(self, tuple keys, bint reverse=False):
        cdef Py_ssize_t i
        self.views = <Py_buffer*>PyMem_Calloc(max(len(keys), 1), sizeof(Py_buffer))
        self.columns = <Column*>PyMem_Calloc(max(len(keys), 1), sizeof(Column))
        if self.views == NULL or self.columns == NULL:
            raise MemoryError
        self.order = Order(False, ~<uint64_t>0 if reverse else 0)
        self.count = len(keys)
        for i in range(self.count):
            self._add(i, keys[i])
            if family(self.columns[i].kind) != family(self.columns[0].kind):
                self.order.exact = True

    cdef int _add(self, Py_ssize_t i, object keys) except -1:
        cdef Py_buffer* view = &self.views[i]
        cdef Column* column = &self.columns[i]
        PyObject_GetBuffer(keys, view, PyBUF_STRIDES | PyBUF_FORMAT)
        self.held += 1
        if view.ndim != 1:
            raise ValueError(f"keys of input {i} have {view.ndim} dimensions, not 1")
        try:
            column.kind = kind_of(view)
        except TypeError as error:
            raise TypeError(f"input {i}: {error}") from None
        column.data = <const char*>view.buf
        # Exporters such as ctypes leave out strides that say nothing.
        column.stride = view.itemsize if view.strides == NULL else view.strides[0]
        column.length = view.shape[0]
        self.total += column.length
        return 0

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self.held):
            PyBuffer_Release(&self.views[i])
        PyMem_Free(self.views)
        PyMem_Free(self.columns)
