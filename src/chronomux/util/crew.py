"""What crews of processes and of threads have in common: the tasks still to do."""

from __future__ import annotations

import os
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chronomux.errors import WorkerDiedError
from chronomux.util import lifecycle
from chronomux.util.bell import Bell
from chronomux.util.outcomes import Failure, Outcome

__all__ = ["Crew", "Setup", "Task"]

SLICE_SECONDS = 0.1
TERMINATED = "the pool was terminated before its tasks were done; call it again"


@dataclass(frozen=True)
class Setup:
    """What every worker of a crew is to do first, and how many tasks it may do."""

    initializer: Callable[..., Any] | None = None
    initargs: tuple[Any, ...] = ()
    max_tasks: int | None = None

    def run(self) -> None:
        if self.initializer is not None:
            self.initializer(*self.initargs)


class Task(Protocol):
    """A run of calls that one worker does in one go."""

    payload: Any

    @property
    def is_abandoned(self) -> bool:
        """Whether nobody waits for it any more."""

    def deliver(self, outcome: Outcome) -> None: ...


class Crew(ABC):
    """Workers serving one pool: from their first task until they are told to leave.

    A job reserves the crew until all of its tasks are handed in; a crew that was
    closed leaves when nothing is reserved, waiting or in hand. A new crew is reserved
    for the job it was hired for, which thus learns if it fails at once.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.pid = os.getpid()
        self.has_ended = False
        self._end_bell = Bell()
        self._lock = threading.Lock()
        self._todo: deque[Task] = deque()
        self._reserved = 1
        self._reason = TERMINATED
        self._is_closing = False
        self._is_killed = False

    @property
    def is_open(self) -> bool:
        """Whether this process may give it new jobs."""
        is_leaving = self._is_closing or self._is_killed or self.has_ended
        return self.pid == os.getpid() and not is_leaving

    def reserve(self) -> bool:
        """Keep the crew until `release`; False if it takes no new jobs."""
        with self._lock:
            is_open = self.is_open
            self._reserved += is_open
        return is_open

    def release(self) -> None:
        with self._lock:
            self._reserved -= 1
        self._wake()

    @abstractmethod
    def prepare(self, function: Callable[..., Any], kwds: Mapping[str, Any]) -> Any:
        """What the tasks of one job share, ready to be sent many times."""

    @abstractmethod
    def load(self, prepared: Any, items: Sequence[tuple[Any, ...]]) -> Any:
        """The payload of one task."""

    def submit(self, tasks: Iterable[Task]) -> bool:
        """Queue tasks of a job that reserved this crew; False if it was terminated."""
        arrived = list(tasks)
        with self._lock:
            is_killed = self._is_killed
            if not is_killed:
                self._todo.extend(arrived)
        if is_killed:
            self._fail(arrived, self._reason)
        self._wake(len(arrived))
        return not is_killed

    def close(self) -> None:
        # A flag and no lock: the garbage collector calls this too, anywhere.
        if self.pid == os.getpid():
            self._is_closing = True
            self._wake()

    def join(self, timeout: float | None = None) -> bool:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.has_ended:
            left = SLICE_SECONDS if deadline is None else deadline - time.monotonic()
            if left <= 0:
                return False
            if self._end_bell.wait(min(left, SLICE_SECONDS)):
                self._end_bell.ring()  # for the next one who waits
        return True

    def signal_processes(self) -> None:  # noqa: B027 (threads have none)
        """Nothing to signal, unless the workers are processes."""

    @abstractmethod
    def terminate(self) -> None: ...

    @abstractmethod
    def _wake(self, tasks: int | None = None) -> None:
        """Let workers look: at `tasks` new tasks, or all of them at a new state.

        Takes no lock of this crew.
        """

    def _kill_queue(self, reason: str) -> list[Task]:
        """Accept no more tasks, because of `reason`; those that were waiting."""
        with self._lock:
            self._reason = reason
            self._is_killed = True
            waiting = list(self._todo)
            self._todo.clear()
        return waiting

    def _next_task(self) -> Task | None:
        """The next task somebody waits for; the caller holds the lock."""
        while self._todo:
            task = self._todo.popleft()
            if not task.is_abandoned:
                return task
        return None

    def _is_drained(self) -> bool:
        """Whether a closed crew has handed out its last task."""
        return self._is_closing and not self._reserved and not self._todo

    def _begin(self) -> None:
        lifecycle.crews.add(self)

    def _finish(self) -> None:
        self.has_ended = True
        self._end_bell.ring()
        lifecycle.crews.discard(self)

    @staticmethod
    def _fail(tasks: Iterable[Task], reason: str) -> None:
        for task in tasks:
            task.deliver(Failure(WorkerDiedError(reason)))
