"""How merged records are written: as they stand, with their file's name, or realigned.

Each class has `header`, the bytes of the output's first line. Lines that stay are
copied by compiled code, which adds to each its source's entry of `tails`; the others
are made of stretches of records, record by record.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from chronomux.errors import ReaderError
from chronomux.replay.merging.csv_capture import CSVCapture, ending_of, parsed
from chronomux.replay.merging.timeline import Stretch
from chronomux.types import Frame

__all__ = ["CopiedLines", "JsonLines", "UnitedLines"]

Column: TypeAlias = tuple[str, int]  # a name, and its how-manieth in this header


class CopiedLines:
    """Lines as they stand, from files that all have one header.

    With `column`, one more field stands behind them: the file's name.
    """

    def __init__(self, captures: Sequence[CSVCapture], column: str | None) -> None:
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

    def __init__(self, captures: Sequence[CSVCapture], column: str) -> None:
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
            for fields in _fields(self._captures[source].name, frame, start, stop):
                yield self._row(source, fields)

    def _row(self, source: int, fields: list[str]) -> list[str]:
        capture = self._captures[source]
        _refuse_long(capture, fields)
        row = [""] * self._width
        for place, field in zip(self._places[source], fields, strict=False):
            row[place] = field
        return [*row, capture.name]

    def _text(self, rows: Iterable[list[str]]) -> bytes:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator=self._ending).writerows(rows)
        return _bytes(text.getvalue())


class JsonLines:
    """A JSON object a record: its columns as text and, with `column`, its file's name.

    Columns that a short record lacks are left out.
    """

    header = b""

    def __init__(self, captures: Sequence[CSVCapture], column: str | None) -> None:
        if column is not None:
            _refuse_taken(captures, column)
        for capture in captures:
            if len(set(capture.columns)) < len(capture.columns):
                raise ReaderError(
                    f"{capture.name}:1: names a column twice, which JSON cannot hold; "
                    "rename it, or write CSV"
                )
        self._captures = captures
        self._column = column

    def __call__(self, stretches: Iterable[Stretch]) -> bytes:
        return b"".join(
            self._line(self._captures[source], fields)
            for source, frame, start, stop in stretches
            for fields in _fields(self._captures[source].name, frame, start, stop)
        )

    def _line(self, capture: CSVCapture, fields: list[str]) -> bytes:
        _refuse_long(capture, fields)
        record = dict(zip(capture.columns, fields, strict=False))
        if self._column is not None:
            record[self._column] = os.fsencode(capture.name).decode(errors="replace")
        text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
        try:
            return text.encode() + b"\n"
        except UnicodeEncodeError:
            raise ReaderError(
                f"{capture.name}: bytes that are not UTF-8, which JSON cannot hold, in "
                f"the record {fields!r}; write CSV"
            ) from None


def _refuse_long(capture: CSVCapture, fields: list[str]) -> None:
    if len(fields) > len(capture.columns):
        raise ReaderError(
            f"{capture.name}: a record has {len(fields)} fields and its header only "
            f"{len(capture.columns)}, so they fit no column of the output: {fields!r}"
        )


def _fields(name: str, frame: Frame, start: int, stop: int) -> Iterator[list[str]]:
    return parsed(name, bytes(frame.rows[frame.offsets[start] : frame.offsets[stop]]))


def _refuse_taken(captures: Sequence[CSVCapture], column: str) -> None:
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
