"""The sort key of an input's item, with a rank by which numbers compare at once."""

from cpython.float cimport PyFloat_Check
from cpython.object cimport Py_NE, PyObject_RichCompare
from libc.stdint cimport int64_t, uint64_t

from chronomux._core.number cimport exact_of_key, is_float_nan
from chronomux._core.ordinal cimport LEFTOVER_BITS, Exact


cdef extern from *:
    """
    /* Two words that compare as one number, without a branch. */
    typedef unsigned __int128 chronomux_rank;
    """
    # Told a lie about its size, Cython must not turn it into an object.
    ctypedef unsigned long long Rank "chronomux_rank"


cdef enum Lane:
    # Two lanes that sum to 2 or more compare by their ordinals, the rest as objects.
    OBJECT = 0
    NUMBER = 1
    MISSING = 2

cdef enum:
    LEFTOVER_END = (1 << LEFTOVER_BITS) - 1
    INPUT_BITS = 64 - LEFTOVER_BITS


cdef struct Entry:
    # From the top: the ordinal of the key in 64 bits and what is left over of it, see
    # ordinal.pxd, both complemented when reversed; the input, which decides on a tie.
    Rank rank
    Lane lane


cdef inline Py_ssize_t input_of(const Entry* entry) noexcept nogil:
    return <Py_ssize_t>(entry.rank & ((<Rank>1 << INPUT_BITS) - 1))


cdef inline bint by_ordinals(const Entry* left, const Entry* right) noexcept nogil:
    """Whether ordinals decide between two keys."""
    return left.lane + right.lane >= 2


cdef inline bint ordinal_below(const Entry* left, const Entry* right) noexcept nogil:
    """Whether left's key comes out before right's; equal keys are not below."""
    return left.rank >> INPUT_BITS < right.rank >> INPUT_BITS


cdef inline bint is_missing(const Entry* entry, bint reverse) noexcept nogil:
    """Whether the key is NaN, or missing otherwise: its ordinal is the lowest."""
    return entry.lane != OBJECT and <uint64_t>(entry.rank >> 64) == (
        ~<uint64_t>0 if reverse else 0
    )


cdef inline bint is_nan(object key) except -1:
    """A float, a Decimal, a numpy scalar that does not equal itself.

    `merge` knows NaN of floats only: like heapq.merge, it asks others for `<` alone.
    """
    if PyFloat_Check(key):
        return is_float_nan(key)
    if not hasattr(key, "__float__"):  # only numbers know NaN: spare others a `!=`
        return False
    return PyObject_RichCompare(key, key, Py_NE)


cdef inline int rank_key(
    object key, Py_ssize_t input, bint reverse, bint missing_lowest, Entry* entry
) except -1:
    """Fill in an entry. Without missing_lowest only NaN floats have the lowest rank."""
    cdef Exact exact = Exact(1, 0)  # of an object: above a missing key
    if not 0 <= input < (<int64_t>1 << INPUT_BITS) - 1:  # that one is no input's
        raise ValueError(f"an input has no number {input}")
    entry.lane = OBJECT
    if exact_of_key(key, &exact):
        entry.lane = NUMBER if exact.high or not missing_lowest else MISSING
    elif is_float_nan(key) or (missing_lowest and (key is None or is_nan(key))):
        exact = Exact(0, 0)
        entry.lane = MISSING if missing_lowest else NUMBER
    if reverse:
        exact = Exact(~exact.high, LEFTOVER_END - exact.low)
    entry.rank = <Rank>exact.high << 64 | exact.low << INPUT_BITS | <uint64_t>input
    return 0
