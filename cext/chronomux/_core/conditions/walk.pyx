"""One event walked along the paths of all rules.

What comes of it are the symbols its values have, on which rules are then found without
a Python object being touched. Here the event's own code may run (hashes, properties),
and with it anything: so the walk holds what it looks at, and writes only to itself.
"""

cimport cython

from cpython.bool cimport PyBool_Check
from cpython.dict cimport PyDict_CheckExact, PyDict_Contains, PyDict_Next
from cpython.float cimport PyFloat_CheckExact
from cpython.list cimport PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.object cimport PyObject
from cpython.unicode cimport PyUnicode_Check, PyUnicode_CheckExact
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free

from chronomux._core.conditions.storage cimport resized
from chronomux._core.conditions.symbols cimport Node
from chronomux._core.conditions.table cimport Table
from chronomux._core.conditions.texts cimport value_of
from chronomux._core.conditions.value_symbols cimport ValueSymbols
from chronomux._core.conditions.values cimport (
    DATA,
    LIST,
    MAPPING,
    MISSING,
    OBJECT,
    Kind,
    kind_of,
    step,
)

cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object mapping, object key) except? NULL
    PyObject* PyList_GET_ITEM(object items, Py_ssize_t i) noexcept
    # Non-zero is an error, by version -1 or 1.
    int Py_EnterRecursiveCall(const char* where) except *
    void Py_LeaveRecursiveCall() noexcept


@cython.final
cdef class Walk(ValueSymbols):
    """Room for the symbols of one event; used again for the next."""

    def __dealloc__(self):
        free(self.found)

    cdef int start(self, Node root, object event) except -1:
        self.length = 0
        self.grouped = False
        self.blocked = None
        if PyDict_CheckExact(event):
            return self._dict(root, <dict> event)
        return self._inside(root, event, kind_of(event))

    cdef int start_row(self, Node root, Table table, Py_ssize_t row) except -1:
        """A row of typed columns: nothing stands inside its values.

        So no dotted name can hide anything of another column's, and what rules do not
        ask for is not even made an object.
        """
        cdef Py_ssize_t i
        cdef PyObject* name
        cdef PyObject* found
        cdef Node kid
        self.length = 0
        self.grouped = False
        self.blocked = None
        for i in range(PyList_GET_SIZE(table.names)):
            name = PyList_GET_ITEM(table.names, i)
            if PyUnicode_CheckExact(<object> name):
                found = <PyObject*> value_of(root.names, name)
            else:
                found = PyDict_GetItemWithError(root.kids, <object> name)
            if found != NULL:
                kid = <Node> found
                self._arrive(kid, table.value(i, row))
        return 0

    cdef int find(self, int64_t id, int32_t slot) except -1:
        if self.found_length == self.found_room:
            room = max(64, self.found_room * 2)
            self.found = <Found*> resized(self.found, room, sizeof(Found))
            self.found_room = room
        self.found[self.found_length] = Found(id, slot)
        self.found_length += 1
        return 0

    cdef int _dict(self, Node node, dict event) except -1:
        """The values of a dict: by its own keys, as there are fewer than paths."""
        cdef Py_ssize_t place = 0, before = self.length
        cdef PyObject* key = NULL
        cdef PyObject* value = NULL
        cdef PyObject* found
        cdef Node kid
        cdef object held
        while PyDict_Next(event, &place, &key, &value):
            if PyUnicode_CheckExact(<object> key):
                found = <PyObject*> value_of(node.names, key)
            elif PyUnicode_Check(<object> key):
                found = PyDict_GetItemWithError(node.kids, <object> key)
            else:
                continue
            if found == NULL:
                continue
            if self._at_once(node, <Node> found, <object> value):
                continue
            kid, held = <Node> found, <object> value
            if kid.depth > node.depth + 1 and self._is_path_too(event, <object> key):
                self.length = before
                return self._inside_dotted(node, event)
            self._arrive(kid, held)
        return 0

    cdef bint _at_once(self, Node node, Node kid, object value) except -1:
        """Whether this was all: a text whose symbols are found without a call.

        Neither is held: no code of others can run that takes them away.
        """
        cdef int32_t number
        if not PyUnicode_CheckExact(value) or kid.has_text or kid.odd:
            return False
        if kid.depth > node.depth + 1 or self.blocked is not None:
            return False
        if kid.present is not None:
            self.emit(kid.present.number)
        number = value_of(kid.texts, <PyObject*> value)
        if number != 0:
            self.emit(number)
        return True

    def _is_path_too(self, dict event, str dotted):
        """Whether a part of the dotted key is a key as well."""
        cdef Py_ssize_t dot = dotted.find(".")
        while dot >= 0:
            if PyDict_Contains(event, dotted[:dot]):
                return True
            dot = dotted.find(".", dot + 1)
        return False

    cdef int _inside(self, Node node, object value, int kind) except -1:
        """The values of any mapping or object: by the names that rules know."""
        cdef Node kid
        cdef object there
        if kind == MAPPING:
            return self._inside_dotted(node, value)
        if kind == DATA or kind == LIST:
            return 0
        for name, kid in list(node.kids.items()):
            if kid.depth == node.depth + 1:
                there = step(value, <Kind> kind, name)
                if there is not MISSING:
                    self._arrive(kid, there)
        return 0

    cdef int _inside_dotted(self, Node node, object value) except -1:
        """The same where dotted keys may stand before the paths that they spell."""
        cdef Node kid, hit
        cdef object there
        cdef set before = self.blocked, taken
        kids = [(name, kid) for name, kid in node.kids.items() if name in value]
        hits = {kid for _, kid in kids if kid.depth > node.depth + 1}
        for name, kid in kids:
            there = step(value, MAPPING, name)
            if there is MISSING:
                continue
            if before is not None and self._is_blocked(kid):
                continue
            if hits:
                # Its own way is not blocked, but that to keys which spell more of it.
                taken = set(before or ())
                for hit in hits:
                    if kid not in hits or hit.is_below(kid):
                        taken.add(hit)
                self.blocked = taken
            try:
                self._arrive(kid, there)
            finally:
                self.blocked = before
        return 0

    cdef bint _is_blocked(self, Node node) except -1:
        while node is not None:
            if node in self.blocked:
                return True
            node = node.parent
        return False

    cdef int _arrive(self, Node node, object value) except -1:
        """A value stands at this node."""
        if self.blocked is not None and self._is_blocked(node):
            return 0
        if node.present is not None:
            self.emit(node.present.number)
        return self._element(node, value)

    cdef int _element(self, Node node, object value) except -1:
        """The symbols of a value, or of an element of a list of values."""
        if PyUnicode_CheckExact(value):
            return self.exact_text(node, <str> value)
        if PyDict_CheckExact(value):
            if node.names.length:
                Py_EnterRecursiveCall(" in an event")
                try:
                    self._dict(node, <dict> value)
                finally:
                    Py_LeaveRecursiveCall()
            return 0
        if PyBool_Check(value) or PyFloat_CheckExact(value) or (
            PyLong_CheckExact(value) or value is None
        ):
            return self.plain(node, value)
        return self._other(node, value)

    cdef int _other(self, Node node, object value) except -1:
        cdef Kind kind = kind_of(value)
        if kind == LIST:
            return self._list(node, value)
        self.look_up(node, value)
        if node.ranges is not None:
            self.ask_ranges(node.ranges, value)
        if PyUnicode_Check(value) and node.has_text:
            self.text(node, str(value))
        if kind != DATA and node.kids:
            Py_EnterRecursiveCall(" in an event")
            try:
                self._inside(node, value, kind)
            finally:
                Py_LeaveRecursiveCall()
        return 0

    cdef int _list(self, Node node, object values) except -1:
        Py_EnterRecursiveCall(" in the lists of an event")
        try:
            for element in values:
                if node.kids and kind_of(element) in (MAPPING, OBJECT):
                    self.grouped = True
                self._element(node, element)
        finally:
            Py_LeaveRecursiveCall()
        return 0
