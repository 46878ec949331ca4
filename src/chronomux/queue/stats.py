"""What a multiplexer has done so far, as `QueueMultiplexer.stats` gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Disorder", "InputStats", "MultiplexerStats", "OutputStats"]


@dataclass(frozen=True)
class Disorder:
    """Items whose key was below the greatest key that had gone out before.

    largest_step_back: the greatest distance between the two, in the keys' unit (a
    timedelta between datetimes); None where keys have no distance.
    first_position: the number, from 0, of the first such item in its input.
    """

    count: int = 0
    largest_step_back: Any = None
    first_position: int | None = None


@dataclass(frozen=True)
class InputStats:
    """One input.

    items: taken off the queue, late and dropped ones included, `Empty` not.
    undelivered: of these, taken but not passed on when the merge ended; while it runs,
    those it holds back until their turn.
    waited: seconds that the merge waited for this input.
    """

    items: int = 0
    undelivered: int = 0
    waited: float = 0.0
    ended: bool = False
    disorder: Disorder = Disorder()


@dataclass(frozen=True)
class OutputStats:
    """One output.

    items: put on the queue, `Empty` not counted.
    error: what its `put` raised when it was dropped, else None.
    waited: seconds that the merge waited for room in it.
    blocking: whether all inputs wait for room in it now.
    backlog: items that were put and nobody has taken yet; None where the queue cannot
        tell.
    backlog_bytes: memory of this process that holds those for which the queue itself
        has no room yet.
    """

    items: int = 0
    error: Exception | None = None
    waited: float = 0.0
    blocking: bool = False
    backlog: int | None = None
    backlog_bytes: int = 0


@dataclass(frozen=True)
class MultiplexerStats:
    """A snapshot; inputs and outputs in the order of their registration."""

    inputs: tuple[InputStats, ...]
    outputs: tuple[OutputStats, ...]
