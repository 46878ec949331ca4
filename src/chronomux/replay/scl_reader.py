"""Command logs: SCL, a line a record, with or without times."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from datetime import tzinfo
from decimal import Decimal
from itertools import accumulate, islice
from typing import Any, Literal

from chronomux._core.lexer.scl import Failure, Parser
from chronomux.errors import (
    ChronomuxError,
    ReaderError,
    SCLSyntaxError,
    TimestampError,
)
from chronomux.lexer.scl import machine
from chronomux.lexer.scl_errors import Places, syntax_error
from chronomux.readers import time_parser
from chronomux.readers.base import Reader
from chronomux.readers.csv_times import KEY, ReaderStats, RecordTimes
from chronomux.readers.sources import FileLike, Source
from chronomux.readers.text import TextDecoder, text_lines
from chronomux.replay.scl import MAX_DEPTH, plain
from chronomux.types import Frame, QueueLike

__all__ = ["SCLReader"]

_MISSING_NS = -(2**63)
_BATCH = 4096  # records of a frame

Row = dict[str, Any]
Record = tuple[str, Row, "int | None"]
"""The line, what it says, and its time."""


class SCLReader(Reader[Row]):
    """Puts the lines of a command log on a queue as dicts, then `queue.Empty`.

    A line is a time, or none, and statements in SCL; blank lines and comments are left
    out:

        2026-11-23T09:17:19.25Z type=command action=open(valve="A 7" wait=.5)

    A row has the statements by key, and the time as 'timestamp' (int ns since 1970,
    UTC), if there is one. Children of `key=(...)` are a dict; those of `key=value(...)`
    stand in a list behind the value: {'action': ['open', {'valve': 'A 7', ...}]}. What
    a key that comes twice says is one list. So a Condition may ask for
    {'action': 'open', 'action.valve': 'A 7'}. Whole numbers are int, others float; one
    that is too long for that stays a Decimal.

    `filename`, `queue`, `wrapper`, `start`, `encoding`, `errors` and `follow` are as in
    FileReader. `timestamp_format` and `tz` are those of
    `chronomux.readers.time_parser`, `on_error` is as in CSVReader; a line that has no
    time at all is no error, and -2**63 in frames.

    What is not SCL raises SCLSyntaxError with file:line:column, after all rows before
    it. If `on_damage` is set before the first row, it is called with the error instead,
    and the line is left out. A reader makes one pass, as rows or as frames.
    """

    _row_type = dict

    def __init__(
        self,
        filename: FileLike,
        queue: QueueLike | None = None,
        wrapper: Callable[[Row], Any] = dict,
        start: bool = False,
        *,
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
        parser = time_parser(timestamp_format, tz)
        self._times = RecordTimes(self.name, KEY, parser, on_error, "")
        self._parser = Parser(machine(), "scl", MAX_DEPTH)
        self.on_damage: Callable[[ChronomuxError], object] | None = None
        if start:
            self.start()

    @property
    def stats(self) -> ReaderStats:
        """What was noticed so far."""
        return self._times.stats

    def frames(self) -> Iterator[Frame]:
        """Batches of up to 4096 lines as they stand in the file, with their times."""
        source = self._begin("frames")
        try:
            records = self._records(source)
            while batch := list(islice(records, _BATCH)):
                yield _frame(batch, source)
        finally:
            source.close()

    def _rows(self, source: Source) -> Iterator[Row]:
        return (row for _, row, _ in self._records(source))

    def _records(self, source: Source) -> Iterator[Record]:
        decoder = TextDecoder(source.name, source.encoding, source.errors)
        offset = 0
        for number, line in enumerate(text_lines(source.read, decoder), 1):
            self.line_num = number
            start, offset = offset, offset + len(line)
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            try:
                record = self._record(line, number, start)
            except (ReaderError, SCLSyntaxError) as error:
                if self.on_damage is None or isinstance(error, TimestampError):
                    raise
                self.on_damage(error)
                continue
            if record is not None:
                yield record
        self._times.report()

    def _record(self, line: str, number: int, start: int) -> Record | None:
        """None for one that is skipped."""
        head = _before_statements(line)
        row = self._statements(line, head, number, start)
        text = line[:head].strip()
        if not text:
            return line, row, None
        time = None
        try:
            time = self._times.parser(text)
        except TimestampError as error:
            if not self._times.stays_without(number, error):
                return None
        if KEY in row:
            raise ReaderError(
                f"{self.name}:{number}: has a time and a key {KEY!r}, which "
                "would be lost; rename the key"
            )
        return line, {KEY: time, **row}, time

    def _statements(self, line: str, head: int, number: int, start: int) -> Row:
        # Blanks for the time: places stay those of the file.
        text = " " * head + line[head:].rstrip("\r\n")
        found = self._parser.results(text)
        if isinstance(found, Failure):
            raise syntax_error(Places(text, number, 1, start, self.name), found)
        return _by_key(found)


def _before_statements(line: str) -> int:
    """Where the first statement begins: at the word that the first '=' stands behind.

    A line without '=' is all statements, to be found wrong as such.
    """
    key, equals, _ = line.partition("=")
    if not equals:
        return 0
    words = key.rstrip()
    return max(words.rfind(" "), words.rfind("\t")) + 1


def _by_key(statements: Iterable[dict[str, Any]]) -> Row:
    row: Row = {}
    for statement in statements:
        key, value = statement["key"], _value(statement)
        row[key] = [*_listed(row[key]), *_listed(value)] if key in row else value
    return row


def _value(statement: dict[str, Any]) -> Any:
    value = statement["value"]
    if isinstance(value, list):
        return _by_key(value)
    if isinstance(value, Decimal):
        value = plain(value)
    children = statement.get("children")
    return value if children is None else [value, _by_key(children)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _frame(batch: list[Record], source: Source) -> Frame:
    records = [
        source.encode(line.encode(source.encoding, source.errors))
        for line, _, _ in batch
    ]
    keys = [_MISSING_NS if time is None else time for _, _, time in batch]
    offsets = array("q", accumulate(map(len, records), initial=0))
    return Frame(array("q", keys), offsets, b"".join(records))
