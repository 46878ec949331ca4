"""The demo's listener that is an event manager: five conditions, and what met them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from chronomux.event import EventManager
from chronomux.event.operators import exists
from chronomux.samples.exchange import INSTRUMENT
from chronomux.types import QueueLike

__all__ = ["RULES", "Watch"]

MUCH = 1 << 16  # kB of memory that waits to be written


def _is_much(kilobytes: str) -> bool:
    return int(kilobytes) > MUCH


RULES: Mapping[str, Mapping[str, Any]] = {
    "came late": {"arrived": exists()},
    "much to write": {"source": "memory", "dirty": _is_much},
    "of the processor": {"source": ["cpu", "scheduler"]},
    "told to open": {"source": "commands", "action": "open"},
    "answers sent": {"udp.srcport": INSTRUMENT},
}


class Watch:
    """Counts by rule the items of a queue; a listener like any other.

    add: called with (name of the rule, item) for each match. `seen` counts all items.
    """

    def __init__(
        self, queue: QueueLike, add: Callable[[str, dict[str, Any]], object]
    ) -> None:
        self._error: Exception | None = None
        self._manager = EventManager(queue, on_error=self._failed)
        for name, condition in RULES.items():
            self._manager.register(partial(add, name), condition)
        self._manager.run()

    def _failed(self, rule: object, item: object, error: Exception) -> None:
        self._error = self._error or error

    @property
    def seen(self) -> int:
        return self._manager.stats.events

    @property
    def error(self) -> BaseException | None:
        """What ended it, or the first error of a callback or a condition."""
        return self._manager.exception or self._error

    def is_alive(self) -> bool:
        return self._manager.is_running

    def join(self, timeout: float) -> None:
        if self.error is None:
            self._manager.join(timeout)
