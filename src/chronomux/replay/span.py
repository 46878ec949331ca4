"""Which part of time is wanted: moments, durations, and pieces cut to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from chronomux.errors import TimestampError
from chronomux.readers import time_parser
from chronomux.replay.merging.capture import NO_TIME
from chronomux.replay.merging.pieces import chosen, keys_of
from chronomux.replay.merging.timeline import Piece

__all__ = [
    "Span",
    "as_duration",
    "cut",
    "cut_as_found",
    "duration_ns",
    "first_key",
    "peeked",
]

_MINUTE = 60 * 10**9
_UNITS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "": 10**9}
_UNITS |= {"m": _MINUTE, "min": _MINUTE, "h": 60 * _MINUTE, "d": 1440 * _MINUTE}
_DURATION = re.compile(r"([+-]?)(\d+)(?:\.(\d+))? ?([a-z]*)", re.ASCII)
LAST = 2**63 - 1


def duration_ns(text: str) -> int:
    """'10s', '+0.5s', '-1.5h', '250ms' -> ns, exactly. Without a unit it is seconds.

    Raises ValueError for anything else, and for fractions of a nanosecond.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None or match[4] not in _UNITS:
        raise ValueError(
            f"duration {text!r} is not a number of ns, us, ms, s, m, h or d, like 0.5s"
        )
    sign, whole, fraction, unit = match[1], match[2], match[3] or "", match[4]
    scaled = int(whole + fraction) * _UNITS[unit]
    fractions: int = 10 ** len(fraction)
    ns, rest = divmod(scaled, fractions)
    if rest or ns > LAST:
        raise ValueError(f"duration {text!r} is not a whole number of ns in int64")
    return -ns if sign == "-" else ns


def as_duration(value: str | int) -> int:
    """A duration as text, or int ns as they are."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TypeError(f"{value!r} is no duration: use text like '0.5s', or int ns")
    return duration_ns(value) if isinstance(value, str) else value


class Span(NamedTuple):
    """From `start` to before `end`, in ns since 1970; None is no bound.

    A relative bound counts from the first record of all.
    """

    start: int | None = None
    end: int | None = None
    start_is_relative: bool = False
    end_is_relative: bool = False

    @classmethod
    def of(cls, start: str | None, end: str | None, duration: str | None) -> Span:
        """`start` and `end` are ISO 8601, epoch numbers, or '+10s'.

        `duration` counts from the start, which is the first record if none is given.
        """
        if end is not None and duration is not None:
            raise ValueError("give an end or a duration, not both")
        start_ns, start_is_relative = _moment(start, "start")
        end_ns, end_is_relative = _moment(end, "end")
        if duration is not None:
            end_ns = duration_ns(duration) + (start_ns or 0)
            end_is_relative = start_is_relative or start is None
        return cls(start_ns, end_ns, start_is_relative, end_is_relative)

    @property
    def is_all(self) -> bool:
        return self.start is None and self.end is None

    def from_origin(self, first: int) -> Span:
        """The same without relative bounds, for a merge that begins at `first`."""
        start, end, start_is_relative, end_is_relative = self
        if start is not None and start_is_relative:
            start += first
        if end is not None and end_is_relative:
            end += first
        return Span(start, end)


def _moment(text: str | None, what: str) -> tuple[int | None, bool]:
    if text is None:
        return None, False
    if not isinstance(text, str):
        raise TypeError(f"{what} {text!r} is no text: use ISO, epoch or '+10s'")
    if text.startswith("+"):
        return duration_ns(text), True
    try:
        return time_parser()(text), False
    except TimestampError as error:
        raise ValueError(
            f"{what} {text!r} is no time; use ISO, epoch or +10s"
        ) from error


def peeked(pieces: Iterator[Piece]) -> tuple[Piece | None, Iterator[Piece]]:
    """The first piece, and all of them."""
    first = next(pieces, None)
    return first, iter(()) if first is None else chain([first], pieces)


def first_key(pieces: Sequence[Piece | None]) -> int:
    """The least key of the pieces that stands for a time; 0 if there is none."""
    known = [keys_of(piece) for piece in pieces if piece is not None]
    known = [keys[keys != NO_TIME] for keys in known]
    return min((int(keys.min()) for keys in known if len(keys)), default=0)


def cut(pieces: Iterator[Piece], span: Span) -> Iterator[Piece]:
    """What lies in the span, of pieces in order; those behind it are not read."""
    for piece in pieces:
        keys = keys_of(piece)
        start, stop = piece.start, piece.stop
        if span.start is not None:
            start += _count_below(keys, span.start)
        if span.end is not None:
            stop = piece.start + _count_below(keys, span.end)
        if start < stop:
            yield piece._replace(start=start, stop=stop)
        if stop < piece.stop:
            return


def cut_as_found(pieces: Iterator[Piece], span: Span) -> Iterator[Piece]:
    """The same of pieces in any order."""
    for piece in pieces:
        keys = keys_of(piece)
        inside = np.ones(len(keys), bool)
        if span.start is not None:
            inside &= keys >= min(span.start, LAST)
        if span.end is not None:
            inside &= keys < min(span.end, LAST)
        records = np.flatnonzero(inside) + piece.start
        if len(records):
            yield chosen(piece, records)


def _count_below(keys: np.ndarray, bound: int) -> int:  # type: ignore[type-arg]
    return int(np.searchsorted(keys, max(min(bound, LAST), NO_TIME), "left"))
