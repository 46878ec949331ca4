"""Iterate over a queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from queue import Empty
from typing import Any

from chronomux.types import QueueLike

__all__ = ["IterableQueue"]


class IterableQueue(Iterator[Any]):
    """Iterates over the items of any queue until it gives `Empty`.

    timeout: seconds to wait for each item; `queue.Empty` is raised when none comes in
    time, and iteration may go on afterwards. None waits for ever.
    """

    def __init__(self, queue: QueueLike, timeout: float | None = None) -> None:
        if not callable(getattr(queue, "get", None)):
            raise TypeError(f"{queue!r} is no queue: it has no get()")
        self.queue = queue
        self.timeout = timeout
        get: Callable[..., Any] = queue.get
        self._get = get if timeout is None else partial(get, timeout=timeout)
        self._ended = False

    def __next__(self) -> Any:
        if not self._ended:
            item = self._get()
            if item is not Empty:
                return item
            self._ended = True
        raise StopIteration
