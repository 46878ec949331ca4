"""The sort key of an item by a path such as 'header.time.stamp'."""

from sys import intern

from cpython.dict cimport PyDict_Check, PyDict_CheckExact
from cpython.list cimport PyList_Check
from cpython.object cimport Py_TYPE, PyObject, PyTypeObject
from cpython.tuple cimport PyTuple_Check

cimport cython


cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object mapping, object key) except? NULL
    bint PyMapping_Check(object candidate) noexcept  # has __getitem__


cdef object ABSENT = object()


cdef object place_of(object name):
    if isinstance(name, int):
        return name
    digits = name[1:] if name.startswith("-") else name
    return int(name) if digits.isascii() and digits.isdigit() else None


cdef inline bint is_callable(object value) noexcept:
    return (<PyTypeObject*>Py_TYPE(value)).tp_call is not NULL


cdef object interned(object name):
    return intern(name) if type(name) is str else name


cdef object element(object here, object name, object index):
    """The item of a container, or ABSENT."""
    cdef PyObject* found
    if PyDict_CheckExact(here):
        found = PyDict_GetItemWithError(here, name)
        return ABSENT if found is NULL else <object>found
    if PyDict_Check(here):  # `in` first: a defaultdict would make what it lacks
        return here[name] if name in here else ABSENT
    if PyTuple_Check(here) or PyList_Check(here):
        if index is None or not -len(here) <= index < len(here):
            return ABSENT
        return here[index]
    if not PyMapping_Check(here):
        return ABSENT
    try:
        return here[name]
    except (LookupError, TypeError):  # a str is no key for a numpy array
        return ABSENT


cdef object attribute(object here, object name):
    """The attribute of an object, or ABSENT."""
    # A dict's attributes are methods: 'values' is a missing key, not all values.
    if PyDict_CheckExact(here) or not isinstance(name, str):
        return ABSENT
    return getattr(here, name, ABSENT)


@cython.final
cdef class KeyPath:
    """Follows names from an item to its sort key.

    Each name is looked up as a key of a mapping, as a place in a sequence ('0', '-1'),
    and otherwise as an attribute; a plain dict has keys only. A value that can be
    called is called without arguments. What is not there is None, the missing key.
    Errors of properties and calls pass through.
    """

    def __cinit__(self, *names):
        if not names:
            raise ValueError("a key path needs at least one name")
        for name in names:
            if not isinstance(name, (str, int)) or isinstance(name, bool):
                raise TypeError(f"a key path is made of names, not of {name!r}")
        # Interned, a name is found in a dict without comparing text.
        self.names = tuple([interned(name) for name in names])
        self.indices = tuple([place_of(name) for name in names])
        self.only = self.names[0] if len(names) == 1 else None

    def __call__(self, item):
        return self.key_of(item)

    def __reduce__(self):
        return KeyPath, self.names

    def __repr__(self):
        return f"KeyPath({', '.join(map(repr, self.names))})"

    cdef object key_of(self, object item):
        cdef Py_ssize_t i
        cdef PyObject* found
        if self.only is not None and PyDict_CheckExact(item):  # what most keys are
            found = PyDict_GetItemWithError(item, self.only)
            if found is not NULL and not is_callable(<object>found):
                return <object>found
        here = item
        for i in range(len(self.names)):
            name = self.names[i]
            value = element(here, name, self.indices[i])
            if value is ABSENT:
                value = attribute(here, name)
            if value is ABSENT:
                return None
            here = value() if is_callable(value) else value
        return here
