"""When the process ends: by itself, by an exception, by SIGTERM."""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from chronomux.util import lifecycle

__all__ = ["DEFAULT_EXIT_TIMEOUT", "Ending", "ending"]

DEFAULT_EXIT_TIMEOUT = 30.0
SIGTERM_EXIT = 128 + signal.SIGTERM


class Ending:
    """What this process has to do about its pools before it is gone."""

    def __init__(self) -> None:
        self.exit_timeout: Callable[[], float] = lambda: DEFAULT_EXIT_TIMEOUT
        self._has_hook = False
        self._is_signalled = False
        self._is_signalled_late = False
        self._main_has_ended = False
        lifecycle.at_fork(self._start_clean)

    def handle_sigterm(self) -> None:
        """Where nobody handles SIGTERM: end the pools on it, then exit with 143."""
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _on_sigterm)

    def handle_exit(self) -> None:
        """Wind up at exit, or end at once after an uncaught exception.

        Call it again after loading a library whose own exit function ends processes:
        exit functions run last in, first out.
        """
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
        # Exit functions run after the last non-daemon thread has ended, and such a
        # thread may wait for a pool: after Ctrl-C that wait has to fail first.
        register: Any = getattr(threading, "_register_atexit", None)
        if register is not None and not self._has_hook:
            self._has_hook = True
            register(_before_threads_end)

    def on_sigterm(self) -> None:
        # The interrupted code may hold any lock: only signal; unwinding does the rest.
        self._is_signalled = True
        self._is_signalled_late = self._main_has_ended
        lifecycle.signal_all()
        sys.exit(SIGTERM_EXIT)

    def before_threads_end(self) -> None:
        self._main_has_ended = True
        if self._is_urgent():
            lifecycle.terminate_all()

    def at_exit(self) -> None:
        self._main_has_ended = True
        try:
            if self._is_urgent():
                lifecycle.terminate_all()
            else:
                lifecycle.wind_up(self.exit_timeout())
        finally:
            if self._is_signalled_late:
                _exit_by_hand()

    def _is_urgent(self) -> bool:
        return self._is_signalled or _has_died_of_exception()

    def _start_clean(self) -> None:
        self._is_signalled = self._is_signalled_late = self._main_has_ended = False
        if signal.getsignal(signal.SIGTERM) is _on_sigterm:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


ending = Ending()


def _has_died_of_exception() -> bool:
    """Whether the interpreter has printed a traceback and is about to end."""
    is_interactive = hasattr(sys, "ps1")
    return getattr(sys, "last_type", None) is not None and not is_interactive


def _exit_by_hand() -> None:
    """Exit with 143 where an exception no longer sets the exit code."""
    logging.shutdown()
    with contextlib.suppress(Exception):  # closed, or nobody reads it
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(SIGTERM_EXIT)


# Plain functions: they are compared with what is installed.
def _on_sigterm(number: int, frame: FrameType | None) -> None:
    ending.on_sigterm()


def _before_threads_end() -> None:
    ending.before_threads_end()


def _at_exit() -> None:
    ending.at_exit()
