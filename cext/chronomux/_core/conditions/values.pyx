"""How values of events are told apart and compared."""

from collections.abc import Mapping

from cpython.bytes cimport PyBytes_Check
from cpython.dict cimport PyDict_Check
from cpython.float cimport PyFloat_Check
from cpython.list cimport PyList_Check
from cpython.long cimport PyLong_Check
from cpython.set cimport PyAnySet_Check
from cpython.tuple cimport PyTuple_Check
from cpython.unicode cimport PyUnicode_Check

cdef object MISSING = object()


cdef Kind kind_of(object value) except? DATA:
    if value is None or PyUnicode_Check(value) or PyLong_Check(value):
        return DATA
    if PyFloat_Check(value) or PyBytes_Check(value):
        return DATA
    if PyDict_Check(value):
        return MAPPING
    if PyList_Check(value) or PyTuple_Check(value) or PyAnySet_Check(value):
        return LIST
    return MAPPING if isinstance(value, Mapping) else OBJECT


cdef bint same(object left, object right) except -1:
    """Equality as conditions have it: True is not 1, NaN equals nothing, not itself.

    Inside containers too; a list equals a tuple, a set a frozenset. What cannot be
    compared is not equal.
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if len(left) != len(right):
            return False
        return all([_equal(a, b) for a, b in zip(left, right)])
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        if len(left) != len(right):
            return False
        return all([key in right and _equal(left[key], right[key]) for key in left])
    try:
        if isinstance(left, (set, frozenset)) and isinstance(right, (set, frozenset)):
            return left == right and _all_equal(left, right)
        return bool(left == right)
    except Exception:
        return False


def _equal(left, right):
    """`same`, with a limit to how deep: Python's own, for calls."""
    return same(left, right)


def _all_equal(left, right):
    """Of sets that Python takes for equal, as it does {1} and {True}."""
    there = {element: element for element in right}
    return all([_equal(element, there[element]) for element in left])


cdef object step(object value, Kind kind, str name):
    """What stands under this name in a mapping or an object, or MISSING."""
    if kind == MAPPING:
        try:
            return value[name] if name in value else MISSING
        except KeyError:  # gone in between
            return MISSING
    try:
        return getattr(value, name)
    except Exception:  # a property that fails has no value
        return MISSING
