"""The thread that takes events off a queue."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, TypeVar

from chronomux.event.source import batches
from chronomux.types import QueueLike

__all__ = ["Runner"]

logger = logging.getLogger("chronomux")

Self = TypeVar("Self", bound="Runner")

_runners: weakref.WeakSet[Runner] = weakref.WeakSet()


class Runner(ABC):
    """Hands the items of a queue to `_take`, in a thread, until `Empty` comes."""

    def __init__(self, queue: QueueLike | None) -> None:
        if queue is not None and not callable(getattr(queue, "get", None)):
            raise TypeError(f"{queue!r} is no queue: it has no get()")
        self.queue = queue
        self.exception: BaseException | None = None
        self._starting = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        _runners.add(self)

    def _start_clean(self) -> None:
        """In a forked child: threads that held locks are not here, nor is `run()`'s."""
        self._starting = threading.Lock()
        if self._thread is not threading.current_thread():
            self._stopping = threading.Event()

    @abstractmethod
    def _take(self, event: Any) -> None: ...

    @abstractmethod
    def finish(self) -> None: ...

    def run(self: Self) -> Self:
        """Trigger the events of the queue, in a thread, until `Empty` comes.

        Returns self; a second call while it runs does nothing. ValueError without a
        queue.
        """
        if self.queue is None:
            raise ValueError("run() needs a queue: EventManager(queue)")
        with self._starting:
            if not self.is_running:
                self._stopping.clear()
                self.exception = None
                self._thread = threading.Thread(
                    target=self._main, name="chronomux-EventManager", daemon=True
                )
                self._thread.start()
        return self

    def stop(self) -> None:
        """End now; events already taken off the queue are still triggered.

        Waits for the thread, for a second at most if a callback or a `get` holds it up.
        """
        self._stopping.set()
        thread = self._thread
        if thread not in (None, threading.current_thread()):
            thread.join(1.0)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, timeout seconds at most; raise the error that ended it."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
            if not thread.is_alive() and self.exception is not None:
                raise self.exception

    @property
    def is_running(self) -> bool:
        """Whether the thread of `run()` is alive."""
        return self._thread is not None and self._thread.is_alive()

    def __enter__(self: Self) -> Self:
        return self.run()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; raise the error of the thread unless another one is on its way."""
        self.stop()
        if error is None:
            self.join(0)

    def _main(self) -> None:
        assert self.queue is not None
        try:
            for batch in batches(self.queue, self._stopping):
                for event in batch:
                    self._take(event)
            if not self._stopping.is_set():
                self.finish()
        except BaseException as error:
            self.exception = error
            kind = type(error).__name__
            logger.error("an event manager ended: %s: %s", kind, str(error))


def _after_fork_in_child() -> None:
    for runner in list(_runners):
        runner._start_clean()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
