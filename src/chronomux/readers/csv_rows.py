"""Rows of CSV as lists: by the compiled tokeniser, or by csv where only csv can."""

from __future__ import annotations

import csv
import io
import os
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeAlias

from chronomux._core.csv.lazy import LazyRows
from chronomux._core.csv.rows import DictRows, ListRows
from chronomux.errors import CSVError, ReaderError
from chronomux.readers.csv_blocks import Blocks
from chronomux.readers.csv_dialect import FIELD_SIZE_LIMIT, dialect_of, rules_of
from chronomux.readers.sources import FileLike, Source, open_source
from chronomux.readers.text import TextDecoder, text_lines

__all__ = ["CSVRows", "csv_rows", "keyed_rows", "list_rows"]

CSVSource: TypeAlias = "FileLike | bytes | bytearray | memoryview | Iterable[str]"
_Rows: TypeAlias = "ListRows | TextRows"


class CSVRows(Protocol):
    """An iterator over rows as lists, like that of csv.reader."""

    @property
    def line_num(self) -> int:
        """How many lines the rows so far are made of."""

    @property
    def dialect(self) -> Any:
        """The csv dialect that the rows are read by."""

    def __iter__(self) -> Iterator[list[Any]]: ...
    def __next__(self) -> list[Any]: ...


def csv_rows(
    source: CSVSource,
    dialect: Any = "excel",
    *,
    encoding: str = "utf-8",
    errors: str = "strict",
    field_size_limit: int = FIELD_SIZE_LIMIT,
    **fmtparams: Any,
) -> CSVRows:
    """The rows of CSV as lists: what csv.reader gives for the same dialect.

    `source` is a path, '-' for standard input, a file object (bytes or text), bytes
    that are the CSV itself, or any iterable of lines as str. Files may be compressed.

    Two things differ from csv.reader: a byte order mark is dropped, and errors say
    where: CSVError (a csv.Error) and ReaderError (a ValueError) begin with file:line.
    A field may have `field_size_limit` characters; csv.field_size_limit() counts only
    for iterables of str and for dialects with characters beyond ASCII, which csv reads.
    """
    chosen = dialect_of(dialect, fmtparams)
    if isinstance(source, (bytes, bytearray, memoryview)):
        source = io.BytesIO(source)
    if isinstance(source, (str, os.PathLike)) or hasattr(source, "read"):
        opened = open_source(source, encoding, errors)  # type: ignore[arg-type]
        return list_rows(opened, chosen, field_size_limit, closes=True)
    return TextRows(iter(source), f"<{type(source).__name__}>", chosen)


def list_rows(
    source: Source,
    dialect: Any,
    field_size_limit: int,
    read: Callable[[], bytes] | None = None,
    closes: bool = False,
) -> _Rows:
    """Rows as lists; `read` may stand in for that of the source."""
    rules = rules_of(dialect, field_size_limit)
    if rules is None:
        decoder = TextDecoder(source.name, source.encoding, source.errors)
        lines = text_lines(read or source.read, decoder)
        return TextRows(lines, source.name, dialect, source if closes else None)
    blocks = Blocks(source, read, closes)
    rows = ListRows(blocks, rules, source.name, dialect)
    blocks.place = weakref.ref(rows)
    return rows


def keyed_rows(
    kind: type[DictRows] | type[LazyRows],
    source: Source,
    dialect: Any,
    field_size_limit: int,
    keys: list[str],
    **options: Any,
) -> DictRows | LazyRows | None:
    """Rows with keys; None if only csv can read by the dialect.

    options: `restkey`, `restval`, and `time_key` for lazy rows.
    """
    rules = rules_of(dialect, field_size_limit)
    if rules is None:
        return None
    blocks = Blocks(source)
    rows = kind(blocks, rules, source.name, keys, dialect=dialect, **options)
    blocks.place = weakref.ref(rows)
    return rows


class TextRows:
    """Rows that csv.reader cuts lines of text into, with errors that say where.

    `owned` is a source that is closed at its end, or when nobody reads on.
    """

    def __init__(
        self, lines: Iterator[str], name: str, dialect: Any, owned: Source | None = None
    ) -> None:
        self._owned = owned
        self._name = name
        self._reader = csv.reader(lines, dialect)
        self.row_line = 1

    def __del__(self) -> None:
        if self._owned is not None:
            self._owned.close()

    @property
    def line_num(self) -> int:
        return self._reader.line_num

    @property
    def dialect(self) -> Any:
        return self._reader.dialect

    def skip(self) -> None:
        next(self, None)

    def __iter__(self) -> Iterator[list[Any]]:
        return self

    def __next__(self) -> list[Any]:
        self.row_line = self.line_num + 1
        try:
            return next(self._reader)
        except ReaderError:
            raise
        except csv.Error as error:
            raise CSVError(f"{self._name}:{self.line_num}: {error}") from error
        except ValueError as error:
            raise ReaderError(f"{self._name}:{self.line_num}: {error}") from error
