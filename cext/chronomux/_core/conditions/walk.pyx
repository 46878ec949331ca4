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
from libc.math cimport isnan
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport free, realloc

import socket

from chronomux._core.conditions.symbols cimport Bounds, Node, Ranges, Symbol
from chronomux._core.conditions.table cimport Table
from chronomux._core.conditions.values cimport (
    DATA,
    LIST,
    MAPPING,
    MISSING,
    OBJECT,
    Kind,
    kind_of,
    same,
    step,
)

cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object mapping, object key) except? NULL
    PyObject* PyList_GET_ITEM(object items, Py_ssize_t i) noexcept
    double PyLong_AsDouble(object number) except? -1.0
    # Non-zero is an error, by version -1 or 1.
    int Py_EnterRecursiveCall(const char* where) except *
    void Py_LeaveRecursiveCall() noexcept

cdef enum:
    BLOCK = 32  # as in symbols.pyx

cdef double EXACT = 2.0 ** 53  # up to here every int is a double

cdef object inet_pton = socket.inet_pton
cdef int IPV4 = socket.AF_INET, IPV6 = socket.AF_INET6


@cython.final
cdef class Walk:
    """Room for the symbols of one event; used again for the next."""

    def __dealloc__(self):
        free(self.symbols)
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
            found = PyDict_GetItemWithError(root.kids, <object> name)
            if found != NULL:
                kid = <Node> found
                self._arrive(kid, table.value(i, row))
        return 0

    cdef int emit(self, int32_t number) except -1:
        cdef Py_ssize_t room
        if self.length == self.room:
            room = max(64, self.room * 2)
            symbols = <int32_t*> realloc(self.symbols, room * sizeof(int32_t))
            if symbols == NULL:
                raise MemoryError
            self.symbols, self.room = symbols, room
        self.symbols[self.length] = number
        self.length += 1
        return 0

    cdef int find(self, int64_t id, int32_t slot) except -1:
        cdef Py_ssize_t room
        if self.found_length == self.found_room:
            room = max(64, self.found_room * 2)
            found = <Found*> realloc(self.found, room * sizeof(Found))
            if found == NULL:
                raise MemoryError
            self.found, self.found_room = found, room
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
            if not PyUnicode_Check(<object> key):
                continue
            found = PyDict_GetItemWithError(node.kids, <object> key)
            if found == NULL:
                continue
            kid = <Node> found
            held = <object> value
            if kid.depth > node.depth + 1 and self._is_path_too(event, <object> key):
                self.length = before
                return self._inside_dotted(node, event)
            self._arrive(kid, held)
        return 0

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
            if there is MISSING or self._is_blocked(kid):
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
        if self.blocked is None:
            return False
        while node is not None:
            if node in self.blocked:
                return True
            node = node.parent
        return False

    cdef int _arrive(self, Node node, object value) except -1:
        """A value stands at this node."""
        if self._is_blocked(node):
            return 0
        if node.present is not None:
            self.emit(node.present.number)
        return self._element(node, value)

    cdef int _element(self, Node node, object value) except -1:
        """The symbols of a value, or of an element of a list of values."""
        cdef PyObject* found
        if PyDict_CheckExact(value):
            if node.kids:
                Py_EnterRecursiveCall(" in an event")
                try:
                    self._dict(node, <dict> value)
                finally:
                    Py_LeaveRecursiveCall()
            return 0
        if PyUnicode_CheckExact(value):
            found = PyDict_GetItemWithError(node.values, value)
            if found != NULL:
                self.emit((<Symbol> found).number)
            return self._text(node, <str> value) if node.has_text else 0
        if PyBool_Check(value):
            if value is True and node.true is not None:
                self.emit(node.true.number)
            elif value is False and node.false is not None:
                self.emit(node.false.number)
            return 0
        if PyFloat_CheckExact(value) or PyLong_CheckExact(value) or value is None:
            found = PyDict_GetItemWithError(node.values, value)
            if found != NULL:
                self.emit((<Symbol> found).number)
            if node.ranges is None or value is None:
                return 0
            if PyFloat_CheckExact(value):
                return self._number(node.ranges, <double> value)
            if -EXACT <= value <= EXACT:
                return self._number(node.ranges, PyLong_AsDouble(value))
            return self._ask_ranges(node.ranges, value)
        return self._other(node, value)

    cdef int _other(self, Node node, object value) except -1:
        cdef Kind kind = kind_of(value)
        if kind == LIST:
            return self._list(node, value)
        self._look_up(node, value)
        if node.ranges is not None:
            self._ask_ranges(node.ranges, value)
        if PyUnicode_Check(value) and node.has_text:
            self._text(node, str(value))
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

    cdef int _look_up(self, Node node, object value) except -1:
        cdef Symbol symbol
        try:
            symbol = node.values.get(value)
        except Exception:  # no hash, or one that fails: then by equality
            for other, symbol in list(node.values.items()):
                if same(other, value):
                    self.emit(symbol.number)
            return 0
        return self.emit(symbol.number) if symbol is not None else 0

    cdef int _text(self, Node node, str text) except -1:
        cdef Symbol symbol
        cdef Py_ssize_t length, size = len(text)
        for length, texts in node.prefixes or ():
            if length > size:
                break
            symbol = (<dict> texts).get(text[:length])
            if symbol is not None:
                self.emit(symbol.number)
        for length, texts in node.suffixes or ():
            if length > size:
                break
            symbol = (<dict> texts).get(text[size - length:])
            if symbol is not None:
                self.emit(symbol.number)
        if node.folded:
            symbol = node.folded.get(text.casefold())
            if symbol is not None:
                self.emit(symbol.number)
        if node.networks:
            self._address(node.networks, text)
        return 0

    def _address(self, dict networks, str text):
        """By the length of the prefix, as routers do."""
        cdef Symbol symbol
        version, bits = (6, 128) if ":" in text else (4, 32)
        try:
            packed = inet_pton(IPV6 if version == 6 else IPV4, text)
        except (OSError, ValueError):
            return
        number = int.from_bytes(packed, "big")
        for (kind, length), prefixes in list(networks.items()):
            if kind == version:
                symbol = prefixes.get(number >> (bits - length))
                if symbol is not None:
                    self.emit(symbol.number)

    cdef int _number(self, Ranges ranges, double number) except -1:
        """The ranges that this number lies in."""
        cdef Py_ssize_t i = 0, high = ranges.ordered, middle, end
        cdef Bounds* bounds = ranges.bounds
        if isnan(number):
            return 0
        while i < high:  # the first that begins above the number
            middle = (i + high) // 2
            if bounds[middle].low <= number:
                i = middle + 1
            else:
                high = middle
        end, i = i, 0
        while i < end:
            if i % BLOCK == 0 and ranges.highest[i // BLOCK] < number:
                i += BLOCK
                continue
            if lies_in(&bounds[i], number):
                self.emit(bounds[i].number)
            i += 1
        for i in range(ranges.ordered, ranges.length):
            if lies_in(&bounds[i], number):
                self.emit(bounds[i].number)
        return 0

    cdef int _ask_ranges(self, Ranges ranges, object value) except -1:
        """For numbers that no double holds: one by one, as the operators do."""
        cdef Symbol symbol
        for (low, with_low, high, with_high), symbol in list(ranges.symbols.items()):
            try:
                if (value > low or (with_low and value == low)) and (
                    value < high or (with_high and value == high)
                ):
                    self.emit(symbol.number)
            except Exception:  # not a number
                return 0
        return 0


cdef inline bint lies_in(const Bounds* bounds, double number) noexcept nogil:
    if bounds.number < 0 or number < bounds.low or number > bounds.high:
        return False
    if number == bounds.low and not bounds.with_low:
        return False
    return number != bounds.high or bounds.with_high
