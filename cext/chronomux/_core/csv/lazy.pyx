"""Rows that stay bytes until a field is asked for: mappings over tokenised text.

A row keeps the bytes of its neighbours: some 64 KiB of places and a window of a MiB or
less live as long as any of their rows. `dict(row)` is free of them.
"""

from collections.abc import ItemsView, KeysView, Mapping, ValuesView

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from libc.string cimport memcpy

from chronomux._core.csv.fields cimport field_text, text_of
from chronomux._core.csv.machine cimport NULL_FIELD, NUMBER
from chronomux._core.csv.rows cimport interned


@cython.final
cdef class Columns:
    def __cinit__(self, keys, restkey, restval, time_key, int quote):
        self.keys = tuple(interned(keys))
        self.places = {key: i for i, key in enumerate(self.keys)}
        self.restkey = restkey
        self.restval = restval
        self.time_key = time_key
        self.quote = quote
        self.is_simple = len(self.places) == len(self.keys)
        self.is_simple = self.is_simple and restkey not in self.places
        self.is_simple = self.is_simple and time_key is None


@cython.final
cdef class Chunk:
    def __cinit__(self, Columns columns not None):
        self.columns = columns

    def __dealloc__(self):
        PyMem_Free(self.ends)
        PyMem_Free(self.own)
        PyMem_Free(self.kinds)


cdef void* copied(const void* data, size_t size) except NULL:
    copy = PyMem_Malloc(size + 1)
    if copy is NULL:
        raise MemoryError
    memcpy(copy, data, size)
    return copy


@cython.final
@cython.no_gc
@cython.freelist(256)
cdef class LazyRow:
    """An immutable mapping of a row's keys to its fields, equal to the row as a dict.

    A field is decoded when it is asked for, each time anew. Pickles as a dict.
    """

    def __init__(self, *args, **kwargs):
        raise TypeError("lazy rows are made by CSVReader(rows='lazy')")

    cdef object field(self, size_t i):
        """The value of field `i`, which is below the width."""
        cdef Chunk chunk = self.chunk
        cdef const uint32_t* ends = chunk.ends + self.first
        cdef size_t begin = ends[i - 1] + chunk.gap if i else self.begin
        cdef const uint8_t* data = chunk.bytes + begin
        cdef size_t size = ends[i] - begin
        cdef PyObject* text
        if chunk.kinds is NULL:
            text = field_text(data, size, chunk.columns.quote, chunk.is_ascii)
        elif chunk.kinds[i] == NULL_FIELD:
            return None
        else:
            text = text_of(data, size, chunk.is_ascii)
        item = <object>text
        Py_DECREF(item)
        if chunk.kinds is not NULL and chunk.kinds[i] == NUMBER:
            return float(item)
        return item

    cdef list fields_from(self, size_t first):
        return [self.field(i) for i in range(first, self.width)]

    cdef dict as_dict(self):
        cdef Columns columns = self.chunk.columns
        cdef size_t known = len(columns.keys)
        row = dict(zip(columns.keys, self.fields_from(0)))
        if self.width > known:
            row[columns.restkey] = self.fields_from(known)
        for key in columns.keys[self.width:]:
            row[key] = columns.restval
        if columns.time_key is not None:
            row[columns.time_key] = self.time
        return row

    def fields(self):
        """The fields as csv.reader gives them."""
        return self.fields_from(0)

    def field_at(self, size_t column, missing):
        """The field of a column, or `missing` in a row that is shorter."""
        return self.field(column) if column < self.width else missing

    def set_time(self, time):
        """Set the value of the key that is no column; only who makes the row may."""
        self.time = time

    def __getitem__(self, key):
        cdef Columns columns = self.chunk.columns
        cdef size_t i
        if not columns.is_simple:
            return self.as_dict()[key]
        place = columns.places.get(key)
        if place is not None:
            i = place
            return self.field(i) if i < self.width else columns.restval
        if self.width > <size_t>len(columns.keys) and key == columns.restkey:
            return self.fields_from(len(columns.keys))
        raise KeyError(key)

    def __len__(self):
        if not self.chunk.columns.is_simple:
            return len(self.as_dict())
        return len(self.chunk.columns.keys) + self.has_rest()

    cdef bint has_rest(self) noexcept:
        return self.width > <size_t>len(self.chunk.columns.keys)

    def __iter__(self):
        cdef Columns columns = self.chunk.columns
        if not columns.is_simple:
            return iter(self.as_dict())
        if self.has_rest():
            return iter((*columns.keys, columns.restkey))
        return iter(columns.keys)

    def __contains__(self, key):
        cdef Columns columns = self.chunk.columns
        if not columns.is_simple:
            return key in self.as_dict()
        return key in columns.places or (self.has_rest() and key == columns.restkey)

    def get(self, key, default=None):
        """The value of a key, or `default` if the row has no such key."""
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self):
        """The row's keys, in the order of the columns."""
        return KeysView(self)

    def values(self):
        """The row's values, decoded while one iterates over them."""
        return ValuesView(self)

    def items(self):
        """The row's keys with their values."""
        return ItemsView(self)

    def __eq__(self, other):
        if isinstance(other, LazyRow):
            return self.as_dict() == (<LazyRow>other).as_dict()
        if isinstance(other, Mapping):
            return self.as_dict() == dict(other)
        return NotImplemented

    def __hash__(self):
        # The fields beyond the last column are a list.
        items = self.as_dict().items()
        items = [
            (key, tuple(value) if isinstance(value, list) else value)
            for key, value in items
        ]
        return hash(frozenset(items))

    def __or__(self, other):
        if isinstance(other, Mapping):
            return self.as_dict() | dict(other)
        return NotImplemented

    def __ror__(self, other):
        if isinstance(other, Mapping):
            return dict(other) | self.as_dict()
        return NotImplemented

    def __repr__(self):
        return f"LazyRow({self.as_dict()!r})"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return dict, (self.as_dict(),)


Mapping.register(LazyRow)


@cython.final
cdef class LazyRows(Rows):
    """Iterates over rows as LazyRow, without empty lines.

    keys, restkey, restval: as `fieldnames` and the others of csv.DictReader. With a
    `time_key` rows have that key too, and the value that `set_time` gives it.
    """

    def __init__(
        self,
        read,
        rules,
        name,
        keys,
        restkey=None,
        restval=None,
        *,
        dialect=None,
        time_key=None,
    ):
        Rows.__init__(self, read, rules, name, dialect)
        quote = self.rules.syntax.quote
        self.columns = Columns(keys, restkey, restval, time_key, quote)

    def __iter__(self):
        return self

    def __next__(self):
        while self.next():
            if not self.is_blank():
                return self.row_of_machine() if self.is_exact else self.row_of_index()
        raise StopIteration

    cdef LazyRow row_of_index(self):
        cdef Chunk chunk = self.chunk
        if chunk is None:
            chunk = self.chunk = Chunk(self.columns)
            chunk.window = self.window
            chunk.bytes = self.window.data
            chunk.gap = 1
            chunk.is_ascii = self.is_ascii
            chunk.ends = <uint32_t*>copied(
                self.index.ends, self.index.scan.fields * sizeof(uint32_t)
            )
        cdef LazyRow row = LazyRow.__new__(LazyRow)
        row.chunk = chunk
        row.begin = self.begin
        row.first = self.ends - self.index.ends
        row.width = self.width
        return row

    cdef LazyRow row_of_machine(self):
        cdef Chunk chunk = Chunk(self.columns)
        cdef size_t begin = 0
        cdef size_t i
        for i in range(self.width):
            if self.machine.kinds[i] == NUMBER:
                self.number(begin, self.ends[i])  # raises now if it is none
            begin = self.ends[i]
        chunk.bytes = chunk.own = <uint8_t*>copied(self.bytes, begin)
        chunk.ends = <uint32_t*>copied(self.ends, self.width * sizeof(uint32_t))
        chunk.kinds = <uint8_t*>copied(self.machine.kinds, self.width)
        chunk.is_ascii = self.is_ascii
        cdef LazyRow row = LazyRow.__new__(LazyRow)
        row.chunk = chunk
        row.width = self.width
        return row

    cdef int scan_on(self, size_t end) except -1:
        self.chunk = None  # its places are those of the scan before
        return Rows.scan_on(self, end)

    cdef int make_room(self, size_t size) except -1:
        self.chunk = None  # it would count as someone who holds the window
        return Rows.make_room(self, size)
