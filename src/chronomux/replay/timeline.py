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

__all__ = ["Keys", "Piece", "Stretch", "blocks", "stretches"]

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


def blocks(
    sources: Sequence[Iterator[Piece]], tails: Sequence[bytes], most: int | None = None
) -> Iterator[memoryview]:
    """The bytes of all records in the order (key, source, position), `most` at most.

    Keys never fall within a source. tails[i] is added to each record of source i,
    before its line ending. A block is overwritten by the next.
    """
    supplied = _Supplied(sources, tails, most)
    out, size = bytearray(BLOCK), 0
    for timeline in supplied.rounds():
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


def stretches(
    sources: Sequence[Iterator[Piece]], most: int | None = None
) -> Iterator[list[Stretch]]:
    """As `blocks`, for those who look at records: each list follows the one before."""
    supplied = _Supplied(sources, [b""] * len(sources), most)
    for timeline in supplied.rounds():
        yield [
            Stretch(source, supplied.frames[source], start, stop)
            for source, start, stop in timeline.stretches()
        ]


class _Supplied:
    """A timeline whose sources are asked for a piece when they run out, not before."""

    def __init__(
        self,
        sources: Sequence[Iterator[Piece]],
        tails: Sequence[bytes],
        most: int | None,
    ) -> None:
        self._sources = sources
        self._timeline = Timeline(tails)
        self._left = sys.maxsize if most is None else most
        self.frames: dict[int, Frame] = {}

    def rounds(self) -> Iterator[Timeline]:
        """The timeline, each time with one more round to be written."""
        timeline = self._timeline
        for source in range(len(self._sources)):
            self._load(source)
        while self._left > 0 and (source := timeline.merge_round(self._left)) >= 0:
            self._left -= timeline.merged
            yield timeline
            self._load(source)

    def _load(self, source: int) -> None:
        piece = next(self._sources[source], None)
        if piece is None:
            self.frames.pop(source, None)
            return
        frame, keys, start, stop = piece
        self.frames[source] = frame
        self._timeline.load(source, keys, frame.offsets, frame.rows, start, stop)
