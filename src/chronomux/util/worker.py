"""What runs inside a worker process: obey the parent, do tasks, die when it does."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from chronomux.util import travel
from chronomux.util.backend import Connection, mp

__all__ = ["STOP", "serve", "settle"]

STOP = b""
WATCH_SECONDS = 0.25
ORPHANED = 113  # exit code, for who looks at a process table
_PR_SET_PDEATHSIG = 1


def serve(
    connection: Connection,
    parent_pid: int | None,
    tie_to_thread: bool,
    prepare: Callable[[], None],
) -> None:
    """Do tasks from `connection` until STOP, its end, or a task that ends all."""
    settle(parent_pid, tie_to_thread)
    try:
        prepare()
    except BaseException as error:
        connection.send_bytes(travel.pack_error(error))
        return
    try:
        connection.send_bytes(travel.READY)
        while (message := connection.recv_bytes()) != STOP:
            reply = travel.answer(message)
            connection.send_bytes(reply)
            if reply[:1] == travel.DIED:
                return
    except (EOFError, ConnectionError):
        return  # the parent has closed its end or is gone


def settle(
    parent_pid: int | None,
    tie_to_thread: bool = False,
    orphaned: Callable[[], None] = lambda: os._exit(ORPHANED),
) -> None:
    """Make a new process a good child.

    Ctrl-C reaches the whole group; the parent alone decides what it means. SIGTERM
    must end the worker, whatever handler the parent had. The parent holds both back
    until now, so no signal is answered by a handler inherited from it.

    `tie_to_thread` lets the kernel kill this process with the thread that made it, in
    case a task keeps the GIL; only for threads that outlive their workers.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    if tie_to_thread and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    born_of = os.getppid()
    if parent_pid is not None and born_of != parent_pid:
        orphaned()
    threading.Thread(
        target=_watch_parent, args=(born_of, orphaned), name="parent-watch", daemon=True
    ).start()


def _watch_parent(born_of: int, orphaned: Callable[[], None]) -> None:
    # Not only the sentinel: a process forked after this one holds its other end too.
    parent = mp.parent_process()
    while os.getppid() == born_of:
        if parent is None:
            time.sleep(WATCH_SECONDS)
        elif mp.connection.wait([parent.sentinel], WATCH_SECONDS):
            break
    orphaned()
