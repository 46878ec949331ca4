"""Events off a queue, whatever kind of queue it is."""

from __future__ import annotations

import inspect
import queue as standard
import threading
from collections.abc import Callable, Iterator
from typing import Any

from chronomux.types import QueueLike

__all__ = ["batches"]

SLICE = 0.1
"""Seconds that one wait takes at most, so that stopping does not wait for an event."""

BATCH = 256
"""Events taken at once where the queue has them; all of them are still triggered."""

SHUT_DOWN = getattr(standard, "ShutDown", ())  # from Python 3.13 on


def batches(queue: QueueLike, stopping: threading.Event) -> Iterator[list[Any]]:
    """Lists of events until `Empty` comes, the queue is shut down, or stopping is set.

    A `get` that takes no timeout is waited for, so stopping waits for it as well.
    """
    take = _taker(queue)
    while not stopping.is_set():
        try:
            batch = take()
        except standard.Empty:
            continue
        except SHUT_DOWN:
            return
        end = next((i for i, item in enumerate(batch) if item is standard.Empty), None)
        if end is not None:
            yield batch[:end]
            return
        yield batch


def _taker(queue: Any) -> Callable[[], list[Any]]:
    get, get_many = queue.get, getattr(queue, "get_many", None)
    if callable(get_many):
        return lambda: list(get_many(BATCH, timeout=SLICE))
    if _takes_timeout(get):
        return lambda: [get(timeout=SLICE)]
    return lambda: [get()]


def _takes_timeout(get: Callable[..., Any]) -> bool:
    try:
        inspect.signature(get).bind(timeout=SLICE)
    except (TypeError, ValueError):
        return False
    return True
