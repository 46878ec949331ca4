"""Typed columns: numbers parsed exactly, text as it is, in buffers others can read."""

from cpython.buffer cimport (
    PyBUF_FORMAT, PyBUF_ND, PyBUF_STRIDES, PyBUF_WRITABLE, Py_buffer,
)
from cpython.mem cimport PyMem_RawFree, PyMem_RawRealloc
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.string cimport memcpy, memset

cdef extern from "Python.h":
    double PyOS_string_to_double(const char*, char**, void*) except? -1.0

cdef enum:
    LONGEST_NUMBER = 400

KINDS = {"int64": INT64, "float64": FLOAT64, "timestamp": TIMESTAMP, "str": TEXT}
cdef tuple NAMES = ("int64", "float64", "timestamp", "str")

# 10**k is exact as a double up to k = 22, and so is an integer up to 2**53: a quotient
# of two such is rounded once (Clinger, How to read floating point numbers accurately,
# 1990).
cdef double[23] TENS
cdef int _k
TENS[0] = 1.0
for _k in range(1, 23):
    TENS[_k] = TENS[_k - 1] * 10.0


cdef class TypedColumn:
    """Values of one type, of `len()` rows; None stands for a missing one.

    `type` is 'int64', 'float64', 'timestamp' (int64 ns since 1970, UTC) or 'str'. A
    column of numbers without missing values has the buffer protocol:
    `numpy.asarray(column)` and `memoryview(column)` copy nothing.
    """

    def __cinit__(self, str name, str type, bint strict=False):
        self.name = name
        self.kind = KINDS[type]
        self.strict = strict
        # Others may look at the first offset of a column without rows.
        if not self.has_room():
            raise MemoryError

    def __dealloc__(self):
        PyMem_RawFree(self.valid)
        PyMem_RawFree(self.values)
        PyMem_RawFree(self.text)

    @property
    def type(self):
        return NAMES[<int>self.kind]

    def add(self, bytes field):
        """Append one field's text; False if it is not of this type."""
        cdef Fit fit
        if self.exports:
            raise BufferError(f"column {self.name!r} is in use and cannot grow")
        fit = self.append(field, len(field))
        if fit == NO_MEMORY:
            raise MemoryError
        return fit == FITS

    def __len__(self):
        return self.length

    def __getitem__(self, Py_ssize_t i):
        if i < 0:
            i += self.length
        if not 0 <= i < self.length:
            raise IndexError(f"row {i} of {self.length} in column {self.name!r}")
        return self.value_at(i)

    def __iter__(self):
        return map(self.__getitem__, range(self.length))

    def __repr__(self):
        return f"<TypedColumn {self.name!r} {self.type} of {self.length}>"

    def __reduce__(self):
        cdef Py_ssize_t items = self.length + (self.kind == TEXT)
        cdef int64_t size = self.values[self.length] if self.kind == TEXT else 0
        return restored, (
            self.name, self.type, self.strict, self.length,
            (<char*>self.valid)[:(self.length + 7) >> 3],
            (<char*>self.values)[:items * 8],
            self.text[:size] if size else b"",
        )

    def __getbuffer__(self, Py_buffer* view, int flags):
        if self.kind == TEXT or self.null_count:
            what = "is text" if self.kind == TEXT else "has missing values"
            raise BufferError(f"column {self.name!r} {what}: use list(column)")
        if flags & PyBUF_WRITABLE == PyBUF_WRITABLE:
            raise BufferError(f"column {self.name!r} is read-only")
        self.shape[0] = self.length
        view.buf = self.values
        view.obj = self
        view.len = self.length * 8
        view.readonly = 1
        view.itemsize = 8
        view.format = NULL
        if flags & PyBUF_FORMAT:
            view.format = b"d" if self.kind == FLOAT64 else b"q"
        view.ndim = 1
        view.shape = self.shape if flags & PyBUF_ND else NULL
        view.strides = NULL
        if flags & PyBUF_STRIDES == PyBUF_STRIDES:
            view.strides = &view.itemsize
        view.suboffsets = NULL
        view.internal = NULL
        self.exports += 1

    def __releasebuffer__(self, Py_buffer* view):
        self.exports -= 1

    cdef Fit append(self, const char* field, Py_ssize_t length) noexcept nogil:
        """A field's text as a value; an empty one is missing, but for text."""
        cdef int64_t value = 0
        cdef double number = 0
        if self.kind == TEXT:
            return self.append_text(field, length)
        if length == 0:
            return self.append_null()
        if self.kind == FLOAT64:
            if not parse_float64(field, length, self.strict, &number):
                return MISFIT
            memcpy(&value, &number, 8)
        elif not parse_int64(field, length, self.strict, &value):
            return MISFIT
        return self.append_int64(value)

    cdef Fit append_int64(self, int64_t value) noexcept nogil:
        if not self.has_room():
            return NO_MEMORY
        self.values[self.length] = value
        set_bit(self.valid, self.length)
        self.length = self.length + 1
        return FITS

    cdef Fit append_null(self) noexcept nogil:
        if self.kind == TEXT:
            if self.append_text(b"", 0) != FITS:
                return NO_MEMORY
            clear_bit(self.valid, self.length - 1)
        else:
            if not self.has_room():
                return NO_MEMORY
            self.values[self.length] = 0
            self.length = self.length + 1
        self.null_count = self.null_count + 1
        return FITS

    cdef bint has_room(self) noexcept nogil:
        """Whether there is room for one more; the new bits of `valid` are clear."""
        cdef Py_ssize_t room = self.room
        cdef void* grown
        if self.length < room:
            return True
        room = max(1024, room * 2)
        grown = PyMem_RawRealloc(self.values, (room + 1) * 8)
        if grown == NULL:
            return False
        self.values = <int64_t*>grown
        if self.room == 0:
            self.values[0] = 0
        grown = PyMem_RawRealloc(self.valid, room >> 3)
        if grown == NULL:
            return False
        self.valid = <uint8_t*>grown
        memset(self.valid + (self.room >> 3), 0, (room - self.room) >> 3)
        self.room = room
        return True

    cdef Fit append_text(self, const char* field, Py_ssize_t length) noexcept nogil:
        cdef int64_t end, room
        cdef void* grown
        if not self.has_room():
            return NO_MEMORY
        end = self.values[self.length] + length
        if end > self.text_room or self.text == NULL:
            room = max(<int64_t>4096, end + (end >> 1))
            grown = PyMem_RawRealloc(self.text, room)
            if grown == NULL:
                return NO_MEMORY
            self.text = <char*>grown
            self.text_room = room
        memcpy(self.text + self.values[self.length], field, length)
        set_bit(self.valid, self.length)
        self.length = self.length + 1
        self.values[self.length] = end
        return FITS

    cdef bint take(self, TypedColumn texts) except -1:
        """Append all values of a column of text; False if one is not of this type."""
        cdef Py_ssize_t i
        cdef Fit fit
        for i in range(texts.length):
            fit = self.append(
                texts.text + texts.values[i], texts.values[i + 1] - texts.values[i]
            )
            if fit == NO_MEMORY:
                raise MemoryError
            if fit == MISFIT:
                return False
        return self.null_count < self.length  # of nothing no type is known

    cdef void cut(self, Py_ssize_t length) noexcept:
        """Drop the values behind the first `length`."""
        while self.length > length:
            self.length = self.length - 1
            if self.is_valid(self.length):
                clear_bit(self.valid, self.length)
            else:
                self.null_count = self.null_count - 1

    cdef bint is_valid(self, Py_ssize_t i) noexcept nogil:
        return self.valid[i >> 3] >> (i & 7) & 1

    cdef object value_at(self, Py_ssize_t i):
        cdef int64_t begin
        if not self.is_valid(i):
            return None
        if self.kind == FLOAT64:
            return (<double*>self.values)[i]
        if self.kind != TEXT:
            return self.values[i]
        begin = self.values[i]
        return PyUnicode_DecodeUTF8(
            self.text + begin, self.values[i + 1] - begin, b"surrogatepass"
        )

    cdef const char* format(self) noexcept nogil:
        """Arrow's name of the type."""
        if self.kind == INT64:
            return b"l"
        if self.kind == FLOAT64:
            return b"g"
        return b"U" if self.kind == TEXT else b"tsn:UTC"


def restored(
    str name, str type, bint strict, Py_ssize_t length,
    bytes valid not None, bytes values not None, bytes text not None,
):
    """The column that was pickled; ValueError if it is none."""
    cdef TypedColumn column = TypedColumn(name, type, strict)
    cdef const int64_t* numbers = <const int64_t*><const char*>values
    cdef Py_ssize_t i
    cdef Fit fit
    cdef bint is_text = column.kind == TEXT
    if length < 0 or len(valid) != (length + 7) >> 3 or (
        len(values) != 8 * (length + is_text)
    ):
        raise ValueError(f"column {name!r}: damaged pickle")
    for i in range(length):
        if not (<const uint8_t*><const char*>valid)[i >> 3] >> (i & 7) & 1:
            fit = column.append_null()
        elif not is_text:
            fit = column.append_int64(numbers[i])
        elif not 0 <= numbers[i] <= numbers[i + 1] <= len(text):
            raise ValueError(f"column {name!r}: damaged pickle")
        else:
            fit = column.append_text(
                <const char*>text + numbers[i], numbers[i + 1] - numbers[i]
            )
        if fit == NO_MEMORY:
            raise MemoryError
    return column


cdef inline void set_bit(uint8_t* bits, Py_ssize_t i) noexcept nogil:
    bits[i >> 3] |= 1 << (i & 7)


cdef inline void clear_bit(uint8_t* bits, Py_ssize_t i) noexcept nogil:
    bits[i >> 3] &= ~(1 << (i & 7))


cdef inline bint is_digit(char c) noexcept nogil:
    return c"0" <= c <= c"9"


cdef bint parse_int64(
    const char* field, Py_ssize_t length, bint strict, int64_t* out
) noexcept nogil:
    """[+-]digits within 64 bits; `strict` refuses '+' and zeros in front."""
    cdef const char* end = field + length
    cdef bint negative = length > 0 and field[0] == c"-"
    cdef int64_t value = 0
    cdef int digit
    if length and (negative or (field[0] == c"+" and not strict)):
        field += 1
    if field == end or (strict and field[0] == c"0" and (negative or end - field > 1)):
        return False
    while field < end:
        if not is_digit(field[0]):
            return False
        digit = field[0] - c"0"
        # Counted down: the least number has no positive counterpart.
        if value < (<int64_t>-922337203685477580) or (
            value == (<int64_t>-922337203685477580) and digit > 7 + negative
        ):
            return False
        value = value * 10 - digit
        field += 1
    out[0] = value if negative else -value
    return True


cdef bint parse_float64(
    const char* field, Py_ssize_t length, bint strict, double* out
) noexcept nogil:
    """A decimal number, nearest double, as float() reads it; also inf and nan."""
    cdef const char* p = field
    cdef const char* end = field + length
    cdef bint negative = length > 0 and field[0] == c"-"
    cdef int64_t mantissa = 0
    cdef int digits = 0, decimals = 0
    if negative:
        p += 1
    if strict and end - p > 1 and p[0] == c"0" and is_digit(p[1]):
        return False
    while p < end and is_digit(p[0]) and digits < 18:
        mantissa = mantissa * 10 + (p[0] - c"0")
        digits += 1
        p += 1
    if p < end and p[0] == c".":
        p += 1
        while p < end and is_digit(p[0]) and digits < 18:
            mantissa = mantissa * 10 + (p[0] - c"0")
            digits += 1
            decimals += 1
            p += 1
    if p < end or digits == 0 or mantissa >> 53:
        return parse_any_float(field, length, out)
    out[0] = <double>mantissa / TENS[decimals]
    if negative:
        out[0] = -out[0]
    return True


cdef bint parse_any_float(
    const char* field, Py_ssize_t length, double* out
) noexcept nogil:
    """Exponents, many digits, inf and nan: rare enough for the interpreter."""
    cdef char[LONGEST_NUMBER + 1] copy
    cdef char* stopped = NULL
    cdef bint understood
    if length == 0 or length > LONGEST_NUMBER:
        return False
    memcpy(copy, field, length)
    copy[length] = 0
    with gil:
        try:
            out[0] = PyOS_string_to_double(copy, &stopped, NULL)
            understood = stopped == copy + length
        except ValueError:
            understood = False
    return understood
