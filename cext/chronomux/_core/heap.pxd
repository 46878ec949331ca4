cimport cython
from chronomux._core.entry cimport Entry, input_of, rank_key


@cython.final
cdef class MergeHeap:
    # Lists hold the objects of the leaves so that the garbage collector sees them.
    cdef Entry* entries  # of each leaf; a free one sorts behind all
    cdef Py_ssize_t* tree  # [n]: the leaf that comes out first below node n, 1: of all
    cdef Py_ssize_t* free  # [:leaves - size]: leaves, the next to use last
    cdef Py_ssize_t leaves  # a power of two; leaf i is node leaves + i
    cdef readonly Py_ssize_t size
    cdef Py_ssize_t objects  # entries in the object lane
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
    cdef inline int rank(self, object key, Py_ssize_t input, Entry* entry) except -1:
        return rank_key(key, input, self.reverse, self.missing_lowest, entry)

    cdef int push_ranked(self, Entry* entry, object key, object item) except -1
    cdef int replace_ranked(self, Entry* entry, object key, object item) except -1
    # Whether left comes strictly before right; for keys that ordinals do not decide.
    cdef int object_below(
        self, Entry* left, object left_key, Entry* right, object right_key
    ) except -1

    # The least entry. The heap must not be empty.
    cdef inline Entry* top(self) noexcept:
        return &self.entries[self.tree[1]]

    cdef inline Py_ssize_t top_input(self) noexcept:
        return input_of(self.top())

    cdef inline object top_key(self):
        return self.keys[self.tree[1]]

    cdef inline object top_item(self):
        return self.items[self.tree[1]]

    # For this module only.
    cdef int may_change(self) except -1
    cdef int grow(self) except -1
    cdef int change(
        self, Py_ssize_t leaf, Entry* entry, object key, object item
    ) except -1
    cdef void climb(self, Py_ssize_t leaf, const Entry* entry) noexcept
    cdef int change_objects(
        self, Py_ssize_t leaf, Entry* entry, object key
    ) except -1
    cdef int replay_objects(self, Py_ssize_t leaf) except -1
    cdef int before(self, Py_ssize_t left, Py_ssize_t right) except -1
