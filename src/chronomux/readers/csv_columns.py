"""CSV as batches of typed columns."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from chronomux._core.csv.column_rows import ColumnRows
from chronomux._core.csv.typed_column import KINDS, TypedColumn
from chronomux._core.times import TimeParser
from chronomux.errors import ReaderError, TimestampError
from chronomux.readers.column_batch import ColumnBatch
from chronomux.readers.csv_blocks import Blocks
from chronomux.readers.csv_dialect import rules_of
from chronomux.readers.sources import Source

__all__ = ["Times", "batches", "check_types", "column_rows", "empty_batch"]

_GIVEN = [kind for kind in KINDS if kind != "timestamp"]
_SURROGATES = ("surrogateescape", "surrogatepass")


class Times(NamedTuple):
    """Which columns make the time, how it is read, and what becomes of a bad one.

    `key` is the name of the column with the times in ns. `bad_time(line, error)` says
    whether a row stays without its time, or raises.
    """

    columns: Sequence[int]
    parser: TimeParser
    key: str
    bad_time: Callable[[int, TimestampError], bool]


def check_types(types: Mapping[str, str] | None, errors: str) -> dict[str, str]:
    """The types of columns by name; ValueError for one that there is not."""
    given = dict(types or {})
    for name, type in given.items():
        if type not in _GIVEN:
            known = ", ".join(map(repr, _GIVEN))
            raise ValueError(f"types={{{name!r}: {type!r}}}: use one of {known}")
    if errors in _SURROGATES:
        raise ValueError(
            f"errors={errors!r} gives text that columns cannot hold; use 'replace'"
        )
    return given


def column_rows(
    source: Source,
    dialect: Any,
    field_size_limit: int,
    names: Sequence[str],
    types: Mapping[str, str],
    times: Times | None,
) -> ColumnRows:
    """Rows of a source that stands at its start, as columns of these names."""
    rules = rules_of(dialect, field_size_limit)
    if rules is None:
        raise ReaderError(
            f"{source.name}: rows='columns' needs a delimiter and quotes of ASCII"
        )
    if unknown := [name for name in types if name not in names]:
        raise ReaderError(
            f"{source.name}:1: has no column {unknown[0]!r} for types=; there are "
            f"{len(names)}: {', '.join(map(repr, names))}"
        )
    keys, options = list(names), dict[str, Any]()
    if times is not None:
        keys, options = _timed(keys, times)
    blocks = Blocks(source)
    rows = ColumnRows(
        blocks, rules, source.name, keys, list(map(types.get, keys)), **options
    )
    blocks.place = weakref.ref(rows)
    return rows


def _timed(names: list[str], times: Times) -> tuple[list[str], dict[str, Any]]:
    """The names with that of the times, and what ColumnRows wants to know of them."""
    place = next((i for i in times.columns if names[i] == times.key), len(names))
    return [*names[:place], times.key, *names[place + 1 :]], {
        "parser": times.parser,
        "time": place,
        "time_columns": tuple(times.columns),
        "bad_time": times.bad_time,
    }


def batches(rows: ColumnRows) -> Iterator[ColumnBatch]:
    """Batches of columns; the first one decides the types that were not given."""
    for columns, count in rows:
        yield ColumnBatch(columns, count)


def empty_batch(rows: ColumnRows) -> ColumnBatch:
    """The columns of a file without rows; text where no type was given."""
    pairs = zip(rows.names, rows.types, strict=True)
    return ColumnBatch([TypedColumn(name, type or "str") for name, type in pairs], 0)
