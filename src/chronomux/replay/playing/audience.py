"""Who hears of the items that are played: queues and callbacks."""

from __future__ import annotations

import logging
import queue as queues
from collections.abc import Callable, Mapping
from typing import Any

from chronomux.event import Condition
from chronomux.replay.scl import scl_condition

__all__ = ["Audience"]

logger = logging.getLogger("chronomux")

PUT_SECONDS = 0.1  # between two looks at `is_left` while a queue is full


class Audience:
    """Every queue and callback hears of every item, in the order of their coming.

    `waits_for` names who is being told now; `errors` counts callbacks and conditions
    that raised. With `is_left` a queue that stays full is not waited for.
    """

    def __init__(self) -> None:
        self.waits_for: str | None = None
        self.errors = 0
        self.is_left = False
        self._queues: list[Any] = []
        self._listeners: list[tuple[Condition, Callable[[Any], object]]] = []

    def add_queue(self, queue: Any) -> None:
        """TypeError for what has no put."""
        if not callable(getattr(queue, "put", None)):
            raise TypeError(f"{queue!r} has no put")
        self._queues.append(queue)

    def add_listener(
        self,
        condition: Condition | Mapping[str, Any] | str,
        callback: Callable[[Any], object],
    ) -> None:
        """For the items of which a condition holds; as text it is SCL."""
        if not callable(callback):
            raise TypeError(f"callback={callback!r} cannot be called")
        if isinstance(condition, str):
            condition = scl_condition(condition)
        elif not isinstance(condition, Condition):
            condition = Condition(condition)
        self._listeners.append((condition, callback))

    def tell(self, item: Any) -> None:
        """Wait until all have heard of it."""
        for number, queue in enumerate(self._queues):
            self._put(number, queue, item)
        for condition, callback in self._listeners:
            self._call(condition, callback, item)

    def end(self) -> None:
        """Put `Empty` on all queues."""
        for number, queue in enumerate(self._queues):
            if not self._put(number, queue, queues.Empty):
                logger.warning("queue %d stayed full, and has no Empty", number)

    def _put(self, number: int, queue: Any, item: Any) -> bool:
        """Wait as long as the queue is full, unless it is to be left."""
        self.waits_for = f"queue {number}"
        try:
            while True:
                try:
                    queue.put(item, timeout=PUT_SECONDS)
                    return True
                except queues.Full:
                    if self.is_left:
                        return False
        finally:
            self.waits_for = None

    def _call(
        self, condition: Condition, callback: Callable[[Any], object], item: Any
    ) -> None:
        name = getattr(callback, "__name__", repr(callback))
        self.waits_for = name
        try:
            if condition.matches(item):
                callback(item)
        except Exception:
            self.errors += 1
            logger.exception("listener %s raised; the playing goes on", name)
        finally:
            self.waits_for = None
