"""One capture read once for `check`: as frames, or as items where these are asked for.

What cannot be read becomes a finding. JSON lines and command logs are read on behind a
line that is none; elsewhere the reading ends there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from chronomux.errors import ChronomuxError
from chronomux.replay.checks.content import FrameContents, ItemContents
from chronomux.replay.checks.report import Finding, Findings, SourceCheck
from chronomux.replay.checks.times import NO_TIME, TimeChecks
from chronomux.replay.inputs import Input
from chronomux.replay.merging.timeline import Keys
from chronomux.types import Frame

__all__ = ["SourceReading"]

KEY = "timestamp"
ITEMS = 4096  # looked at together
RECORDS = 1 << 14  # of frames, at least


class SourceReading:
    """Reads a file to its end, or as far as it goes, into its SourceCheck."""

    def __init__(
        self,
        file: Input,
        group: int,
        found: Findings,
        max_gap: int | None,
        window: int,
    ) -> None:
        self.source = SourceCheck(file.name, file.format.name)
        self._file, self._group, self._found = file, group, found
        self._times = TimeChecks(self.source, group, found, max_gap, window)

    def frames(self, watch: Callable[[], object]) -> None:
        """Look at times, and at bytes where times are equal; build no items.

        Of files without times the records are counted.
        """
        if not self._file.has_times:
            for _ in self.batches():
                watch()
            return
        waiting: list[Frame] = []
        count = 0  # frames of packets are small
        with self._reader() as reader:
            try:
                for frame in reader.frames():
                    waiting.append(frame)
                    count += len(frame.keys)
                    if count >= RECORDS:
                        self._look_at(waiting)
                        waiting, count = [], 0
                        watch()
            finally:
                self._look_at(waiting)
        self._times.finish()

    def batches(self) -> Iterator[tuple[int, list[Any], Keys]]:
        """Items, after they were looked at: (records before, items, times in ns)."""
        with self._reader() as reader:
            for batch in _batches(reader):
                before = self.source.records
                times = np.array([_time(item) for item in batch], np.int64)
                self._times.add(times, ItemContents(batch))
                yield before, batch, times
        self._times.finish()

    def _look_at(self, frames: list[Frame]) -> None:
        if frames:
            keys = [np.frombuffer(frame.keys, np.int64) for frame in frames]
            self._times.add(np.concatenate(keys), FrameContents(frames))

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        file = self._file
        instead = {"on_error": "null"} if "on_error" in file.format.takes else {}
        try:
            with file.opened(**instead) as reader:
                if hasattr(reader, "on_damage"):
                    reader.on_damage = self._unreadable
                try:
                    yield reader
                finally:
                    self._note_bad_times(reader)
        except (ChronomuxError, OSError) as error:
            self.source.error = _sentence(error)
            self._unreadable(error, "; nothing behind it was read")

    def _unreadable(self, error: Exception, behind: str = "") -> None:
        self.source.unreadable += 1
        text = _sentence(error) + behind
        self._found.add(self._group, Finding("unreadable", self.source.name, text))

    def _note_bad_times(self, reader: Any) -> None:
        stats = getattr(reader, "stats", None)
        count = getattr(stats, "bad_times", 0)
        self.source.unreadable += count
        lines = getattr(stats, "bad_lines", None) or [None] * count
        findings = []
        for line in lines[: self._found.room(self._group, "unreadable")]:
            where = self.source.name if line is None else f"{self.source.name}:{line}"
            text = f"{where}: the time cannot be read"
            findings.append(Finding("unreadable", self.source.name, text))
        self._found.add_counted(self._group, "unreadable", count, findings)
        untimed = getattr(stats, "untimed", None)
        if untimed is not None:  # most of them have a neighbour's time
            self.source.untimed = untimed + count


def _batches(reader: Any) -> Iterator[list[Any]]:
    """All that comes, also what comes before an error."""
    batch: list[Any] = []
    items = iter(reader)
    try:
        for item in items:
            batch.append(item)
            if len(batch) == ITEMS:
                full, batch = batch, []
                yield full
    except (ChronomuxError, OSError):
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _time(item: Any) -> int:
    time = item.get(KEY)
    return time if type(time) is int else NO_TIME


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
