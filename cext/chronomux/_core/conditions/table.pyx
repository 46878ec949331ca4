"""Rows that are kept as columns, to be looked at one by one."""

cimport cython

from collections.abc import Mapping

from cpython.list cimport PyList_GET_ITEM

from chronomux._core.csv.typed_column cimport TypedColumn


@cython.final
cdef class Table:
    """The rows of a mapping from names to columns of one length.

    TypeError for what is no such mapping, ValueError for columns of several lengths.
    Columns are not copied; typed ones may grow meanwhile, which adds no rows here.
    """

    def __cinit__(self, columns):
        if not isinstance(columns, Mapping):
            raise TypeError(
                "rows come as a mapping of names to columns, as CSVReader("
                f"rows='columns') gives them, not {columns!r}"
            )
        self.names, self.columns = [], []
        self.is_typed = True
        for name, column in columns.items():
            length = length_of(name, column)
            if not self.names:
                self.length = length
            elif length != self.length:
                raise ValueError(
                    f"column {name!r} has {length} rows and column "
                    f"{self.names[0]!r} has {self.length}"
                )
            self.names.append(name)
            self.columns.append(column)
            self.is_typed = self.is_typed and type(column) is TypedColumn

    cdef object value(self, Py_ssize_t column, Py_ssize_t row):
        """Of a typed column."""
        return (<TypedColumn> PyList_GET_ITEM(self.columns, column)).value_at(row)

    cdef dict row(self, Py_ssize_t row):
        return {name: column[row] for name, column in zip(self.names, self.columns)}

    def __getitem__(self, Py_ssize_t row):
        """One row as a dict; IndexError behind the last."""
        if not 0 <= row < self.length:
            raise IndexError(f"row {row} of {self.length}")
        return self.row(row)


def length_of(name, column):
    """TypeError for a value that stands where a column should, as in an event."""
    if not isinstance(column, (str, bytes, Mapping)):
        try:
            return len(column)
        except TypeError:
            pass
    raise TypeError(f"column {name!r} is a sequence of values, not {column!r}")
