"""Threads that do tasks in this process."""

from __future__ import annotations

import logging
import queue
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chronomux.errors import WorkerDiedError
from chronomux.util.crew import TERMINATED, Crew, Setup, Task
from chronomux.util.outcomes import Failure, Outcome, Values, run

__all__ = ["ThreadCrew"]

IDLE_SECONDS = 0.5
log = logging.getLogger("chronomux")


class ThreadCrew(Crew):
    """Daemon threads: a task that never ends cannot keep the process from ending."""

    def __init__(self, size: int, setup: Setup) -> None:
        super().__init__(size)
        self._setup = setup
        # Its put() may be called anywhere, even by the garbage collector in a put().
        self._bells: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._hired = 0
        self._present = 0
        self._in_hand: dict[int, Task] = {}
        self._begin()
        self.grow(size)

    def grow(self, size: int) -> None:
        """Have at least `size` threads."""
        with self._lock:
            self.size = max(size, self.size)
            first, self._hired = self._hired, self.size
            self._present += self._hired - first
        for number in range(first, self.size):
            name = f"pool-thread-{number}"
            threading.Thread(target=self._serve, name=name, daemon=True).start()

    def prepare(self, function: Callable[..., Any], kwds: Mapping[str, Any]) -> Any:
        return function, kwds

    def load(self, prepared: Any, items: Sequence[tuple[Any, ...]]) -> Any:
        return *prepared, items

    def terminate(self) -> None:
        """Drop all tasks. Threads cannot be killed: running calls end unheard."""
        self._drop_all(TERMINATED)
        self._finish()

    def _drop_all(self, reason: str) -> None:
        waiting = self._kill_queue(reason)
        self._fail([*waiting, *tuple(self._in_hand.values())], reason)
        self._wake()

    def _wake(self, tasks: int | None = None) -> None:
        for _ in range(self.size if tasks is None else min(tasks, self.size)):
            self._bells.put(None)

    def _serve(self) -> None:
        me = threading.get_ident()
        try:
            self._setup.run()
            while not self._is_over():
                self._do_tasks(me)
                self._await_bell()
        except BaseException as error:
            log.exception("the initializer of a thread pool failed")
            self._drop_all(f"the pool's initializer failed: {error!r}")
        finally:
            self._leave()

    def _do_tasks(self, me: int) -> None:
        while (task := self._take(me)) is not None:
            outcome = _do(*task.payload)
            with self._lock:
                del self._in_hand[me]
            task.deliver(outcome)

    def _take(self, me: int) -> Task | None:
        with self._lock:
            task = self._next_task()
            if task is not None:
                self._in_hand[me] = task
            return task

    def _is_over(self) -> bool:
        with self._lock:
            return self._is_killed or self._is_drained()

    def _await_bell(self) -> None:
        try:
            self._bells.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            return

    def _leave(self) -> None:
        with self._lock:
            self._present -= 1
            is_last = not self._present
        if is_last:
            self._finish()
        else:
            self._wake()


def _do(
    function: Callable[..., Any],
    kwds: Mapping[str, Any],
    items: Sequence[tuple[Any, ...]],
) -> Outcome:
    try:
        return Values(run(function, items, kwds))
    except Exception as error:
        return Failure(error)
    except BaseException as error:
        # SystemExit must not end the caller, nor this thread in silence.
        text = "".join(traceback.format_exception(error))
        return Failure(WorkerDiedError(f"a task tried to end its thread\n{text}"))
