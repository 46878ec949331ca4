"""The first record of a CSV file: the names of its columns, and its bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, NamedTuple

from chronomux.errors import CSVError, ReaderError
from chronomux.readers.csv_rows import list_rows
from chronomux.readers.sources import Source
from chronomux.readers.text import is_utf8

__all__ = ["Header", "read_header"]

_BOM = codecs.BOM_UTF8
HEADER_BYTES = 1 << 14  # read at once: what is behind a header is read again


class Header(NamedTuple):
    """The first record: names, bytes, lines; `skip` bytes come before the second."""

    names: list[str] | None
    raw: bytes
    lines: int
    skip: int


def read_header(
    source: Source, dialect: Any, field_size_limit: int, given: list[str] | None
) -> Header:
    """Look at the first record, unless names are given; `source` reads it again."""
    taken: list[bytes] = []

    def read() -> bytes:
        taken.append(source.read(HEADER_BYTES))
        return taken[-1]

    try:
        if given is not None:
            return Header(given, b"", 0, _bom_bytes(source, _start(read)))
        rows = list_rows(source, dialect, field_size_limit, read)
        return _header(source, next(rows, None), rows.line_num, taken)
    except CSVError as error:
        raise CSVError(f"{error}, in the header") from error
    except ReaderError as error:
        raise ReaderError(f"{error}, in the header") from error
    finally:
        source.unread(b"".join(taken))


def _start(read: Callable[[], bytes]) -> bytes:
    """The first bytes: not fewer than a byte order mark has, if they may be one."""
    start = block = read()
    while block and len(start) < len(_BOM) and _BOM.startswith(start):
        block = read()
        start += block
    return start


def _header(
    source: Source, names: list[str] | None, lines: int, taken: list[bytes]
) -> Header:
    start = b"".join(taken)
    raw = _first_lines(start, lines)
    bom_bytes = _bom_bytes(source, start)
    return Header(names, source.encode(raw[bom_bytes:]), lines, len(raw))


def _first_lines(text: bytes, count: int) -> bytes:
    """A header is short: a block behind it is not cut into lines."""
    size = 1 << 12
    while True:
        lines = text[:size].splitlines(keepends=True)
        if len(lines) > count or size >= len(text):
            return b"".join(lines[:count])
        size *= 2


def _bom_bytes(source: Source, start: bytes) -> int:
    has_bom = is_utf8(source.encoding) and start.startswith(_BOM)
    return len(_BOM) if has_bom else 0
