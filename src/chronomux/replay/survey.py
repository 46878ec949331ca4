"""What is in a capture: headers and times are read, and nothing else."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chronomux.errors import ChronomuxError
from chronomux.replay.inputs import Input
from chronomux.replay.merging.timeline import Keys

__all__ = ["SourceInfo", "TimeCount", "survey"]

_NO_TIME = -(2**63)
_BATCH = 1 << 14  # times counted at once, at least


@dataclass
class SourceInfo:
    """What one file holds.

    `first` and `last` are its least and greatest time, in ns since 1970 (None where
    there is no time). `late` counts the records that are older than one before them,
    and `largest_step_back` says by how many ns at most; `ties` those that have the time
    of the record before them; `untimed` those without a readable time of their own.
    `longest_gap` is how many ns the time stood still at most, until a record moved it
    on. `interfaces` is for packets. `error` is what ended the reading early, and all
    else then tells of what stands before it.
    """

    name: str
    format: str = ""
    compression: str | None = None
    size: int | None = None
    records: int = 0
    first: int | None = None
    last: int | None = None
    late: int = 0
    largest_step_back: int = 0
    ties: int = 0
    longest_gap: int = 0
    untimed: int = 0
    interfaces: int | None = None
    error: str | None = None

    @property
    def duration(self) -> int | None:
        """ns from the first to the last."""
        if self.first is None or self.last is None:
            return None
        return self.last - self.first

    @property
    def rate(self) -> float | None:
        """Records a second, from the first to the last."""
        timed = self.records - self.untimed
        return (timed - 1) * 1e9 / self.duration if self.duration else None

    @property
    def in_order(self) -> bool | None:
        """Whether no record is older than one before it; None where there is no time.

        Only of a file that was read to its end.
        """
        return None if self.first is None or self.error else not self.late

    def as_dict(self) -> dict[str, Any]:
        """The same in types that JSON has."""
        derived = ("duration", "rate", "in_order")
        return {**vars(self), **{name: getattr(self, name) for name in derived}}


class TimeCount:
    """Counts times into a SourceInfo, many at once; `finish` counts the last of them.

    Frames of packets are small: one by one they would cost more to count than to read.
    """

    def __init__(self, info: SourceInfo) -> None:
        self._info = info
        self._highest = self._latest = _NO_TIME  # of all so far, and the last one
        self._waiting: list[Keys] = []
        self._records = 0  # of those that wait

    def add(self, keys: array[int] | Keys) -> None:
        """Times in ns, as frames have them; -2**63 for none."""
        times: Keys = np.frombuffer(keys, np.int64)
        self._waiting.append(times)
        self._records += len(times)
        if self._records >= _BATCH:
            self.finish()

    def finish(self) -> None:
        """Count what was held back."""
        if self._waiting:
            self._add(np.concatenate(self._waiting))
            self._waiting, self._records = [], 0

    def _add(self, times: Keys) -> None:
        self._info.records += len(times)
        if len(times) and times.min() == _NO_TIME:
            known = times[times != _NO_TIME]
            self._info.untimed += len(times) - len(known)
            times = known
        if not len(times):
            return
        if self._latest != _NO_TIME:
            times = np.concatenate([[np.int64(self._latest)], times])
        self._count(times)
        self._latest = int(times[-1])

    def _count(self, times: Keys) -> None:
        """Of times whose first one is counted already, but for the very first."""
        info = self._info
        if times[0] >= self._highest and (times[1:] >= times[:-1]).all():
            least, highest = int(times[0]), times
        else:
            least = int(times.min())
            highest = np.maximum.accumulate(np.maximum(times, self._highest))
            behind = highest[1:] > times[1:]
            info.late += int(np.count_nonzero(behind))
            info.largest_step_back = max(
                info.largest_step_back, _most(times[1:], highest[1:])
            )
        info.ties += int(np.count_nonzero(times[1:] == times[:-1]))
        info.longest_gap = max(info.longest_gap, _most(highest[:-1], highest[1:]))
        self._highest = int(highest[-1])
        info.first = least if info.first is None else min(info.first, least)
        info.last = self._highest


def _most(lower: Keys, upper: Keys) -> int:
    """The greatest difference; unsigned, as an int64 does not reach so far."""
    steps = upper.view(np.uint64) - lower.view(np.uint64)
    return int(steps.max()) if len(steps) else 0


def survey(
    file: Input, watch: Callable[[], object] | None = None
) -> tuple[SourceInfo, bool]:
    """What a file holds, and whether each of its records is known to be one line.

    `watch` is called now and then.
    Records without a readable time are counted; damage ends the reading, and is noted.
    """
    info = SourceInfo(file.name, file.format.name, file.compression, file.size)
    is_lines = file.format.name == "jsonl"
    instead = {"on_error": "null"} if "on_error" in file.format.takes else {}
    try:
        with file.opened(**instead) as reader:
            try:
                _count_records(file, reader, info, watch or (lambda: None))
            finally:
                _note_stats(info, reader)
            if file.format.name in ("csv", "tsv"):
                header = reader.header.rstrip(b"\r\n").count(b"\n") + 1
                header = header if reader.header else 0
                is_lines = reader.line_num == header + info.records
    except (ChronomuxError, OSError) as error:
        info.error = _sentence(error)
    return info, is_lines and info.error is None


def _count_records(
    file: Input, reader: Any, info: SourceInfo, watch: Callable[[], object]
) -> None:
    if file.has_times:
        count = TimeCount(info)
        try:
            for frame in reader.frames():
                count.add(frame.keys)
                watch()
        finally:
            count.finish()
    else:
        for _ in reader:
            info.records += 1
        info.untimed = info.records


def _note_stats(info: SourceInfo, reader: Any) -> None:
    stats = getattr(reader, "stats", None)
    info.interfaces = getattr(stats, "interfaces", None)
    untimed = getattr(stats, "untimed", None)
    if untimed is not None:  # most of them have a neighbour's time in frames
        info.untimed = untimed + getattr(stats, "bad_times", 0)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)
