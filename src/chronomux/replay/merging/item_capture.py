"""A file of any format as a source of a merge: its items, each as a line of JSON."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, islice
from typing import Any, TypeAlias

import numpy as np

from chronomux.errors import ReaderError, WriterError
from chronomux.replay.catenation import in_json, plain_packet
from chronomux.replay.content import Content
from chronomux.replay.input_file import InputFile
from chronomux.replay.inputs import Input, Reading
from chronomux.replay.merging.capture import NO_TIME, Capture
from chronomux.replay.merging.timeline import Keys
from chronomux.replay.opening import KEY
from chronomux.types import Frame
from chronomux.writers.jsonl_writer import json_encoder

__all__ = ["ItemCapture"]

BATCH = 1024  # items of a frame
LEAST_TIME, GREATEST_TIME = NO_TIME + 1, 2**63 - 1

Item: TypeAlias = Mapping[str, Any]


class ItemCapture(Capture):
    """The items of a file as lines of JSON.

    Those that `wanted` does not want are there as lines of no bytes: what is late is
    noticed among all of them. `source_key` is a key for the file's name. `wanted` is
    made for the format that the file turns out to have.
    """

    def __init__(
        self,
        number: int,
        file: InputFile,
        content: Content,
        offset: int = 0,
        *,
        reading: Reading,
        wanted: Callable[[str], Callable[[Any], bool]] | None = None,
        source_key: str | None = None,
    ) -> None:
        super().__init__(number, file, offset)
        source: Any = content
        self._is_empty = not content.peek(1)
        self._input = Input(source, reading)
        if not self._is_empty:
            self._input.refuse_without_times()
        self._is_packets = self._input.format.name.startswith("pcap")
        self._wanted = None if wanted is None else wanted(self._input.format.name)
        self._source_key = source_key
        self._encode = json_encoder(in_json)
        self._lines: list[int] = []  # where the items of the latest frame are
        self._begin()

    def line(self, record: int) -> int:
        """The line of a record of the latest frame; its number where none has lines."""
        return self._lines[record]

    def _read(self) -> Iterator[tuple[Frame, Keys]]:
        if self._is_empty:
            return
        with self._input.opened() as reader:
            if not hasattr(reader, "line_num"):
                self.mark = self.report.mark = " item "
            records = self._records(reader)
            while batch := list(islice(records, BATCH)):
                self._note_untimed(reader)
                keys, rows, self._lines = map(list, zip(*batch, strict=True))
                offsets = array("q", accumulate(map(len, rows), initial=0))
                times = array("q", keys)
                frame = Frame(times, offsets, b"".join(rows))
                yield frame, np.frombuffer(times, np.int64)
            self._note_untimed(reader)

    def _records(self, reader: Any) -> Iterator[tuple[int, bytes, int]]:
        """(time, line, place) of each item."""
        has_lines = hasattr(reader, "line_num")
        for number, item in enumerate(reader, 1):
            place = reader.line_num if has_lines else number
            time = item.get(KEY)
            if time is not None and self._offset:
                time = self._moved(time, place)
            row = b""
            if self._wanted is None or self._wanted(item):
                row = self._row(item, time, place)
            yield NO_TIME if time is None else time, row, place

    def _row(self, item: Any, time: int | None, place: int) -> bytes:
        shaped = plain_packet(item) if self._is_packets else dict(item)
        if self._offset and time is not None:
            shaped[KEY] = time
        if self._source_key is not None:
            if self._source_key in shaped:
                raise ReaderError(
                    f"{self.name}: has a {self._source_key!r} already; give the added "
                    "one another name: source_column=... (--source-column)"
                )
            shaped[self._source_key] = self.name
        try:
            return self._encode(shaped).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as error:
            raise WriterError(
                f"{self.name}{self.mark}{place}: is not for JSON: {error}"
            ) from error

    def _moved(self, time: int, place: int) -> int:
        moved = time + self._offset
        if not LEAST_TIME <= moved <= GREATEST_TIME:
            raise ReaderError(
                f"{self.name}{self.mark}{place}: its time is beyond 1677 to 2262 with "
                "the offset that is asked for"
            )
        return moved

    def _note_untimed(self, reader: Any) -> None:
        stats = getattr(reader, "stats", None)
        untimed = getattr(stats, "untimed", 0) + getattr(stats, "bad_times", 0)
        self.report.untimed = untimed
        self.report.untimed_lines = getattr(stats, "bad_lines", ())
