"""Where moments stand on a page: one axis of time for all lanes, broken where it must.

One clock that says 1970 would else leave a hair's breadth to all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = ["Axis", "Segment", "axis_of"]

BREAKS = 4  # at most
TIMES_LONGER = 8  # than all that is left: so long must an empty space be to be cut out
BREAK_WIDTH = 16.0
LEAST_WIDTH = 40.0


class Segment(NamedTuple):
    """A stretch of time in ns, and where it begins and ends."""

    begin: int
    end: int
    left: float
    right: float


class Axis(NamedTuple):
    """Segments from left to right; between two of them there is no record."""

    segments: Sequence[Segment]

    @property
    def left_out(self) -> int:
        """ns that are cut out."""
        pairs = zip(self.segments, self.segments[1:], strict=False)
        return sum(after.begin - before.end for before, after in pairs)

    def x(self, time: int) -> float:
        """Where a moment stands; at an edge if it is in no segment."""
        for begin, end, left, right in self.segments:
            if time < begin:
                return left
            if time <= end:
                return left + (right - left) * ((time - begin) / max(end - begin, 1))
        return self.segments[-1].right


def axis_of(stretches: Iterable[tuple[int, int]], width: float) -> Axis:
    """The axis of stretches of time in which there are records, at least one."""
    spans = _united(stretches)
    kept = _with_breaks(spans)
    room = width - BREAK_WIDTH * (len(kept) - 1) - LEAST_WIDTH * len(kept)
    total = sum(end - begin for begin, end in kept)
    segments, left = [], 0.0
    for begin, end in kept:
        right = left + LEAST_WIDTH + room * ((end - begin) / max(total, 1))
        segments.append(Segment(begin, end, left, right))
        left = right + BREAK_WIDTH
    return Axis(segments)


def _united(stretches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without those that touch or overlap."""
    united: list[tuple[int, int]] = []
    for begin, end in sorted(stretches):
        if united and begin <= united[-1][1]:
            united[-1] = united[-1][0], max(united[-1][1], end)
        else:
            united.append((begin, end))
    return united


def _with_breaks(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans joined but where the space between them dwarfs all else."""
    spaces = [spans[i + 1][0] - spans[i][1] for i in range(len(spans) - 1)]
    left = spans[-1][1] - spans[0][0]
    cuts: set[int] = set()
    for place in sorted(range(len(spaces)), key=spaces.__getitem__, reverse=True):
        rest = left - spaces[place]
        if len(cuts) == BREAKS or spaces[place] <= TIMES_LONGER * rest:
            break
        cuts.add(place)
        left = rest
    kept, begin = [], spans[0][0]
    for place, (_, end) in enumerate(spans):
        if place in cuts or place == len(spans) - 1:
            kept.append((begin, end))
            begin = spans[min(place + 1, len(spans) - 1)][0]
    return kept
