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
    cdef int sorts_below(
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
    cdef int objects_before(
        self, Entry* left, object left_key, Entry* right, object right_key
    ) except -1
    cdef Py_ssize_t least_child(self, Py_ssize_t parent, Py_ssize_t size) except -1
    cdef Py_ssize_t place_below_top(self, Entry* entry, Py_ssize_t size) except -1
    cdef void settle(self, Entry entry, Py_ssize_t place) noexcept
