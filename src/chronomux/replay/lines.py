"""How merged records are written: as they stand, with their file's name, or realigned.

Each class has `header`, the bytes of the output's first line. Lines that stay are
copied by compiled code, which adds to each its source's entry of `tails`; the others
are made of stretches of records, record by record.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from chronomux.errors import ReaderError
from chronomux.replay.capture import Capture, ending_of, parsed
from chronomux.replay.timeline import Stretch

__all__ = ["CopiedLines", "UnitedLines"]

Column: TypeAlias = tuple[str, int]  # a name, and its how-manieth in this header


class CopiedLines:
    """Lines as they stand, from files that all have one header.

    With `column`, one more field stands behind them: the file's name.
    """

    def __init__(self, captures: Sequence[Capture], column: str | None) -> None:
        self.header = captures[0].header
        self.tails = [b""] * len(captures)
        if column is not None:
            _refuse_taken(captures, column)
            self.header = _longer(self.header, _field(column))
            self.tails = [_field(capture.name) for capture in captures]


class UnitedLines:
    """Lines with the columns of all files, in order of appearance, and the file's name.

    A record has '' where its file has no such column. A column that a header names
    twice is two columns.
    """

    def __init__(self, captures: Sequence[Capture], column: str) -> None:
        _refuse_taken(captures, column)
        headers = [_numbered(capture.columns) for capture in captures]
        columns = list(dict.fromkeys(name for header in headers for name in header))
        place = {name: number for number, name in enumerate(columns)}
        self._captures = captures
        self._width = len(columns)
        self._places = [[place[name] for name in header] for header in headers]
        self._ending = captures[0].ending.decode()
        self.header = self._text([[*(name for name, _ in columns), column]])

    def __call__(self, stretches: Iterable[Stretch]) -> bytes:
        return self._text(self._rows(stretches))

    def _rows(self, stretches: Iterable[Stretch]) -> Iterator[list[str]]:
        for source, frame, start, stop in stretches:
            rows = frame.rows[frame.offsets[start] : frame.offsets[stop]]
            for fields in parsed(self._captures[source].name, rows):
                yield self._row(source, fields)

    def _row(self, source: int, fields: list[str]) -> list[str]:
        places, name = self._places[source], self._captures[source].name
        if len(fields) > len(places):
            raise ReaderError(
                f"{name}: a record has {len(fields)} fields and its header only "
                f"{len(places)}, so they fit no column of the output: {fields!r}"
            )
        row = [""] * self._width
        for place, field in zip(places, fields, strict=False):
            row[place] = field
        return [*row, name]

    def _text(self, rows: Iterable[list[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=self._ending).writerows(rows)
        return _bytes(text.getvalue())


def _refuse_taken(captures: Sequence[Capture], column: str) -> None:
    for capture in captures:
        if column in capture.columns:
            raise ReaderError(
                f"{capture.name}: has a column {column!r} already; give the added one "
                "another name (--source-column)"
            )


def _numbered(names: Iterable[str]) -> list[Column]:
    seen: Counter[str] = Counter()
    columns = []
    for name in names:
        columns.append((name, seen[name]))
        seen[name] += 1
    return columns


def _field(text: str) -> bytes:
    """',text' with quotes where CSV needs them."""
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="").writerow(["", text])
    return _bytes(line.getvalue())


def _longer(line: bytes, field: bytes) -> bytes:
    ending = ending_of(line)
    return line[: len(line) - len(ending)] + field + ending


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
