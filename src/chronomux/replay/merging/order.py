"""Order policies: what becomes of records that are older than one before them.

A policy turns a capture's frames into pieces whose keys never fall. What it finds is
counted in the capture's report.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from chronomux.errors import DisorderError
from chronomux.replay.merging.capture import NO_TIME, Capture
from chronomux.replay.merging.pieces import chosen, in_order, keys_of
from chronomux.replay.merging.timeline import Keys, Piece
from chronomux.replay.time_texts import moment_text
from chronomux.types import Frame

__all__ = ["Late", "Window", "as_found", "strict"]

Late: TypeAlias = Literal["raise", "drop", "emit"]


class Admitted(NamedTuple):
    """A frame, the keys of its records, and the greatest key up to each of them.

    A record without a time has the key of the latest one before it. `highest` is None
    where keys never fall.
    """

    frame: Frame
    keys: Keys
    highest: Keys | None


def admitted(capture: Capture) -> Iterator[Admitted]:
    """The frames of a capture; what is late in them is noted in its report."""
    watermark = np.int64(NO_TIME)
    for frame, times in capture.frames():
        if times[0] >= watermark and (times[1:] >= times[:-1]).all():
            _note_span(capture, times, rises=True)
            watermark = times[-1]
            yield Admitted(frame, times, None)
            continue
        highest = np.maximum.accumulate(np.maximum(times, watermark))
        keys = np.where(times == NO_TIME, highest, times)
        _note_span(capture, times, rises=False)
        behind = np.flatnonzero(keys < highest)
        if len(behind):
            _note_late(capture, keys, highest, behind)
        watermark = highest[-1]
        yield Admitted(frame, keys, highest if len(behind) else None)


def _note_span(capture: Capture, times: Keys, rises: bool) -> None:
    report = capture.report
    report.records += len(times)
    if rises and times[0] != NO_TIME:
        least, most = int(times[0]), int(times[-1])
    else:
        known = times[times != NO_TIME]
        if not len(known):
            return
        least, most = int(known.min()), int(known.max())
    report.first = least if report.first is None else min(report.first, least)
    report.last = most if report.last is None else max(report.last, most)


def _note_late(capture: Capture, keys: Keys, highest: Keys, behind: Keys) -> None:
    report = capture.report
    if not report.late:
        report.first_late = capture.line(int(behind[0]))
    # Unsigned, as times may lie further apart than an int64 reaches.
    steps = highest[behind].view(np.uint64) - keys[behind].view(np.uint64)
    report.late += len(behind)
    report.largest_step_back = max(report.largest_step_back, int(steps.max()))


def as_found(capture: Capture) -> Iterator[Piece]:
    """All records as they follow each other in the file."""
    for frame, keys, _ in admitted(capture):
        yield Piece(frame, keys, 0, len(keys))


def strict(capture: Capture) -> Iterator[Piece]:
    """Raises DisorderError, located, at the first record older than one before it."""
    before = 0
    for frame, keys, highest in admitted(capture):
        if highest is not None:
            record = int(np.argmax(keys < highest))
            raise _disorder(
                capture,
                record,
                before + record,
                _step_back(keys, highest, record) + "; use order='window' to repair "
                "what is little out of order, or order='sort'",
            )
        before += len(keys)
        yield Piece(frame, keys, 0, len(keys))


class Window:
    """Puts late records in their places, as far as a reorder window reaches.

    A record fits if it is at most `width` ns older than the latest before it, and not
    older than one that stands two rooms before it; the file is divided into rooms of
    `room` bytes. The other ones raise DisorderError, or are dropped, or are emitted as
    soon as they can be. Memory is the window, but never more than two rooms and a
    frame.
    """

    def __init__(self, capture: Capture, width: int, late: Late, room: int) -> None:
        self._capture = capture
        self._width = width
        self._late = late
        self._room_bytes = room
        self._pending: deque[Piece] = deque()
        self._records = self._bytes = 0  # in the frames so far
        self._room = 0
        self._latest = NO_TIME  # the greatest key so far
        self._room_start = NO_TIME  # that when this room began
        self._released = NO_TIME  # and when the one before it did

    def __iter__(self) -> Iterator[Piece]:
        for frame, keys, highest in admitted(self._capture):
            for room, start, stop in self._rooms(frame):
                self._enter(room)
                self._take(Piece(frame, keys, start, stop), highest)
                self._latest = int((keys if highest is None else highest)[stop - 1])
                yield from self._release(
                    max(self._released, self._latest - self._width)
                )
            self._records += len(keys)
        yield from self._pending

    def _rooms(self, frame: Frame) -> list[tuple[int, int, int]]:
        """(room, start, stop) of the records that begin in the same room."""
        offsets = frame.offsets
        shift = self._bytes - offsets[0]
        self._bytes += offsets[-1] - offsets[0]
        first = (offsets[0] + shift) // self._room_bytes
        if first == (offsets[-2] + shift) // self._room_bytes:
            return [(int(first), 0, len(offsets) - 1)]
        begins = np.asarray(offsets)[:-1] + shift
        rooms = begins // self._room_bytes
        starts = [0, *(np.flatnonzero(rooms[1:] != rooms[:-1]) + 1).tolist()]
        stops = [*starts[1:], len(begins)]
        return list(zip(rooms[starts].tolist(), starts, stops, strict=True))

    def _enter(self, room: int) -> None:
        if room != self._room:
            is_next = room == self._room + 1
            self._released = self._room_start if is_next else self._latest
            self._room_start = self._latest
            self._room = room

    def _take(self, piece: Piece, highest: Keys | None) -> None:
        if highest is None:
            self._pending.append(piece)
            return
        fitting = self._fitting(piece, highest)
        if fitting is None:
            return
        keys = keys_of(fitting)
        overlapping = [fitting]
        least = int(keys.min())
        while self._pending and keys_of(self._pending[-1])[-1] > least:
            earlier, later = _halves(self._pending.pop(), least)
            if later is not None:
                overlapping.insert(0, later)
            if earlier is not None:
                self._pending.append(earlier)
        self._pending.append(in_order(overlapping))

    def _fitting(self, piece: Piece, highest: Keys) -> Piece | None:
        """The records that fit, and the others too if they are to be emitted."""
        keys, latest = keys_of(piece), highest[piece.start : piece.stop]
        bound = np.maximum(_earlier(latest, self._width), self._released)
        unfit = keys < bound
        count = int(np.count_nonzero(unfit))
        if not count:
            return piece
        if self._late == "raise":
            self._refuse(piece, latest, int(np.argmax(unfit)))
        if self._late == "emit":
            self._capture.report.emitted += count
            moved = piece.keys.copy()
            moved[piece.start : piece.stop] = np.where(unfit, bound, keys)
            return piece._replace(keys=moved)
        self._capture.report.dropped += count
        fitting = np.flatnonzero(~unfit) + piece.start
        return chosen(piece, fitting) if len(fitting) else None

    def _refuse(self, piece: Piece, latest: Keys, record: int) -> None:
        raise _disorder(
            self._capture,
            piece.start + record,
            self._records + piece.start + record,
            _step_back(keys_of(piece), latest, record) + ", which the reorder window "
            f"of {self._width / 1e9:g} s and {self._room_bytes} bytes does not reach; "
            "use a wider one, order='sort', or late='drop' or late='emit'",
        )

    def _release(self, bound: int) -> Iterator[Piece]:
        """No record to come can have a key below the bound."""
        pending = self._pending
        while pending and pending[0].keys[pending[0].start] <= bound:
            earlier, later = _halves(pending.popleft(), bound)
            if later is not None:
                pending.appendleft(later)
            if earlier is not None:
                yield earlier


def _earlier(keys: Keys, width: int) -> Keys:
    """keys - width, but never beyond the least of all."""
    least = NO_TIME + width
    return np.where(keys < least, NO_TIME, keys - np.int64(width))


def _halves(piece: Piece, bound: int) -> tuple[Piece | None, Piece | None]:
    """The records up to the bound, and those beyond it."""
    cut = piece.start + int(np.searchsorted(keys_of(piece), bound, "right"))
    return (
        piece._replace(stop=cut) if cut > piece.start else None,
        piece._replace(start=cut) if cut < piece.stop else None,
    )


def _step_back(keys: Keys, highest: Keys, record: int) -> str:
    """'time ... is ... s before that of an earlier record'."""
    step = (int(highest[record]) - int(keys[record])) / 1e9
    time = moment_text(int(keys[record]))
    return f"time {time} is {step:g} s before that of an earlier record"


def _disorder(capture: Capture, record: int, position: int, what: str) -> DisorderError:
    message = f"{capture.name}{capture.mark}{capture.line(record)}: {what}"
    return DisorderError(message, capture.number, position)
