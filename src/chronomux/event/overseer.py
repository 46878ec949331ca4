"""Results of pools that tell nobody when they are there: waited for and asked."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

__all__ = ["Failed", "Overseer", "can_be_asked"]

Failed: TypeAlias = Callable[[Exception], object]
Pending: TypeAlias = tuple[Any, Failed]

SLICE = 0.05  # s; so often all are asked while the oldest is waited for


def can_be_asked(result: Any) -> bool:
    """Whether it is like the results of multiprocessing."""
    return all(
        callable(getattr(result, name, None)) for name in ("ready", "wait", "get")
    )


class Overseer:
    """Calls back with the exceptions of results, in a thread that ends with the last.

    The oldest is waited for, and most pools do what they are given in its order. A
    result that never gets ready is kept, and asked, as long as the process lives.
    """

    def __init__(self) -> None:
        self._pending: deque[Pending] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, result: Any, failed: Failed) -> None:
        """Call `failed` with what the result raises, once it is there."""
        with self._lock:
            self._pending.append((result, failed))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._main, name="chronomux-Overseer", daemon=True
                )
                self._thread.start()

    def _main(self) -> None:
        while (oldest := self._oldest()) is not None:
            if is_ready_within(SLICE, oldest[0]):
                with self._lock:
                    self._pending.popleft()
                settle(oldest)
            else:
                self._settle_others()

    def _oldest(self) -> Pending | None:
        with self._lock:
            if self._pending:
                return self._pending[0]
            self._thread = None
            return None

    def _settle_others(self) -> None:
        """What is ready behind the oldest."""
        with self._lock:
            _, *others = self._pending
        done = [one for one in others if is_ready_within(0, one[0])]
        gone = set(map(id, done))
        with self._lock:
            left = [one for one in self._pending if id(one) not in gone]
            self._pending = deque(left)
        for one in done:
            settle(one)


def is_ready_within(seconds: float, result: Any) -> bool:
    """Whether it is there. One that cannot tell has its error told by `get`."""
    try:
        if seconds and not result.ready():
            result.wait(seconds)
        return bool(result.ready())
    except Exception:
        return True


def settle(pending: Pending) -> None:
    """Hand on what the result raises."""
    result, failed = pending
    try:
        result.get()
    except Exception as error:
        failed(error)
