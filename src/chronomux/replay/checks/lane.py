"""How many records there are when, in bounded memory, however far times lie apart."""

from __future__ import annotations

from collections import Counter

import numpy as np

from chronomux.replay.merging.timeline import Keys

__all__ = ["MOST", "Lane"]

MOST = 1024  # stretches of time that are told apart


class Lane:
    """Counts records by stretches of 2**shift ns; there are only those with a record.

    When there are too many of them, each becomes twice as long. So a lonely record of
    1970 does not make those of today one stretch.
    """

    def __init__(self) -> None:
        self._shift = 20  # about a millisecond
        self._counts: Counter[int] = Counter()

    def add(self, times: Keys) -> None:
        """Count times, best in order; at least one."""
        stretches, counts = self._stretches(times)
        for stretch, count in zip(stretches, counts, strict=True):
            self._counts[int(stretch)] += int(count)
        while len(self._counts) > MOST:
            self._fold()

    def _stretches(self, times: Keys) -> tuple[Keys, Keys]:
        """Stretches and their records: not many, or all are made longer at once."""
        stretches = times >> self._shift
        begins = _changes(stretches)
        if len(begins) <= MOST:
            counts = np.diff(begins, append=len(times))
            return stretches[begins], counts
        found, counts = np.unique(stretches, return_counts=True)
        while len(found) > MOST:
            self._fold()
            begins = _changes(found >> 1)
            found, counts = found[begins] >> 1, np.add.reduceat(counts, begins)
        return found, counts

    def _fold(self) -> None:
        self._shift += 1
        folded: Counter[int] = Counter()
        for stretch, count in self._counts.items():
            folded[stretch >> 1] += count
        self._counts = folded

    @property
    def width(self) -> int:
        """ns of a stretch."""
        return 1 << self._shift

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """The beginning of each stretch in ns, and its records."""
        return tuple((at << self._shift, n) for at, n in sorted(self._counts.items()))


def _changes(stretches: Keys) -> Keys:
    """Where another stretch begins."""
    changes = np.flatnonzero(stretches[1:] != stretches[:-1]) + 1
    return np.concatenate(([0], changes))
