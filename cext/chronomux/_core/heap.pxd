cimport cython
from cpython.ref cimport Py_DECREF, PyObject

from chronomux._core.entry cimport OBJECT, Entry, input_of, rank_key
from chronomux._core.winner_tree cimport climb

cdef extern from "Python.h":
    PyObject* PyList_GET_ITEM(PyObject* objects, Py_ssize_t i) noexcept
    void PyList_SET_ITEM(PyObject* objects, Py_ssize_t i, PyObject* new) noexcept
    PyObject* Py_NewRef(PyObject* o) noexcept

# Put an object at a place; the reference to the old one is the caller's.
cdef inline PyObject* exchanged(
    PyObject* objects, Py_ssize_t i, PyObject* new
) noexcept:
    cdef PyObject* old = PyList_GET_ITEM(objects, i)
    PyList_SET_ITEM(objects, i, Py_NewRef(new))
    return old


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

    # Put an entry in the place of the least one.
    cdef inline int replace_ranked(
        self, Entry* entry, object key, object item
    ) except -1:
        return self.change(self.tree[1], entry, key, item)

    # Whether left comes strictly before right; for keys that ordinals do not decide.
    cdef int object_below(
        self, const Entry* left, object left_key, const Entry* right, object right_key
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

    # Borrowed: good until the heap changes.
    cdef inline PyObject* held_key(self) noexcept:
        return PyList_GET_ITEM(<PyObject*>self.keys, self.tree[1])

    cdef inline PyObject* held_item(self) noexcept:
        return PyList_GET_ITEM(<PyObject*>self.items, self.tree[1])

    # For this module only.

    # Give a leaf another entry, and see who comes first now.
    cdef inline int change(
        self, Py_ssize_t leaf, Entry* entry, object key, object item
    ) except -1:
        cdef PyObject* old_key
        cdef PyObject* old_item
        if self.objects or self.comparing or entry.lane == OBJECT:
            self.change_objects(leaf, entry, key)
        else:
            climb(self.entries, self.tree, self.leaves, leaf, entry)
        old_key = exchanged(<PyObject*>self.keys, leaf, <PyObject*>key)
        old_item = exchanged(<PyObject*>self.items, leaf, <PyObject*>item)
        # May run foreign code: only now is the heap in order.
        Py_DECREF(<object>old_key)
        Py_DECREF(<object>old_item)
        return 0

    cdef int may_change(self) except -1
    cdef int grow(self) except -1
    cdef int change_objects(
        self, Py_ssize_t leaf, const Entry* entry, object key
    ) except -1
    cdef int leaf_before(self, Py_ssize_t left, Py_ssize_t right) except -1
    cdef int before(
        self, const Entry* one, object one_key, const Entry* other, object other_key
    ) except -1
