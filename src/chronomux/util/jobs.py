"""One call to a pool: its tasks on their way, and the results where callers wait.

No wait is ever longer than a slice: a signal that the kernel handed to another thread
is still noticed, and what a waiter waits for is looked at afresh.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any

from chronomux.util import lifecycle
from chronomux.util.bell import Bell
from chronomux.util.outcomes import Outcome

__all__ = ["OrderedResults", "Result", "Results", "Task", "UnorderedResults"]

SLICE_SECONDS = 0.1


@dataclass(eq=False)
class Task:
    """A run of calls that one worker does in one go; number `number` of its job."""

    job: Job
    number: int
    payload: Any

    @property
    def is_abandoned(self) -> bool:
        return self.job.is_abandoned

    def deliver(self, outcome: Outcome) -> None:
        self.job.deliver(self.number, outcome)


class Job(ABC):
    """What a pool owes for one call. Keeps its pool alive until nobody holds it."""

    def __init__(self, pool: object) -> None:
        self._pool = pool
        self._lock = Lock()
        self._bells: list[Bell] = []
        self._delivered: set[int] = set()
        self._expected: int | None = None
        self.is_abandoned = False  # read by crews: its tasks need not be started

    def expect(self, tasks: int) -> None:
        """Say how many tasks this job has."""
        with self._lock:
            self._expected = tasks
            self._ring()

    def deliver(self, number: int, outcome: Outcome) -> None:
        """Take the outcome of a task; a second one for the same task is ignored."""
        with self._lock:
            if number not in self._delivered:
                self._delivered.add(number)
                self._keep(number, outcome)
                self._ring()

    def wait_for_room(self, number: int, limit: int) -> None:
        """Wait until fewer than `limit` tasks below `number` are on their way."""
        self._wait_until(lambda: number - len(self._delivered) < limit, None)

    @abstractmethod
    def _keep(self, number: int, outcome: Outcome) -> None: ...

    def _all_delivered(self) -> bool:
        return len(self._delivered) == self._expected

    def _wait_until(self, ready: Callable[[], bool], timeout: float | None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        with lifecycle.interruptible(), self._bell() as bell:
            while not ready():
                left = SLICE_SECONDS
                if deadline is not None:
                    left = deadline - time.monotonic()
                if left <= 0:
                    return False
                bell.wait(min(left, SLICE_SECONDS))
        return True

    @contextlib.contextmanager
    def _bell(self) -> Iterator[Bell]:
        """A bell that rings when something is delivered."""
        bell = Bell()
        with self._lock:
            self._bells.append(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells.remove(bell)

    def _ring(self) -> None:
        for bell in self._bells:
            bell.ring()


class Result(Job):
    """The result to come of `amap` (a list) or `apipe` (a single value)."""

    def __init__(self, pool: object, single: bool = False) -> None:
        super().__init__(pool)
        self._single = single
        self._outcomes: dict[int, Outcome] = {}
        self._failure: Outcome | None = None
        self._value: Any = None
        self._has_value = False

    def ready(self) -> bool:
        """Whether `get` would return, or raise, at once."""
        return self._failure is not None or self._all_delivered()

    def successful(self) -> bool:
        """Whether every call returned. ValueError while there is no telling."""
        if not self.ready():
            raise ValueError("the result is not ready; wait() for it first")
        return self._failure is None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until `ready()`, at most `timeout` seconds."""
        self._wait_until(self.ready, timeout)

    def get(self, timeout: float | None = None) -> Any:
        """The value, or the first exception of a call, raised here.

        Raises TimeoutError when it is not there within `timeout` seconds,
        WorkerDiedError when a worker died over it, and RemoteError for an exception
        that cannot travel.
        """
        if not self._wait_until(self.ready, timeout):
            raise _too_late(timeout)
        if self._failure is not None:
            self._failure.take()
        with self._lock:
            if not self._has_value:
                self._value = self._unpack()
                self._has_value = True
                self._outcomes.clear()
        return self._value

    def _unpack(self) -> Any:
        in_order = (self._outcomes[n] for n in range(len(self._outcomes)))
        values = [value for outcome in in_order for value in outcome.take()]
        return values[0] if self._single else values

    def _keep(self, number: int, outcome: Outcome) -> None:
        if not outcome.failed:
            self._outcomes[number] = outcome
        elif self._failure is None:
            self._failure = outcome
            self.is_abandoned = True


class Results(Job, Iterator[Any]):
    """The results to come of `imap` and `uimap`, as an iterator.

    A call that raised raises at its place; `next` goes on behind it.
    """

    def __init__(self, pool: object) -> None:
        super().__init__(pool)
        self._unpacked: deque[Any] = deque()
        self._taken = 0

    def __iter__(self) -> Results:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self, timeout: float | None = None) -> Any:
        """The next value; TimeoutError when it is not there within `timeout` s."""
        while not self._unpacked:
            if not self._wait_until(self._is_next_known, timeout):
                raise _too_late(timeout)
            with self._lock:
                if self._taken == self._expected:
                    raise StopIteration
                self._taken += 1
                outcome = self._pop()
            self._unpacked.extend(outcome.take())
        return self._unpacked.popleft()

    def _is_next_known(self) -> bool:
        return self._taken == self._expected or self._has_next()

    @abstractmethod
    def _has_next(self) -> bool: ...

    @abstractmethod
    def _pop(self) -> Outcome: ...


class OrderedResults(Results):
    """Results in the order of the arguments."""

    def __init__(self, pool: object) -> None:
        super().__init__(pool)
        self._outcomes: dict[int, Outcome] = {}

    def _keep(self, number: int, outcome: Outcome) -> None:
        self._outcomes[number] = outcome

    def _has_next(self) -> bool:
        return self._taken in self._outcomes

    def _pop(self) -> Outcome:
        return self._outcomes.pop(self._taken - 1)


class UnorderedResults(Results):
    """Results in the order they come in."""

    def __init__(self, pool: object) -> None:
        super().__init__(pool)
        self._outcomes: deque[Outcome] = deque()

    def _keep(self, number: int, outcome: Outcome) -> None:
        self._outcomes.append(outcome)

    def _has_next(self) -> bool:
        return bool(self._outcomes)

    def _pop(self) -> Outcome:
        return self._outcomes.popleft()


def _too_late(timeout: float | None) -> TimeoutError:
    from chronomux.util.backend import TimeoutReached  # loads pathos

    return TimeoutReached(f"no result within {timeout} s; ask again")
