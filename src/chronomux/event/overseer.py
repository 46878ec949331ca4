"""Results of pools that tell nobody when they are there: asked until they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["Overseer", "can_be_asked"]

PAUSE = 0.05  # s between two rounds


def can_be_asked(result: Any) -> bool:
    """Whether it has the `ready` and `get` of multiprocessing's results."""
    return all(callable(getattr(result, name, None)) for name in ("ready", "get"))


class Overseer:
    """Calls back with the exceptions of results, in a thread that ends with the last.

    A result that never gets ready is kept, and asked, as long as the process lives.
    """

    def __init__(self) -> None:
        self._pending: list[tuple[Any, Callable[[Exception], object]]] = []
        self._lock = threading.Lock()
        self._pid = 0  # of the process that has the thread: a fork leaves it behind

    def add(self, result: Any, failed: Callable[[Exception], object]) -> None:
        """Call `failed` with what the result raises, once it is there."""
        with self._lock:
            if self._pid != os.getpid():
                self._pending = []
                self._pid = os.getpid()
            self._pending.append((result, failed))
            if len(self._pending) == 1:
                threading.Thread(
                    target=self._main, name="chronomux-Overseer", daemon=True
                ).start()

    def _main(self) -> None:
        pause = threading.Event()
        while self._round():
            pause.wait(PAUSE)

    def _round(self) -> bool:
        """Hand on what is ready; whether anything is left."""
        with self._lock:
            pending = list(self._pending)
        done = {id(result) for result, failed in pending if settled(result, failed)}
        with self._lock:
            self._pending = [one for one in self._pending if id(one[0]) not in done]
            return bool(self._pending)


def settled(result: Any, failed: Callable[[Exception], object]) -> bool:
    """Whether the result is there; its exception is handed on."""
    try:
        if not result.ready():
            return False
        result.get()
    except Exception as error:
        failed(error)
    return True
