"""CSV bytes cut into records without changing them, and the times' text beside them."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, compress, pairwise
from operator import itemgetter
from typing import Any, NamedTuple

from chronomux._core.csv.lazy import LazyRow
from chronomux.errors import ReaderError
from chronomux.readers.sources import Source
from chronomux.readers.text import split_lines

__all__ = [
    "Batch",
    "RecordSplitter",
    "fields_of",
    "lazy_time_picker",
    "time_picker",
]

logger = logging.getLogger("chronomux")

MAX_RECORDS = 4096


class Batch(NamedTuple):
    """n records, the text of their times, and the lines they begin in, from 1."""

    records: list[bytes]
    times: list[str]
    lines: Sequence[int]

    def parts(self, size: int) -> Iterator[Batch]:
        if 0 < len(self.records) <= size:
            yield self
            return
        for start in range(0, len(self.records), size):
            part = slice(start, start + size)
            yield Batch(self.records[part], self.times[part], self.lines[part])


def line_blocks(read: Callable[[], bytes]) -> Iterator[bytes]:
    """Blocks again, but ending where a line ends."""
    unfinished: list[bytes] = []
    while block := read():
        end = block.rfind(b"\n") + 1
        if not end:
            # A last '\r' may be the first half of '\r\n'.
            end = block.rfind(b"\r", 0, -1) + 1
        if end:
            yield b"".join([*unfinished, block[:end]])
            unfinished.clear()
        unfinished.append(block[end:])
    if rest := b"".join(unfinished):
        yield rest


class RecordSplitter:
    """Batches of records from a source that stands behind the header.

    Blocks without a quote or an escape are cut at their newlines. All others go through
    csv.reader, whose line count says which lines a record is made of.
    """

    def __init__(
        self,
        source: Source,
        dialect: Any,
        columns: Sequence[int],
        missing: str,
        lines_before: int,
    ) -> None:
        self._source = source
        self._dialect = dialect
        self._columns = columns
        self._pick = time_picker(columns, missing)
        self._line = lines_before + 1
        self._blocks = line_blocks(source.read)
        self._has_long_records = False
        self._is_open_at_end = False
        self._delimiter, self._specials = _bytes_of(dialect, source.encoding)

    def __iter__(self) -> Iterator[Batch]:
        for block in self._blocks:
            if any(special in block for special in self._specials):
                yield from self._quoted(block)
            else:
                yield from self._plain(block).parts(MAX_RECORDS)

    def _plain(self, block: bytes) -> Batch:
        records = block.splitlines(keepends=True)
        contents = block.splitlines()
        lines: Sequence[int] = range(self._line, self._line + len(records))
        self._line += len(records)
        if b"" in contents:
            records = list(compress(records, contents))
            lines = list(compress(lines, contents))
            contents = list(filter(None, contents))
        return Batch(records, self._split_times(contents), lines)

    def _split_times(self, contents: list[bytes]) -> list[str]:
        delimiter, columns = self._delimiter, self._columns
        cuts = max(columns) + 1
        try:
            if len(columns) == 1:
                column = columns[0]
                fields = [line.split(delimiter, cuts)[column] for line in contents]
            else:
                pick = itemgetter(*columns)
                rows = (line.split(delimiter, cuts) for line in contents)
                fields = [b" ".join(pick(row)) for row in rows]
        except IndexError:
            separator = self._dialect.delimiter
            return [
                self._pick(self._decode(line).split(separator)) for line in contents
            ]
        # One call decodes them all: a field holds no newline.
        return self._decode(b"\n".join(fields)).split("\n") if fields else []

    def _quoted(self, block: bytes) -> Iterator[Batch]:
        lines = block.splitlines(keepends=True)
        times = None if self._has_long_records else self._one_line_times(block, lines)
        if times is None:
            yield from self._long_records(block)
            return
        numbers = range(self._line, self._line + len(lines))
        yield from Batch(lines, times, numbers).parts(MAX_RECORDS)
        self._line += len(lines)

    def _one_line_times(self, block: bytes, lines: list[bytes]) -> list[str] | None:
        """A time for each line of the block; None unless each is one whole record."""
        texts = split_lines(self._decode(block))
        # A quote that is open at the end would swallow one more line.
        end = [self._decode(lines[-1]), "x"]
        try:
            times = self._whole_times(csv.reader(texts, self._dialect))
            is_closed = len(list(csv.reader(end, self._dialect))) == len(end)
        except (csv.Error, IndexError):
            return None
        if is_closed and len(times) == len(lines):
            return times
        self._has_long_records = True
        return None

    def _whole_times(self, rows: Iterator[list[str]]) -> list[str]:
        """Keeps no row: rows that are kept cost more than rows that are made."""
        pick = itemgetter(*self._columns)
        if len(self._columns) == 1:
            return list(map(pick, rows))
        return list(map(" ".join, map(pick, rows)))

    def _long_records(self, block: bytes) -> Iterator[Batch]:
        """The block's records, and the next block's if one is open at its end."""
        raws: list[bytes] = []
        rows: list[list[str]] = []
        ends = [0]
        error: csv.Error | None = None
        reader = csv.reader(self._texts(block, raws), self._dialect)
        try:
            for row in reader:
                rows.append(row)
                ends.append(reader.line_num)
                if ends[-1] == len(raws):
                    break
        except csv.Error as caught:
            error = caught
        yield from self._batch(raws, rows, ends).parts(MAX_RECORDS)
        if self._is_open_at_end and error is None:
            logger.warning(
                "%s:%d: a quote is opened here and never closed: "
                "all lines from here on are one record",
                self._source.name,
                self._line + ends[-2],
            )
        if error is not None:
            line = self._line + ends[-1]
            raise ReaderError(f"{self._source.name}:{line}: {error}") from error
        self._line += len(raws)

    def _batch(
        self, raws: list[bytes], rows: list[list[str]], ends: list[int]
    ) -> Batch:
        """The records that `ends` cuts `raws` into, without blank lines."""
        records = [b"".join(raws[start:end]) for start, end in pairwise(ends)]
        lines = [self._line + start for start in ends[:-1]]
        if [] in rows:
            records = list(compress(records, rows))
            lines = list(compress(lines, rows))
            rows = list(filter(None, rows))
        return Batch(records, list(map(self._pick, rows)), lines)

    def _texts(self, block: bytes, raws: list[bytes]) -> Iterator[str]:
        for more in chain([block], self._blocks):
            lines = more.splitlines(keepends=True)
            raws += lines
            for line in lines:
                yield self._decode(line)
        # Only a record that is not complete asks for more than there is.
        self._is_open_at_end = True

    def _decode(self, raw: bytes) -> str:
        return raw.decode(self._source.encoding, "surrogateescape")


def fields_of(record: bytes, source: Source, dialect: Any) -> list[str]:
    """The fields of one record; none if csv cannot read it."""
    lines = split_lines(record.decode(source.encoding, "surrogateescape"))
    try:
        return next(csv.reader(lines, dialect), [])
    except csv.Error:  # too long a field, say: frames hold it, rows will raise
        return []


def time_picker(columns: Sequence[int], missing: str) -> Callable[[Sequence[str]], str]:
    """A function from a row to the text of its time: its columns joined by spaces."""
    if len(columns) == 1:
        column = columns[0]

        def pick_one(row: Sequence[str]) -> str:
            try:
                return row[column]
            except IndexError:
                return missing

        return pick_one

    def pick(row: Sequence[str]) -> str:
        width = len(row)
        return " ".join([row[i] if i < width else missing for i in columns])

    return pick


def lazy_time_picker(columns: Sequence[int], missing: str) -> Callable[[LazyRow], str]:
    """As `time_picker`, from a lazy row; other fields stay bytes."""
    return lambda row: " ".join([row.field_at(i, missing) for i in columns])


def _bytes_of(dialect: Any, encoding: str) -> tuple[bytes, list[bytes]]:
    """The delimiter, and what a block must not hold to be cut at its delimiters."""
    quoting = dialect.quoting != csv.QUOTE_NONE
    quote = dialect.quotechar if quoting else None
    specials = [_encoded(c, encoding) for c in (quote, dialect.escapechar) if c]
    delimiter = _encoded(dialect.delimiter, encoding)
    space_is_skipped = dialect.skipinitialspace and delimiter == b" "
    if delimiter is None or delimiter in b"\r\n" or space_is_skipped:
        return b",", [b""]  # b"" is in every block: csv.reader takes them all
    return delimiter, [special for special in specials if special is not None]


def _encoded(character: str, encoding: str) -> bytes | None:
    """None for a character that the encoding, and so the file, does not have."""
    try:
        return character.encode(encoding)
    except UnicodeEncodeError:
        return None
