"""Records as they stand in a file, with their times: frames."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from chronomux._core.csv.lazy import LazyRow
from chronomux._core.csv.rules import Rules
from chronomux._core.csv.timed import TimedRecords
from chronomux._core.times import TimeParser
from chronomux.errors import TimestampError
from chronomux.readers.csv_rows import TextRows
from chronomux.readers.sources import Source
from chronomux.readers.text import TextDecoder, text_lines
from chronomux.types import Frame

__all__ = [
    "MISSING_NS",
    "Frames",
    "TimeColumns",
    "lazy_time_picker",
    "text_frames",
    "time_picker",
    "timed_frames",
    "timed_records",
]

MISSING_NS = -(2**63)
Frames = Iterator[tuple[Frame, Sequence[int]]]


class TimeColumns(NamedTuple):
    """Where the times are, and what to do about those that are none.

    on_bad(line, error) raises, or returns whether the record stays. on_first(line,
    fields) is called once, with the first record.
    """

    parser: TimeParser
    columns: Sequence[int]
    missing: str
    on_bad: Callable[[int, TimestampError], bool]
    on_first: Callable[[int, list[str]], None]


def timed_records(
    source: Source, rules: Rules, times: TimeColumns, lines: int
) -> TimedRecords:
    """The records of a source that stands behind a header of so many lines."""
    return TimedRecords(
        source.read,
        rules,
        source.name,
        times.parser,
        times.columns,
        times.missing,
        source.encoding,
        times.on_bad,
        times.on_first,
        lines,
        source.block_bytes,
        source.readinto if source.has_readinto else None,
    )


def timed_frames(records: TimedRecords, source: Source) -> Frames:
    """Frames, and the lines in which their records begin."""
    for keys, offsets, rows, lines in records:
        if source.transcodes:
            data = bytes(rows)
            each = [source.encode(data[begin:end]) for begin, end in pairwise(offsets)]
            yield _frame(keys, each), lines
        else:
            yield Frame(keys, offsets, rows), lines


def text_frames(
    source: Source, dialect: Any, times: TimeColumns, has_header: bool
) -> Frames:
    """As `timed_frames`, by csv.reader: for dialects that only csv can read."""
    decoder = TextDecoder(
        source.name,
        source.encoding,
        "surrogatepass" if source.transcodes else "surrogateescape",
    )
    taken: list[str] = []
    lines = _noted(text_lines(source.read, decoder), taken)
    rows = TextRows(lines, source.name, dialect)
    pick = time_picker(times.columns, times.missing)
    if has_header:
        rows.skip()
        taken.clear()
    is_first = True
    for row in rows:
        text = "".join(taken)
        taken.clear()
        if not row:
            continue
        if is_first:
            times.on_first(rows.row_line, row)
            is_first = False
        try:
            key = times.parser(pick(row))
        except TimestampError as error:
            if not times.on_bad(rows.row_line, error):
                continue
            key = MISSING_NS
        # Not quick, but these dialects are rare.
        record = text.encode(source.encoding, decoder.errors)
        yield _frame(array("q", [key]), [source.encode(record)]), [rows.row_line]


def _noted(lines: Iterator[str], taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


def _frame(keys: array[int] | memoryview, records: list[bytes]) -> Frame:
    offsets = array("q", accumulate(map(len, records), initial=0))
    return Frame(keys, offsets, b"".join(records))


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
