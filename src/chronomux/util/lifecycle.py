"""Which crews and servers of this process are alive, and the ways to end them.

Light: it knows them by what they can do, not by their modules.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

__all__ = [
    "at_fork",
    "crews",
    "interruptible",
    "is_worker",
    "leave_signals_to_main",
    "loading",
    "servers",
    "signal_all",
    "signals_held",
    "terminate_all",
    "terminate_crews",
    "wind_up",
]

log = logging.getLogger("chronomux")


class Server(Protocol):
    """Something with processes of its own."""

    def signal_processes(self) -> None:
        """Send SIGTERM, take no lock: called by a signal handler."""

    def terminate(self) -> None:
        """End now, by SIGTERM, then SIGKILL; returns when nothing is left."""


class Crew(Server, Protocol):
    """Something that works off tasks."""

    def close(self) -> None:
        """Take no more work and end when the work in hand is done; returns at once."""

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it came within `timeout` seconds."""


crews: set[Crew] = set()
servers: set[Server] = set()
loading = threading.RLock()
"""Held while pathos is imported: a child forked meanwhile could never import it."""

_at_fork: list[Callable[[], None]] = []
_HELD = {signal.SIGINT, signal.SIGTERM}


def is_worker() -> bool:
    """Whether this process is a worker of a pool, which may have no children."""
    backend: Any = sys.modules.get("multiprocess")  # a worker of pathos counts as well
    # Half imported, by another thread: it cannot have made this process.
    current_process = getattr(backend, "current_process", None)
    return current_process is not None and bool(current_process().daemon)


def at_fork(start_clean: Callable[[], None]) -> None:
    """Have `start_clean` called in every forked child."""
    _at_fork.append(start_clean)


def terminate_all() -> None:
    """End everything now; crews first, as their tasks may use the servers."""
    signal_all()
    terminate_crews()
    for server in tuple(servers):
        server.terminate()


def terminate_crews() -> None:
    """End all work now."""
    for crew in tuple(crews):
        crew.signal_processes()
    for crew in tuple(crews):
        crew.terminate()


def signal_all() -> None:
    """Send SIGTERM to everything; takes no lock."""
    for one in (*crews, *servers):
        one.signal_processes()


def wind_up(timeout: float) -> None:
    """Let running work end within `timeout` seconds, then terminate what is left."""
    deadline = time.monotonic() + timeout
    try:
        leaving = tuple(crews)
        for crew in leaving:
            crew.close()
        late = [c for c in leaving if not c.join(max(0.0, deadline - time.monotonic()))]
        if late:
            log.warning("pools still busy %g s after the end; terminating", timeout)
    finally:
        terminate_all()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C or an exit within ends all work; the exception goes on."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        terminate_crews()
        raise


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back while a process is being made.

    It inherits the mask, and lets them in when its own handlers stand.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def leave_signals_to_main() -> None:
    """Have the calling thread take no SIGINT and no SIGTERM from now on.

    A thread that changes its mask, as around a fork, may take a signal the main thread
    was woken for. Handlers run in the main thread only, and that would sleep on.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)


_mask = threading.local()


def _before_fork() -> None:
    loading.acquire()
    # A child forgets signals that come before it has dealt with its birth.
    _mask.before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _after_fork() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, _mask.before)
    loading.release()


def _after_fork_in_child() -> None:
    """The parent's crews are not this process's to use or to end."""
    crews.clear()
    servers.clear()
    for start_clean in _at_fork:
        start_clean()
    _after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork,
        after_in_child=_after_fork_in_child,
    )
