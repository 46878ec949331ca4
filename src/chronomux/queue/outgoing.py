"""What a process has put on a queue, until all of it is in shared memory.

It outlives the queue: a queue may be dropped, or the process end, before that.
"""

from __future__ import annotations

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


class Outgoing:
    """A process's sender for one queue, its feeder thread, and how both end."""

    def __init__(self, owner: object, ring: Ring) -> None:
        pid = os.getpid()
        self.ring = ring
        self.sender = Sender(ring, ring.attach(pid, started(pid), has_ended))
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
            threading.Thread(
                target=self._feed, name="chronomux-feeder", daemon=True
            ).start()

    def _feed(self) -> None:
        self.sender.feed()
        self._ended()

    def flush(self, meanwhile: Callable[[], None]) -> None:
        """Return when all is in shared memory; calls `meanwhile` now and then."""
        while not self.sender.flush():
            self.feed()
            self.sender.flushed_within(SLICE)
            meanwhile()

    def finish(self) -> None:
        """Nothing more will be put: send what there is, behind the caller's back."""
        self.sender.close()
        if self.sender.flush():
            self._ended()
        else:
            self.feed()

    def wait(self) -> None:
        """Return when all is sent. At exit no thread may start any more."""
        self.sender.close()
        while not self.sender.flush():
            if self.sender.fed:
                self.sender.flushed_within(SLICE)
            else:
                self.sender.feed_within(SLICE)
        self._ended()

    def do_not_wait(self) -> None:
        """The process may end before all is sent."""
        for finalizer in self.waits:
            finalizer.cancel()

    def _ended(self) -> None:
        """This process is a producer no more."""
        self.ring.detach(self.sender.slot)
        for finalizer in [*self.begins, *self.waits]:
            finalizer.cancel()
