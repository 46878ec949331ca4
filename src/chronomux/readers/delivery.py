"""Putting items on any queue so that a full one cannot hold a reader for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, Full
from threading import Event
from typing import Any, Protocol

from chronomux.types import QueueLike

__all__ = ["Direct", "deliver"]

logger = logging.getLogger("chronomux")

_SLICE = 0.1  # s between two looks at `stopping` while the queue is full
_GRACE = 1.0  # s an interrupted reader goes on trying to put the end mark


class _Stopped(Exception):
    """The reader was closed while it waited for room."""


class Direct(Protocol):
    """Items that put themselves on the queue, several at a time."""

    def put(self, timeout: float) -> bool:
        """Put the next ones; False: there are none. Waits for room, then `Full`."""


def deliver(
    items: Iterable[Any],
    queue: QueueLike,
    stopping: Event,
    direct: Callable[[], Direct | None] = lambda: None,
) -> None:
    """Put every item, then `queue.Empty`, whatever happened, until `stopping` is set.

    `direct` may give what puts them faster, in the place of `items`. What ends either
    early, or the queue itself, raises after the end mark was put. A full queue is
    waited for; once `stopping` is set, or after KeyboardInterrupt, the end mark waits
    for at most a second.
    """
    put = _sliced_put(queue, stopping)
    try:
        faster = direct()
        if faster is None:
            _put_items(put, items, stopping)
        else:
            _put_all(faster, stopping)
    except BaseException as error:
        if not isinstance(error, Exception):
            stopping.set()
        _put_end_after(error, put)
        raise
    _put_end(put)


def _put_all(direct: Direct, stopping: Event) -> None:
    there_are_more = True
    while there_are_more and not stopping.is_set():
        with suppress(Full):
            there_are_more = direct.put(_SLICE)


def _put_items(
    put: Callable[[Any], None], items: Iterable[Any], stopping: Event
) -> None:
    is_stopping = stopping.is_set
    try:
        for item in items:
            put(item)
            if is_stopping():
                return
    except _Stopped:
        return


def _sliced_put(queue: QueueLike, stopping: Event) -> Callable[[Any], None]:
    if not _takes_timeout(queue):
        return queue.put
    timed_put: Callable[..., Any] = queue.put

    def put(item: Any) -> None:
        while True:
            try:
                timed_put(item, timeout=_SLICE)
                return
            except Full:
                if stopping.is_set():
                    raise _Stopped from None

    return put


def _takes_timeout(queue: QueueLike) -> bool:
    """Whether `put` has a timeout; proxies of a Manager's queues take any keyword."""
    import inspect  # costs more than all of this room

    try:
        parameters = inspect.signature(queue.put).parameters
    except (TypeError, ValueError):
        return False
    kinds = {parameter.kind for parameter in parameters.values()}
    return "timeout" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


def _put_end_after(error: BaseException, put: Callable[[Any], None]) -> None:
    """A queue that failed may fail again: the first error is the one to report."""
    try:
        _put_end(put)
    except Exception as second:
        logger.warning("no end mark was put after %r: %r", error, second)


def _put_end(put: Callable[[Any], None]) -> None:
    deadline: float | None = None
    while True:
        try:
            put(Empty)
            return
        except _Stopped:
            now = time.monotonic()
            deadline = deadline or now + _GRACE
            if now < deadline:
                continue
            logger.warning(
                "a stopped reader could not put its end mark: the queue stayed full "
                "for %g s; whoever reads it may wait for ever",
                _GRACE,
            )
            return
