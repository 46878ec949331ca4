"""What a process has put on a queue, until all of it is in shared memory.

It outlives the queue: a queue may be dropped, or the process end, before that.
"""

from __future__ import annotations

import contextlib
import multiprocessing.util as standard_util
import os
import sys
import threading
from collections.abc import Callable
from typing import Any

from chronomux._core.ring import Ring
from chronomux._core.sender import Sender
from chronomux.queue.process_life import has_ended, started

__all__ = ["Outgoing"]

SLICE = 50_000_000  # ns between two looks for Ctrl-C
PATIENCE = 40  # slices without memory until an end is an error


class Outgoing:
    """A process's sender for one queue, its feeder thread, and how both end."""

    def __init__(self, owner: object, ring: Ring, deadline: int) -> None:
        pid = os.getpid()
        self.ring = ring
        slot = ring.attach(pid, started(pid), has_ended, deadline)
        self.sender = Sender(ring, slot)
        self.slots = [self.sender.slot]  # its own until it ends
        # As multiprocessing does: begin to send before children are joined, wait for
        # the end of it after that. Workers of pathos run another module's finalizers.
        modules: list[Any] = [standard_util]
        if "multiprocess.util" in sys.modules:
            modules.append(sys.modules["multiprocess.util"])
        self.begins = [m.Finalize(owner, self.finish, exitpriority=10) for m in modules]
        self.waits = [m.Finalize(None, self.wait, exitpriority=-5) for m in modules]

    def feed(self) -> None:
        """Start the feeder if there is work for it and it does not run."""
        if self.sender.start_feeding():
            try:
                threading.Thread(
                    target=self._feed, name="chronomux-feeder", daemon=True
                ).start()
            except RuntimeError:  # at exit, or too many threads: `_progress` feeds
                self.sender.stop_feeding()

    def _feed(self) -> None:
        self.sender.feed()
        self._ended()

    def flush(self, meanwhile: Callable[[], None]) -> None:
        """Return when all is in shared memory; calls `meanwhile` now and then. OSError
        when there is no memory; a try that began earlier says nothing about that."""
        began = self.sender.tries
        while not self.sender.flush():
            self.feed()
            self._progress()
            meanwhile()
            if self.sender.failure and self.sender.tries > began + 1:
                raise self._failure()

    def finish(self) -> None:
        """Nothing more will be put: send what there is, behind the caller's back."""
        self.sender.close()
        if self.sender.flush():
            self._ended()
        else:
            self.feed()

    def wait(self) -> None:
        """Return when all is sent. OSError when there is no memory for it."""
        self.sender.close()
        failing = 0
        while not self.sender.flush():
            self._progress()
            failing = failing + 1 if self.sender.failure else 0
            if failing > PATIENCE:
                raise self._failure()
        self._ended()

    def _progress(self) -> None:
        """Wait a SLICE for the feeder, or be it: at exit no thread may start."""
        if self.sender.start_feeding():
            self.sender.feed_within(SLICE)
        else:
            self.sender.flushed_within(SLICE)

    def _failure(self) -> OSError:
        error = self.sender.failure
        return OSError(
            error, f"no shared memory for what was put: {os.strerror(error)}"
        )

    def do_not_wait(self) -> None:
        """The process may end before all is sent."""
        for finalizer in self.waits:
            finalizer.cancel()

    def _ended(self) -> None:
        """This process is a producer no more. Its slot may be another's at once."""
        with contextlib.suppress(IndexError):
            self.ring.detach(self.slots.pop())
        for finalizer in [*self.begins, *self.waits]:
            finalizer.cancel()
