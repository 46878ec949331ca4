"""When what is due: a line of data time laid over the monotonic clock."""

from __future__ import annotations

import math
import time
from typing import NamedTuple, Protocol

__all__ = ["Clock", "Lateness", "MonotonicClock", "Pace"]

STEPS = 8  # buckets between two powers of two: a percentile is right within 1/8
BITS = 64


class Clock(Protocol):
    """What a player needs of a clock; it must never go back."""

    def now(self) -> int:
        """Int ns since any moment."""

    def sleep(self, ns: int) -> None:
        """Come back after about so many ns."""


class MonotonicClock:
    """The clock that no change of date and time touches."""

    now = staticmethod(time.monotonic_ns)

    def sleep(self, ns: int) -> None:
        time.sleep(ns / 1e9)


class Pace(NamedTuple):
    """An anchor: at `since` of the clock the data are at `line`, both in ns.

    Every moment is reckoned from the anchor and in whole numbers, so nothing adds up
    to a drift. The speed is the fraction `numerator / denominator`; with denominator 0
    all is due at once. A change gives a new anchor at the moment of the change.
    """

    line: int
    since: int
    numerator: int = 1
    denominator: int = 1
    is_paused: bool = False

    def due(self, line: int) -> int:
        """The moment of the clock for a place on the line, rounded up."""
        ahead = (self.line - line) * self.denominator
        return self.since - ahead // self.numerator

    def at(self, now: int) -> int:
        """The place on the line at a moment of the clock."""
        if self.is_paused or not self.denominator:
            return self.line
        return self.line + (now - self.since) * self.numerator // self.denominator

    def anchored(self, line: int, now: int) -> Pace:
        """The same speed from another anchor: after a seek, or not to catch up."""
        return self._replace(line=line, since=now)

    def with_speed(self, speed: float, now: int) -> Pace:
        """Another speed from now on; math.inf for as fast as it goes."""
        numerator, denominator = ratio_of(speed)
        return Pace(self.at(now), now, numerator, denominator, self.is_paused)

    def paused(self, now: int) -> Pace:
        return Pace(self.at(now), now, self.numerator, self.denominator, True)

    def resumed(self, now: int) -> Pace:
        """Go on where it was paused."""
        return self._replace(since=now, is_paused=False) if self.is_paused else self


def ratio_of(speed: float) -> tuple[int, int]:
    """A speed as a fraction of whole numbers; (1, 0) for infinity.

    Raises ValueError for what is not above 0, and TypeError for what is no number.
    """
    if isinstance(speed, bool) or not isinstance(speed, int | float):
        raise TypeError(f"speed {speed!r} is no number: 1.0 is as recorded")
    if not speed > 0:
        raise ValueError(f"speed {speed!r} must be above 0; use pause() to stand still")
    return (1, 0) if math.isinf(speed) else speed.as_integer_ratio()


class Lateness:
    """How late items came, in ns, as counts in buckets: its size never grows."""

    def __init__(self) -> None:
        self.most = 0
        self._counts = [0] * (BITS * STEPS)

    def add(self, late: int) -> None:
        self._counts[_bucket(late)] += 1
        if late > self.most:
            self.most = late

    def percentile(self, percent: float) -> int:
        """So many of a hundred were at most so late, within an eighth; 0 if none."""
        left = math.ceil(sum(self._counts) * percent / 100)
        for bucket, count in enumerate(self._counts):
            left -= count
            if left <= 0 and count:
                return min(_upper(bucket), self.most)
        return 0


def _bucket(late: int) -> int:
    if late < STEPS:
        return late
    shift = late.bit_length() - STEPS.bit_length()
    return min((shift + 1) * STEPS + (late >> shift) - STEPS, BITS * STEPS - 1)


def _upper(bucket: int) -> int:
    """The largest lateness in a bucket."""
    if bucket < STEPS:
        return bucket
    shift, step = divmod(bucket, STEPS)
    return ((step + STEPS + 1) << (shift - 1)) - 1
