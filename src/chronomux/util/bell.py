"""A wait that a signal may interrupt at any point."""

from __future__ import annotations

import contextlib
import threading

__all__ = ["Bell"]


class Bell:
    """Wakes one waiter, now or later.

    threading's Condition and Event give their lock away while they wait; when a signal
    handler raises in between, they release it once more, and a RuntimeError takes the
    place of the KeyboardInterrupt. Here the wait is one call into C.
    """

    def __init__(self) -> None:
        self._silence = threading.Lock()
        self._silence.acquire()

    def ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # rung, and not heard yet
            self._silence.release()

    def wait(self, seconds: float) -> bool:
        """Wait for a ring, which is used up; whether it came within `seconds`."""
        return self._silence.acquire(timeout=seconds)
