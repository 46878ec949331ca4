"""One CSV capture as a source of a merge: its header, its frames, its order watched."""

from __future__ import annotations

import csv
import errno
import io
import os
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from chronomux.errors import ReaderError
from chronomux.readers import CSVReader
from chronomux.replay.timeline import Keys, Piece
from chronomux.types import Frame

__all__ = ["Capture", "SourceReport", "ending_of", "parsed"]

NO_TIME = -(2**63)  # how a frame writes a missing timestamp


@dataclass
class SourceReport:
    """What a merge found in one capture.

    `first` and `last` are the least and the greatest time in ns since 1970 (None when
    no record has one). `late` counts the records older than one before them,
    `largest_step_back` says by how many ns at most, and `first_late` is the line of
    the first. `untimed` counts the records without a readable time, which `on_error`
    says to skip or to keep; `untimed_lines` are the first thousand of them.
    """

    name: str
    records: int = 0
    first: int | None = None
    last: int | None = None
    late: int = 0
    largest_step_back: int = 0
    first_late: int | None = None
    untimed: int = 0
    untimed_lines: Sequence[int] = ()


class Capture:
    """The frames of one file with the keys that order them, and what was found there.

    A late record takes the time of the latest record before it as its key, so keys
    never fall and the record leaves the merge as soon as it can. So does a record
    without a time. The first frame is read at once: `has_records`.
    """

    def __init__(self, name: str, **reading: Any) -> None:
        self.name = name
        self.report = SourceReport(name)
        self._watermark = NO_TIME
        self._bytes = 0
        self._file: IO[bytes] = _opened(name)
        try:
            # Bytes that are no UTF-8 pass through a merge as they are.
            reader = CSVReader(self._file, errors="surrogateescape", **reading)
            self._reader = reader
            self.columns: Sequence[str] = reader.fieldnames or ()
            self.header = reader.header
            self.ending = ending_of(self.header) or b"\n"
            if self.header and not ending_of(self.header):
                self.header += self.ending
            self._frames = self._read()
            self._first = next(self._frames, None)
            if self._first is not None:
                self._refuse_hidden_row_names(self._first.frame)
        except BaseException:
            self.close()
            raise

    @property
    def has_records(self) -> bool:
        return self._first is not None

    @property
    def position(self) -> int:
        """Bytes read so far, of the file as it is stored."""
        return self._file.tell() if self._file.seekable() else self._bytes

    def pieces(self) -> Iterator[Piece]:
        """The frames that hold a record, each with its merge keys."""
        if self._first is not None:
            yield self._first
            yield from self._frames

    def close(self) -> None:
        if self.name != "-":
            self._file.close()

    def _read(self) -> Iterator[Piece]:
        for frame in self._reader.frames():
            if len(frame.keys):
                self._refuse_open_quote(frame)
                frame = self._ended(frame)
                yield Piece(frame, self._admit(frame), 0, len(frame.keys))
        stats = self._reader.stats
        self.report.untimed = stats.bad_times
        self.report.untimed_lines = stats.bad_lines

    def _refuse_hidden_row_names(self, frame: Frame) -> None:
        """R's row numbers would be taken for times: all columns are off by one."""
        first = frame.rows[: frame.offsets[1]]
        if len(first) > csv.field_size_limit():
            return  # too long to be looked at, but not to be copied
        fields = next(parsed(self.name, first))
        # An empty one more is a comma at the end of lines: nothing is off.
        if len(fields) == len(self.columns) + 1 and fields[-1]:
            raise ReaderError(
                f"{self.name}:{self._reader.frame_lines[0]}: {len(fields)} fields "
                f"under a header of {len(self.columns)}; if records begin with a row "
                "name, use row_names=True (--row-names)"
            )

    def _refuse_open_quote(self, frame: Frame) -> None:
        """A quote that is open at the end would swallow the records written behind."""
        last = frame.rows[frame.offsets[-2] :]
        if b'"' in last and len(list(parsed(self.name, last + b"\nnext"))) == 1:
            raise ReaderError(
                f"{self.name}:{self._reader.frame_lines[-1]}: the file ends within a "
                "quoted field; it may have been cut off"
            )

    def _ended(self, frame: Frame) -> Frame:
        """A record that ends with its file gets the line ending it lacks."""
        if ending_of(frame.rows):
            return frame
        rows = frame.rows + self.ending
        return frame._replace(
            offsets=array("q", [*frame.offsets[:-1], len(rows)]), rows=rows
        )

    def _admit(self, frame: Frame) -> Keys:
        """Note what is late; return keys that never fall."""
        times: Keys = np.frombuffer(frame.keys, dtype=np.int64)
        keys: Keys = np.maximum.accumulate(np.maximum(times, self._watermark))
        self._note(times)
        behind = np.flatnonzero((times < keys) & (times != NO_TIME))
        if len(behind):
            self._note_late(times, keys, behind)
        self._watermark = int(keys[-1])
        self._bytes += len(frame.rows)
        return keys

    def _note(self, times: Keys) -> None:
        report = self.report
        known = times[times != NO_TIME]
        report.records += len(times)
        if len(known):
            least, most = int(known.min()), int(known.max())
            report.first = least if report.first is None else min(report.first, least)
            report.last = most if report.last is None else max(report.last, most)

    def _note_late(self, times: Keys, keys: Keys, behind: Keys) -> None:
        report = self.report
        if not report.late:
            report.first_late = self._reader.frame_lines[int(behind[0])]
        # Unsigned, as times may lie further apart than an int64 reaches.
        steps = keys[behind].view(np.uint64) - times[behind].view(np.uint64)
        report.late += len(behind)
        report.largest_step_back = max(report.largest_step_back, int(steps.max()))


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


def _opened(name: str) -> IO[bytes]:
    if name != "-":
        return open(name, "rb", buffering=0)
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "stdin")
    return sys.stdin.buffer
