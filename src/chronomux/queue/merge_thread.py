"""The life of a merge: its thread, its start and its end."""

from __future__ import annotations

import logging
import threading
import traceback
from abc import ABC, abstractmethod
from types import TracebackType
from typing import TypeVar

__all__ = ["MergeThread"]

logger = logging.getLogger("chronomux")

PATIENCE = 1.0
"""Seconds that stop() waits for a foreign get or put to return."""

Self = TypeVar("Self", bound="MergeThread")


def release_frames(error: BaseException | None) -> None:
    """Let a kept error keep its traceback, but no items in the variables there."""
    seen: set[int] = set()  # a chain of causes may be a ring
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


class MergeThread(ABC):
    """What runs a merge, in a thread of its own or in the caller's.

    `exception` is what ended it, if anything did.
    """

    def __init__(self) -> None:
        self.exception: BaseException | None = None
        self._changed = threading.Condition()  # guards the lists and the flags
        self._started = False
        self._finished = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self: Self) -> Self:
        """Start the merging thread and return self. A second call does nothing."""
        if self._claim():
            name = f"chronomux-{type(self).__name__}"
            self._thread = threading.Thread(target=self._main, name=name, daemon=True)
            self._thread.start()
        return self

    def _run_thread(self) -> None:
        """Merge in the calling thread until the end. Errors are kept for `join`."""
        if self._claim():
            self._main()
            if isinstance(self.exception, (KeyboardInterrupt, SystemExit)):
                raise self.exception

    def stop(self) -> None:
        """End the merge now. Every output gets its Empty, a full one when it has room.

        Returns when the merge has ended; if a queue's own get or put holds that up,
        after a second. Items not yet passed on are counted in `stats`.
        """
        self._stopping.set()
        with self._changed:
            self._announce()
        if self._claim():
            self._end()
        elif self._thread not in (None, threading.current_thread()):
            self._finished.wait(PATIENCE)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, timeout seconds at most; raise the error that ended it."""
        if self._started and self._finished.wait(timeout) and self.exception:
            raise self.exception

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._started and not self._finished.is_set()

    def __enter__(self: Self) -> Self:
        try:
            return self.run()
        except BaseException:  # Ctrl-C, and the thread may have started
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; raise the error of the merge unless another one is on its way."""
        self.stop()
        if error is None:
            self.join(0)

    def _claim(self) -> bool:
        """Whether the caller is the first to start this."""
        with self._changed:
            first = not self._started
            self._started = True
        return first

    def _main(self) -> None:
        try:
            self._await_queues()
            self._move_items()
        except BaseException as error:
            self.exception = error
            release_frames(error)
            # Its text: a record kept by a handler must not keep the items alive.
            logger.error("a merge ended: %s: %s", type(error).__name__, str(error))
        finally:
            self._end()

    def _end(self) -> None:
        try:
            self._finish()
        finally:
            self._finished.set()

    # What a merge does

    def _announce(self) -> None:
        """Make the merging thread look at the queues and flags again."""
        self._changed.notify_all()

    @abstractmethod
    def _await_queues(self) -> None:
        """Wait until the inputs and outputs asked for are registered."""

    @abstractmethod
    def _move_items(self) -> None:
        """Merge until all inputs have ended, or until `stop`."""

    @abstractmethod
    def _finish(self) -> None:
        """Tell the outputs that nothing more will come."""
