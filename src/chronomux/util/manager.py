"""A multiprocess Manager whose process ends with its parent."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from types import FrameType
from typing import Any

from chronomux.errors import NestedPoolError
from chronomux.util import lifecycle
from chronomux.util.backend import mp
from chronomux.util.worker import ORPHANED, settle
from chronomux.util.worker_process import end_processes, start_quietly

__all__ = ["ManagerProcess"]

CLEANUP_SECONDS = 0.5


class ManagerProcess:
    """The server process behind `Manager()`, as one of the things to end at exit."""

    def __init__(self) -> None:
        if lifecycle.is_worker():
            raise NestedPoolError(
                "a worker of a process pool cannot start a Manager: make it in the"
                " parent and pass its queues, dicts and locks to the task"
            )
        is_child = mp.get_start_method() != "forkserver"
        parent_pid = os.getpid() if is_child else None
        self.manager: Any = mp.managers.SyncManager(ctx=mp.get_context())
        start_quietly(lambda: self.manager.start(_settle_server, (parent_pid,)))
        self._process = self.manager._process
        lifecycle.servers.add(self)

    @property
    def is_running(self) -> bool:
        return bool(self._process.is_alive())

    def signal_processes(self) -> None:
        """Send SIGTERM; takes no lock."""
        self._process.terminate()

    def terminate(self) -> None:
        """End the server now. What its proxies held is gone."""
        end_processes([self._process], grace=CLEANUP_SECONDS)
        _remove_socket(self.manager.address)
        self.manager.shutdown()
        lifecycle.servers.discard(self)


def _settle_server(parent_pid: int | None) -> None:
    settle(parent_pid, orphaned=_clean_up_and_end)
    # The default action would leave its socket and directory behind.
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    # A second one, from the parent after one to the group, would cut the cleanup short.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def _remove_socket(address: Any) -> None:
    """What a server that had to be killed could not remove: its folder."""
    folder = os.path.dirname(address) if isinstance(address, str) else ""
    if os.path.basename(folder).startswith("pymp-"):
        shutil.rmtree(folder, ignore_errors=True)


def _clean_up_and_end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(CLEANUP_SECONDS)
    os._exit(ORPHANED)
