"""Commands that wait for their responses, in the time of events."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

__all__ = ["Asked", "Ledger", "Time"]

Time: TypeAlias = "int | float"

_deadline = attrgetter("deadline")
_SLACK = 64


class Asked(NamedTuple):
    """A command, in the order of time and, of equal times, in that of their coming.

    The deadline is the last time at which a response is in time.
    """

    time: Time
    number: int  # no two share it, so nothing behind it is ever compared
    deadline: Time
    key: Hashable
    command: Any


class Ledger:
    """Which commands wait. A response answers the oldest one that it fits.

    It fits a command of the same key whose time is not after its own, and at most
    `within` before it. None as a key fits nothing. Of more than `most` commands the
    oldest is given up: it counts neither as answered nor as missing.

    Not safe for threads. A command takes O(log n) steps, n being those that wait, and
    moves the pointers to those of its key that wait.
    """

    def __init__(self, within: Time, most: int) -> None:
        self.asked = self.answered = self.missing = self.unasked = self.given_up = 0
        self._within = within
        self._most = most
        self._waiting: dict[Hashable, list[Asked]] = {}  # by key, in order
        self._live: set[int] = set()  # their numbers
        self._by_time: list[Asked] = []  # a heap; who was answered stays for a while

    def __len__(self) -> int:
        return len(self._live)

    def ask(self, time: Time, key: Hashable, command: Any) -> None:
        """A command begins to wait."""
        asked = Asked(time, self.asked, time + self._within, key, command)
        self.asked += 1
        self._live.add(asked.number)
        insort(self._waiting.setdefault(key, []), asked)
        heappush(self._by_time, asked)
        if len(self._live) > self._most:
            self._settled()
            self._pop(self._by_time[0])
            self.given_up += 1

    def answer(self, time: Time, key: Hashable) -> Any:
        """The command that a response answers; None if nobody asked for it."""
        waiting = self._waiting.get(key, ()) if key is not None else ()
        place = bisect_left(waiting, time, key=_deadline)
        if place == len(waiting) or waiting[place].time > time:
            self.unasked += 1
            return None
        asked = waiting[place]
        self._remove(asked, place)
        self.answered += 1
        if len(self._by_time) > 2 * len(self._live) + _SLACK:
            self._by_time = [one for one in self._by_time if one.number in self._live]
            heapify(self._by_time)
        return asked.command

    def passed(self, time: Time) -> list[Any]:
        """The commands whose deadline is before this time, the oldest first."""
        missing = []
        while self._settled() and self._by_time[0].deadline < time:
            missing.append(self._pop(self._by_time[0]))
        self.missing += len(missing)
        return missing

    def finish(self) -> list[Any]:
        """All that wait, the oldest first: no response will come."""
        missing = []
        while self._settled():
            missing.append(self._pop(self._by_time[0]))
        self.missing += len(missing)
        return missing

    def _settled(self) -> bool:
        """Whether any waits; the first of the heap is then one of them."""
        while self._by_time and self._by_time[0].number not in self._live:
            heappop(self._by_time)
        return bool(self._by_time)

    def _pop(self, asked: Asked) -> Any:
        self._remove(asked, bisect_left(self._waiting[asked.key], asked))
        return asked.command

    def _remove(self, asked: Asked, place: int) -> None:
        self._live.remove(asked.number)
        waiting = self._waiting[asked.key]
        del waiting[place]
        if not waiting:
            del self._waiting[asked.key]
