"""A CSV file as a source of a merge: its header, its frames, their damage."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chronomux.errors import ReaderError
from chronomux.readers import CSVReader
from chronomux.replay.content import Content
from chronomux.replay.input_file import InputFile
from chronomux.replay.merging.capture import NO_TIME, Capture
from chronomux.replay.merging.timeline import Keys
from chronomux.types import Frame

__all__ = ["CSVCapture", "ending_of", "parsed"]


class CSVCapture(Capture):
    """The records of a CSV file as they stand there, without its header."""

    def __init__(
        self,
        number: int,
        file: InputFile,
        content: Content,
        offset: int = 0,
        **reading: Any,
    ) -> None:
        super().__init__(number, file, offset)
        # Bytes that are no UTF-8 pass through a merge as they are.
        source: Any = content
        reader = CSVReader(source, errors="surrogateescape", **reading)
        self._reader = reader
        self.columns: Sequence[str] = reader.fieldnames or ()
        self.header = bytes(reader.header)
        self.ending = ending_of(self.header) or b"\n"
        if self.header and not ending_of(self.header):
            self.header += self.ending
        self._begin()
        if self._first is not None:
            self._refuse_hidden_row_names(self._first[0])

    def line(self, record: int) -> int:
        """The line in which a record of the latest frame begins."""
        return self._reader.frame_lines[record]

    def _read(self) -> Iterator[tuple[Frame, Keys]]:
        for frame in self._reader.frames():
            self._note_untimed()
            if len(frame.keys):
                self._refuse_open_quote(frame)
                yield self._ended(frame), self._times(frame)
        self._note_untimed()

    def _note_untimed(self) -> None:
        stats = self._reader.stats
        self.report.untimed = stats.bad_times
        self.report.untimed_lines = stats.bad_lines

    def _times(self, frame: Frame) -> Keys:
        times: Keys = np.frombuffer(frame.keys, dtype=np.int64)
        if not self._offset:
            return times
        moved = times + np.int64(self._offset)
        wrapped = (moved < times) != (self._offset < 0)
        known = times != NO_TIME
        if (wrapped & known).any() or (moved == NO_TIME).any():
            raise ReaderError(f"{self.name}: the offset moves times beyond year 2262")
        return np.where(known, moved, times)

    def _refuse_hidden_row_names(self, frame: Frame) -> None:
        """R's row numbers would be taken for times: all columns are off by one."""
        first = bytes(frame.rows[frame.offsets[0] : frame.offsets[1]])
        if len(first) > csv.field_size_limit():
            return  # too long to be looked at, but not to be copied
        fields = next(parsed(self.name, first))
        # An empty one more is a comma at the end of lines: nothing is off.
        if len(fields) == len(self.columns) + 1 and fields[-1]:
            raise ReaderError(
                f"{self.name}:{self.line(0)}: {len(fields)} fields "
                f"under a header of {len(self.columns)}; if records begin with a row "
                "name, use row_names=True (--row-names)"
            )

    def _refuse_open_quote(self, frame: Frame) -> None:
        """A quote that is open at the end would swallow the records written behind."""
        last = bytes(frame.rows[frame.offsets[-2] : frame.offsets[-1]])
        if b'"' in last and len(list(parsed(self.name, last + b"\nnext"))) == 1:
            raise ReaderError(
                f"{self.name}:{self.line(-1)}: the file ends within a "
                "quoted field; it may have been cut off"
            )

    def _ended(self, frame: Frame) -> Frame:
        """A record that ends with its file gets the line ending it lacks."""
        start, end = frame.offsets[0], frame.offsets[-1]
        if ending_of(bytes(frame.rows[max(start, end - 2) : end])):
            return frame
        rows = bytes(frame.rows[:end]) + self.ending
        offsets = array("q", [*frame.offsets[:-1], len(rows)])
        return frame._replace(offsets=offsets, rows=rows)


def ending_of(record: bytes) -> bytes:
    """The line ending of a record, b'' if it has none."""
    if record.endswith(b"\r\n"):
        return b"\r\n"
    return record[-1:] if record.endswith((b"\n", b"\r")) else b""


def parsed(name: str, rows: bytes) -> Iterator[list[str]]:
    """The fields of whole records; bytes that are no UTF-8 stay what they are."""
    text = rows.decode("utf-8", "surrogateescape")
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise ReaderError(f"{name}: {error}") from error
