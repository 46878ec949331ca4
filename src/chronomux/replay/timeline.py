"""The order of records: sources of frames in, stretches of records in time order out.

A source's frames come one after the other, so a record may leave only when no later
frame can hold an earlier one. The *frontier* is the least of the last keys of the
frames at hand; all up to it is merged in one go, the source it came from loads its next
frame, and so on. Memory is one frame a source, whatever the size of the captures.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush, heapreplace
from typing import Any, TypeAlias

import numpy as np

from chronomux.queue import merge_order
from chronomux.types import Frame

__all__ = ["Keys", "Stretch", "chronological"]

Keys: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
Stretch: TypeAlias = tuple[int, Frame, int, int]
"""Neighbours in the output that are neighbours in a source: the source's number, the
frame, the number of the first record in it, and of the last plus one."""


Place: TypeAlias = tuple[int, int]  # a key and a source: the order, ties and all


class _Cursor:
    """A source, its frame at hand, and how far that is merged."""

    def __init__(self, number: int, frames: Iterator[tuple[Frame, Keys]]) -> None:
        self.number = number
        self._frames = frames
        self.more = True
        self.load()

    def load(self) -> None:
        """Go on to the next frame; `more` tells whether there is one."""
        pair = next(self._frames, None)
        self.more = pair is not None
        if pair is not None:
            self.frame, self.keys = pair
            self.start = 0

    @property
    def head(self) -> Place:
        return int(self.keys[self.start]), self.number

    @property
    def end(self) -> Place:
        return int(self.keys[-1]), self.number

    def up_to(self, frontier: Place) -> int:
        """One past the last record at or before the frontier."""
        key, source = frontier
        side: Any = "right" if self.number <= source else "left"
        return self.start + int(self.keys[self.start :].searchsorted(key, side))


def chronological(
    sources: Sequence[Iterator[tuple[Frame, Keys]]],
) -> Iterator[list[Stretch]]:
    """Merge sources of (frame of at least one record, its keys as int64 ns) stably.

    Keys never fall within a source. Equal keys leave in the order (source, position).
    Each list that is yielded follows the one before. O(n log k) for n records.
    """
    cursors = [_Cursor(number, frames) for number, frames in enumerate(sources)]
    live = [cursor for cursor in cursors if cursor.more]
    # Two heaps: where each source is, and where its frame ends. A round touches only
    # the sources that have something before the frontier.
    heads = [cursor.head for cursor in live]
    ends = [cursor.end for cursor in live]
    heapify(heads)
    heapify(ends)
    while ends:
        frontier = ends[0]
        yield _round(cursors, heads, frontier)
        nearest = cursors[frontier[1]]
        nearest.load()
        if nearest.more:
            heapreplace(ends, nearest.end)
            heappush(heads, nearest.head)
        else:
            heappop(ends)


def _round(
    cursors: list[_Cursor], heads: list[Place], frontier: Place
) -> list[Stretch]:
    """Merge and pass all records up to the frontier; only its source runs out."""
    ready = []
    while heads and heads[0] <= frontier:
        cursor = cursors[heappop(heads)[1]]
        start, stop = cursor.start, cursor.up_to(frontier)
        ready.append((cursor, start, stop))
        cursor.start = stop
    ready.sort(key=lambda part: part[0].number)  # ties go to the first source
    for cursor, _, stop in ready:
        if stop < len(cursor.keys):
            heappush(heads, cursor.head)
    if len(ready) == 1:
        cursor, start, stop = ready[0]
        return [(cursor.number, cursor.frame, start, stop)]
    return _stretches(ready)


def _stretches(ready: list[tuple[_Cursor, int, int]]) -> list[Stretch]:
    columns = [cursor.keys[start:stop] for cursor, start, stop in ready]
    source, index = merge_order(*columns)
    changes = np.flatnonzero(source[1:] != source[:-1]) + 1
    firsts = np.concatenate(([0], changes))
    counts = np.diff(firsts, append=len(source))
    places = source[firsts]
    offsets = np.array([start for _, start, _ in ready])
    starts = index[firsts] + offsets[places]
    numbers = [cursor.number for cursor, _, _ in ready]
    frames = [cursor.frame for cursor, _, _ in ready]
    bounds = zip(places.tolist(), starts.tolist(), (starts + counts).tolist())  # noqa: B905
    return [(numbers[place], frames[place], a, b) for place, a, b in bounds]
