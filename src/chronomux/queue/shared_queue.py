"""The queue that multiplexers make."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import reprlib
from multiprocessing.context import BaseContext
from multiprocessing.queues import Queue as ProcessQueue
from typing import TYPE_CHECKING, Any

__all__ = ["Queue"]

logger = logging.getLogger("chronomux")


if TYPE_CHECKING:
    _Base = ProcessQueue[Any]
else:
    _Base = ProcessQueue  # takes a parameter from Python 3.12 on only


class Queue(_Base):
    """A queue between processes and threads, as `multiprocessing.Queue`.

    `Queue.Empty`, put as an item, ends a stream; it is `queue.Empty`, and what `get`
    raises when it has waited in vain. maxsize: items; 0 or less for no bound. ctx: the
    multiprocessing context; the default one when None.

    A queue travels to a process as an argument of `Process`, or by fork. An item that
    cannot be pickled is logged and lost: the pickling is done behind `put`.
    """

    Empty = queue.Empty
    Full = queue.Full

    def __init__(self, maxsize: int = 0, *, ctx: BaseContext | None = None) -> None:
        super().__init__(maxsize, ctx=ctx or multiprocessing.get_context())

    @staticmethod
    def _on_queue_feeder_error(error: Exception, item: Any) -> None:
        logger.error(
            "an item put on a Queue is lost, it cannot be sent: %s: %s (the item: %s)",
            type(error).__name__,
            error,
            reprlib.repr(item),
        )
