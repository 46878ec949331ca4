from libc.stdint cimport uint64_t


cdef enum Lane:
    # Two lanes that sum to 2 or more compare by their ordinals, the rest as objects.
    OBJECT = 0
    NUMBER = 1
    MISSING = 2


cdef struct Entry:
    uint64_t high  # ordinal of the key, see ordinal.pxd; complemented when reversed
    uint64_t low
    Py_ssize_t input
    Py_ssize_t slot  # where `keys` and `items` hold its objects
    Lane lane


cdef inline bint by_ordinals(const Entry* left, const Entry* right) noexcept nogil:
    """Whether ordinals decide between two keys."""
    return left.lane + right.lane >= 2


cdef inline bint ordinal_below(const Entry* left, const Entry* right) noexcept nogil:
    return left.high < right.high or (left.high == right.high and left.low < right.low)


cdef inline bint ordinal_before(const Entry* left, const Entry* right) noexcept nogil:
    """Whether left comes out before right; inputs decide between equal keys."""
    # No `and`, no `or`: which of two children is less cannot be predicted.
    cdef bint earlier = left.input < right.input
    cdef bint lower = (left.low < right.low) | ((left.low == right.low) & earlier)
    return (left.high < right.high) | ((left.high == right.high) & lower)


cdef class MergeHeap:
    # entries[:size] is the heap. The slots of entries[:len(keys)] are a permutation:
    # those behind `size` are free. Lists hold the objects so that the garbage
    # collector sees them.
    cdef Entry* entries
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t capacity
    cdef list keys
    cdef list items
    cdef readonly bint reverse
    cdef readonly bint missing_lowest
    cdef readonly tuple clash  # (input, key, input, key) of the `<` that raised last
    cdef bint comparing  # the heap must not change while `<` runs foreign code

    cpdef int push(self, object key, Py_ssize_t input, object item) except -1
    cpdef int replace(self, object key, Py_ssize_t input, object item) except -1
    cpdef object pop_item(self)

    # For kernels that rank a key once, and use it more than once.
    cdef int rank(self, object key, Entry* entry) except -1
    cdef int push_ranked(self, Entry* entry, object key, object item) except -1
    cdef int replace_ranked(self, Entry* entry, object key, object item) except -1
    # Whether left comes strictly before right; for keys that ordinals do not decide.
    cdef int object_below(
        self, Entry* left, object left_key, Entry* right, object right_key
    ) except -1

    # The least entry. The heap must not be empty.
    cdef Py_ssize_t top_input(self) noexcept
    cdef object top_key(self)
    cdef object top_item(self)

    # For this module only.
    cdef int may_change(self) except -1
    cdef int reserve(self) except -1
    cdef int before(self, Entry* left, Entry* right) except -1
    cdef int object_before(self, Entry* left, Entry* right) except -1
    cdef Py_ssize_t least_child(self, Py_ssize_t parent, Py_ssize_t size) except -1
    cdef Py_ssize_t place_below_top(self, Entry* entry, Py_ssize_t size) except -1
    cdef void settle(self, Entry entry, Py_ssize_t place) noexcept
