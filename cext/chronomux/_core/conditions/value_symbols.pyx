"""The symbols that one value has, at the node of the trie where it stands.

Here the code of values may run (hashes, comparisons), and with it anything.
"""

from cpython.bool cimport PyBool_Check
from cpython.float cimport PyFloat_CheckExact
from cpython.object cimport PyObject
from libc.math cimport isnan
from libc.stdint cimport int32_t
from libc.stdlib cimport free

import socket

from chronomux._core.conditions.ranges cimport BLOCK, Bounds, Ranges
from chronomux._core.conditions.storage cimport resized
from chronomux._core.conditions.symbols cimport Node, Symbol
from chronomux._core.conditions.texts cimport value_of
from chronomux._core.conditions.values cimport same

cdef extern from "Python.h":
    PyObject* PyDict_GetItemWithError(object mapping, object key) except? NULL
    double PyLong_AsDouble(object number) except? -1.0

cdef double EXACT = 2.0 ** 53  # up to here every int is a double

cdef object inet_pton = socket.inet_pton
cdef int IPV4 = socket.AF_INET, IPV6 = socket.AF_INET6


cdef class ValueSymbols:
    """Collects symbols of values, one after the other."""

    def __dealloc__(self):
        free(self.symbols)

    cdef int _grow(self) except -1:
        cdef Py_ssize_t room = max(64, self.room * 2)
        self.symbols = <int32_t*> resized(self.symbols, room, sizeof(int32_t))
        self.room = room
        return 0

    cdef int exact_text(self, Node node, str text) except -1:
        """Of a str that is none of a subclass."""
        cdef PyObject* found
        cdef int32_t number = value_of(node.texts, <PyObject*> text)
        if number != 0:
            self.emit(number)
        elif node.odd:
            found = PyDict_GetItemWithError(node.values, text)
            if found != NULL:
                self.emit((<Symbol> found).number)
        return self.text(node, text) if node.has_text else 0

    cdef int plain(self, Node node, object value) except -1:
        """Of None, a bool, or an int or float that is none of a subclass."""
        cdef PyObject* found
        if PyBool_Check(value):
            if value is True and node.true is not None:
                self.emit(node.true.number)
            elif value is False and node.false is not None:
                self.emit(node.false.number)
            return 0
        found = PyDict_GetItemWithError(node.values, value)
        if found != NULL:
            self.emit((<Symbol> found).number)
        if node.ranges is None or value is None:
            return 0
        if PyFloat_CheckExact(value):
            return self._number(node.ranges, <double> value)
        if -EXACT <= value <= EXACT:
            return self._number(node.ranges, PyLong_AsDouble(value))
        return self.ask_ranges(node.ranges, value)

    cdef int look_up(self, Node node, object value) except -1:
        """By equality, for values of any type."""
        cdef Symbol symbol
        try:
            symbol = node.values.get(value)
        except Exception:  # no hash, or one that fails: then by equality
            for other, symbol in list(node.values.items()):
                if same(other, value):
                    self.emit(symbol.number)
            return 0
        return self.emit(symbol.number) if symbol is not None else 0

    cdef int text(self, Node node, str text) except -1:
        """What operators on text ask, and case aside."""
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

    cdef int ask_ranges(self, Ranges ranges, object value) except -1:
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
