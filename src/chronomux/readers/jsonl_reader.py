"""JSON lines: an object a line."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import accumulate, islice
from typing import Any, Literal

from chronomux.errors import ReaderError, TimestampError
from chronomux.readers.base import Reader
from chronomux.readers.csv_times import KEY, ReaderStats, RecordTimes
from chronomux.readers.sources import FileLike, Source
from chronomux.readers.text import TextDecoder, text_lines
from chronomux.readers.timestamps import time_parser
from chronomux.types import Frame, QueueLike

__all__ = ["JSONLReader"]

_MISSING_NS = -(2**63)
_BATCH = 4096  # records of a frame

Row = dict[str, Any]
Record = tuple[str, Row, int | None]
"""The line, the object in it, and its time."""


class JSONLReader(Reader[Row]):
    """Puts the objects of a file of JSON lines on a queue as dicts, then `queue.Empty`.

    `filename`, `queue`, `wrapper`, `start`, `encoding`, `errors` and `follow` are as in
    FileReader; blank lines are left out. A line that is no JSON object raises
    ReaderError with file:line, after all rows before it. If `on_damage` is set before
    the first row, it is called with the error instead, and the line is left out.

    `timestamp` is the path to the time, 'a.b.c' or ['a', 'b', 'c']; a key that is
    literally 'a.b.c' counts first. Every row then has a key 'timestamp' with int ns
    since 1970 (UTC); one that `timestamp` does not name is an error, as it would be
    lost. Times are texts or numbers, read as `timestamp_format` and `tz` say (see
    `chronomux.readers.time_parser`); a number with a fraction is as exact as its
    shortest text, which to the microsecond is what was written. `on_error` is as in
    CSVReader.

    `frames()` needs `timestamp`. A reader makes one pass, as rows or as frames.
    """

    _row_type = dict

    def __init__(
        self,
        filename: FileLike,
        queue: QueueLike | None = None,
        wrapper: Callable[[Row], Any] = dict,
        start: bool = False,
        *,
        timestamp: str | Sequence[str] | None = None,
        timestamp_format: str = "auto",
        tz: str | tzinfo | None = None,
        on_error: Literal["raise", "skip", "null"] = "raise",
        encoding: str = "utf-8",
        errors: str = "strict",
        follow: bool = False,
    ) -> None:
        super().__init__(
            filename, queue, wrapper, encoding=encoding, errors=errors, follow=follow
        )
        self.on_error = on_error
        self.line_num = 0  # lines read so far, to the end of the latest row
        self._path = _as_path(timestamp)
        parser = time_parser(timestamp_format, tz)
        self._times = RecordTimes(self.name, self._path, parser, on_error, "")
        self.on_damage: Callable[[ReaderError], object] | None = None
        if start:
            self.start()

    @property
    def stats(self) -> ReaderStats:
        """What was noticed so far."""
        return self._times.stats

    def frames(self) -> Iterator[Frame]:
        """Batches of up to 4096 lines as they stand in the file, with their times."""
        if not self._path:
            raise ReaderError(
                f"{self.name}: frames need times; say which key has them: timestamp=..."
            )
        source = self._begin("frames")
        try:
            records = self._records(source)
            while batch := list(islice(records, _BATCH)):
                yield _frame(batch, source)
        finally:
            source.close()

    def _rows(self, source: Source) -> Iterator[Row]:
        for _, row, time in self._records(source):
            if self._path:
                row[KEY] = time
            yield row

    def _records(self, source: Source) -> Iterator[Record]:
        decoder = TextDecoder(source.name, source.encoding, source.errors)
        for number, line in enumerate(text_lines(source.read, decoder), 1):
            self.line_num = number
            if line.isspace():
                continue
            time = None
            try:
                row = self._object(line, number)
                if self._path:
                    time = self._time(row, number)
            except TimestampError as error:
                if not self._times.stays_without(number, error):
                    continue
            except ReaderError as error:
                if self.on_damage is None:
                    raise
                self.on_damage(error)
                continue
            yield line, row, time
        self._times.report()

    def _object(self, line: str, number: int) -> Row:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ReaderError(f"{self.name}:{number}: is no JSON: {error}") from error
        if not isinstance(row, dict):
            raise ReaderError(
                f"{self.name}:{number}: holds {type(row).__name__}, not an object; "
                "every line must be {...}"
            )
        return row

    def _time(self, row: Row, number: int) -> int:
        if KEY in row and self._path != (KEY,):
            raise ReaderError(
                f"{self.name}:{number}: has a key {KEY!r} that timestamp= does not "
                "name, and that would be lost; name it, or rename it"
            )
        value = _at(row, self._path)
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            path = ".".join(self._path)
            raise TimestampError(f"{path!r} is {value!r}, and so no time")
        return self._times.parser(value if isinstance(value, str) else repr(value))


def _as_path(timestamp: str | Sequence[str] | None) -> tuple[str, ...]:
    if timestamp is None:
        return ()
    path = timestamp.split(".") if isinstance(timestamp, str) else timestamp
    names = tuple(path)
    if not names or not all(isinstance(name, str) for name in names):
        raise TypeError(f"timestamp={timestamp!r}: give a path 'a.b' or ['a', 'b']")
    return names


def _at(row: Row, path: tuple[str, ...]) -> Any:
    """What stands at a path; None if nothing does."""
    literal = ".".join(path)
    if literal in row:
        return row[literal]
    here: Any = row
    for name in path:
        if not isinstance(here, Mapping) or name not in here:
            return None
        here = here[name]
    return here


def _frame(batch: list[Record], source: Source) -> Frame:
    records = [
        source.encode(line.encode(source.encoding, source.errors))
        for line, _, _ in batch
    ]
    keys = [_MISSING_NS if time is None else time for _, _, time in batch]
    offsets = array("q", accumulate(map(len, records), initial=0))
    return Frame(array("q", keys), offsets, b"".join(records))
