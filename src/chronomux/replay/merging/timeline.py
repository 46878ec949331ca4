"""The order of records: sources of pieces in, blocks or stretches in time order out.

The compiled `Timeline` merges and copies; here its sources are kept supplied. Memory is
one piece a source, whatever the size of the captures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from chronomux._core.timeline import Timeline
from chronomux.types import Frame

__all__ = ["Keys", "Merge", "Piece", "Stretch"]

Keys: TypeAlias = "np.ndarray[Any, np.dtype[np.int64]]"
BLOCK = 1 << 20  # bytes handed on at once


class Piece(NamedTuple):
    """Records `start` to `stop` of a frame, at least one, and the keys of them all.

    The keys order them; the frame's own keys are the times.
    """

    frame: Frame
    keys: Keys
    start: int
    stop: int


class Stretch(NamedTuple):
    """Neighbours in the output that are neighbours in a source too."""

    source: int
    frame: Frame
    start: int
    stop: int


class Merge:
    """All records of the sources in the order (key, source, position), read once.

    Keys never fall within a source. At most `most` records come, of any number if that
    is None; `records` counts them. A source is asked for a piece when it runs out, not
    before.
    """

    def __init__(
        self, sources: Sequence[Iterator[Piece]], most: int | None = None
    ) -> None:
        self.records = 0
        self._sources = sources
        self._most = sys.maxsize if most is None else most
        self._frames: dict[int, Frame] = {}

    def blocks(self, tails: Sequence[bytes]) -> Iterator[memoryview]:
        """The records' bytes; a block is overwritten by the next.

        tails[i] is added to each record of source i, before its line ending.
        """
        out, size = bytearray(BLOCK), 0
        for timeline in self._rounds(tails):
            while written := timeline.fill(memoryview(out)[size:]):
                if written > 0:
                    size += written
                elif size:
                    yield memoryview(out)[:size]
                    size = 0
                else:
                    out = bytearray(-written)
        if size:
            yield memoryview(out)[:size]

    def stretches(self) -> Iterator[list[Stretch]]:
        """For those who look at records: each list follows the one before."""
        for timeline in self._rounds([b""] * len(self._sources)):
            yield [
                Stretch(source, self._frames[source], start, stop)
                for source, start, stop in timeline.stretches()
            ]

    def _rounds(self, tails: Sequence[bytes]) -> Iterator[Timeline]:
        """The timeline, each time with one more round to be written."""
        timeline = Timeline(tails)
        for source in range(len(self._sources)):
            self._load(timeline, source)
        while (left := self._most - self.records) > 0:
            source = timeline.merge_round(left)
            if source < 0:
                return
            self.records += timeline.merged
            yield timeline
            self._load(timeline, source)

    def _load(self, timeline: Timeline, source: int) -> None:
        piece = next(self._sources[source], None)
        if piece is None:
            self._frames.pop(source, None)
            return
        frame, keys, start, stop = piece
        self._frames[source] = frame
        timeline.load(source, keys, frame.offsets, frame.rows, start, stop)
