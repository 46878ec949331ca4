"""Gaps, disorder and duplicates of one capture, many records at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from chronomux.replay.checks.lane import Lane
from chronomux.replay.checks.report import Finding, Findings, SourceCheck
from chronomux.replay.merging.timeline import Keys
from chronomux.replay.time_texts import duration_text

__all__ = ["NO_TIME", "TimeChecks"]

NO_TIME = -(2**63)
REMEMBERED = 4096  # contents of one time
SAYS = {
    "gap": "without a record before it",
    "disorder": "older than one before it",
}

Steps: TypeAlias = "np.ndarray[Any, np.dtype[np.uint64]]"
Content: TypeAlias = Callable[[int], bytes]
"""What the record of that number in a batch says."""


class TimeChecks:
    """Looks at the times of a capture in the order of its records.

    Memory: what is said by up to 4096 records of one time, and what is found. A record
    is a duplicate of one of the same time between which and it no other time stands.
    """

    def __init__(
        self,
        source: SourceCheck,
        group: int,
        found: Findings,
        max_gap: int | None,
        window: int,
    ) -> None:
        self._source, self._group, self._found = source, group, found
        self._max_gap, self._window = max_gap, window
        self._highest = self._latest = NO_TIME
        self._said: set[bytes] = set()  # by records of the latest time
        self._lane = Lane()

    def add(self, times: Keys, content: Content) -> None:
        """The next records: their times in ns, -2**63 for none."""
        before = self._source.records
        self._source.records += len(times)
        places: Keys = np.arange(len(times), dtype=np.int64)
        if len(times) and times.min() == NO_TIME:
            places = np.flatnonzero(times != NO_TIME)
            self._source.untimed += len(times) - len(places)
            times = times[places]
        if not len(times):
            return
        self._lane.add(times)
        self._gaps_and_disorder(times, places + before + 1)
        self._duplicates(times, places, before, content)
        self._latest = int(times[-1])

    def finish(self) -> None:
        """Note what is known at the end only."""
        self._source.lane = self._lane.pairs
        self._source.lane_width = self._lane.width

    def _gaps_and_disorder(self, times: Keys, records: Keys) -> None:
        source = self._source
        before = times[:1]
        if source.first is not None:
            before = np.array([self._highest], np.int64)
        highest = np.maximum.accumulate(np.concatenate([before, times]))
        gaps = _steps(highest[:-1], highest[1:])
        source.longest_gap = max(source.longest_gap, int(gaps.max()))
        if self._max_gap is not None:
            wide = np.flatnonzero(gaps > np.uint64(self._max_gap))
            source.gaps += len(wide)
            self._note("gap", wide, gaps, times, records)
        backs = _steps(times, highest[1:])
        late = int(np.count_nonzero(backs))
        if late:
            source.late += late
            source.largest_step_back = max(source.largest_step_back, int(backs.max()))
            beyond = np.flatnonzero(backs > np.uint64(self._window))
            source.disorder += len(beyond)
            self._note("disorder", beyond, backs, times, records)
        self._highest = int(highest[-1])
        least = int(times.min())
        source.first = least if source.first is None else min(source.first, least)
        source.last = self._highest

    def _note(
        self, kind: str, places: Keys, steps: Steps, times: Keys, records: Keys
    ) -> None:
        if not len(places):
            return
        kept = places[: self._found.room(self._group, kind)]
        self._found.add_counted(
            self._group,
            kind,
            len(places),
            [
                self._finding(
                    kind,
                    f"{duration_text(int(steps[place]))} {SAYS[kind]}",
                    int(records[place]),
                    int(times[place]),
                )
                for place in kept
            ],
        )

    def _duplicates(
        self, times: Keys, places: Keys, before: int, content: Content
    ) -> None:
        is_tie = np.concatenate(
            [times[:1] == np.int64(self._latest), times[1:] == times[:-1]]
        )
        for tie in np.flatnonzero(is_tie).tolist():
            if tie and not is_tie[tie - 1]:  # the first of this time
                self._said = {content(int(places[tie - 1]))}
            record = int(places[tie])
            self._compare(content(record), before + record + 1, int(times[tie]))
        if not is_tie[-1]:
            self._said = {content(int(places[-1]))}

    def _compare(self, said: bytes, record: int, time: int) -> None:
        if said in self._said:
            self._source.duplicates += 1
            text = "says the same as one before it of the same time"
            self._found.add(self._group, self._finding("duplicate", text, record, time))
        elif len(self._said) < REMEMBERED:
            self._said.add(said)
        else:
            self._source.uncompared += 1

    def _finding(self, kind: str, text: str, record: int, time: int) -> Finding:
        return Finding(kind, self._source.name, text, record, time)


def _steps(lower: Keys, upper: Keys) -> Steps:
    """Upwards; unsigned, as an int64 does not reach so far."""
    steps: Steps = upper.view(np.uint64) - lower.view(np.uint64)
    return steps
