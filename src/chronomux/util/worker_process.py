"""A worker process as its parent sees it."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from chronomux.errors import WorkerDiedError
from chronomux.util import lifecycle, travel, worker
from chronomux.util.backend import Connection, mp
from chronomux.util.crew import Setup, Task

__all__ = ["WorkerProcess", "end_processes", "has_ended", "start_quietly"]

GRACE_SECONDS = 0.2  # between SIGTERM and SIGKILL
LOOK_SECONDS = 0.02
REAP_SECONDS = 0.001
DEATH_SECONDS = 2.0  # for the kernel to make an end of what was killed


class WorkerProcess:
    """One process, the socket to it, and the task in its hands.

    No lock or queue is shared with another worker, so the death of one, at any
    moment, concerns that one only.
    """

    def __init__(self, setup: Setup, is_tied: bool) -> None:
        """Start it. `is_tied`: the calling thread will outlive it."""
        self.task: Task | None = None
        self.is_ready = False
        self.is_leaving = False
        self._tasks_left = setup.max_tasks
        self.connection: Connection
        self.connection, theirs = mp.Pipe()
        is_child = mp.get_start_method() != "forkserver"
        self.process = mp.Process(
            target=worker.serve,
            args=(
                theirs,
                os.getpid() if is_child else None,
                is_child and is_tied,
                setup.run,
            ),
            name="chronomux-worker",
            daemon=True,
        )
        try:
            start_quietly(self.process.start)
        except BaseException:
            self.connection.close()
            raise
        finally:
            theirs.close()

    @property
    def is_idle(self) -> bool:
        return self.is_ready and self.task is None and not self.is_leaving

    @property
    def may_retire(self) -> bool:
        """Whether it has done all the tasks it may do."""
        return self._tasks_left is not None and self._tasks_left <= 0

    def send_task(self) -> None:
        """Send the task in its hands; its death shows when the answer is read."""
        assert self.task is not None
        if self._tasks_left is not None:
            self._tasks_left -= 1
        self._send(self.task.payload)

    def dismiss(self) -> None:
        """Let it end by itself."""
        self.is_leaving = True
        self._send(worker.STOP)

    def receive(self) -> bool:
        """Read one answer and pass it on; False if there will be no more of them."""
        try:
            data = self.connection.recv_bytes()
        except (EOFError, OSError):
            return False
        task, self.task = self.task, None
        if not self.is_ready:
            self._greet(data)
        else:
            self.is_leaving = self.is_leaving or data[:1] == travel.DIED
        if task is not None:
            task.deliver(travel.PackedOutcome(data))
        return True

    def _greet(self, data: bytes) -> None:
        if data == travel.READY:
            self.is_ready = True
            return
        try:
            travel.PackedOutcome(data).take()
        except Exception as error:
            raise WorkerDiedError(
                f"the pool's initializer failed: {error!r}"
            ) from error

    def bury(self) -> None:
        """Close what belongs to it, after its end or its last word.

        Until its exit code is taken it is a zombie, whose descriptors stay open.
        """
        self.connection.close()
        self.process.join(GRACE_SECONDS)

    def describe_end(self) -> str:
        """How it ended, in words; after `bury`."""
        code = self.process.exitcode
        if code is None:
            return f"worker {self.process.pid} closed its connection"
        if code < 0:
            return f"worker {self.process.pid} was killed by signal {-code}"
        return f"worker {self.process.pid} ended with exit code {code}"

    def _send(self, message: bytes) -> None:
        try:
            self.connection.send_bytes(message)
        except OSError:
            return  # it died; the reading side finds out how


def start_quietly(start: Callable[[], None]) -> None:
    """Start a process; it is born with SIGINT and SIGTERM held back.

    Python 3.12 warns about every fork beside threads. The child runs nothing but the
    loop of a worker, which needs no lock another thread of the parent could hold.
    """
    if sys.version_info >= (3, 12):
        warnings.filterwarnings(
            "ignore",
            message=".*use of fork\\(\\) may lead to deadlocks in the child",
            category=DeprecationWarning,
            module="multiprocess\\.popen_fork",
        )
    with _fork_hooks_heard(), lifecycle.signals_held():
        start()


@contextmanager
def _fork_hooks_heard() -> Iterator[None]:
    """Raise what a signal handler raised in a hook that Python runs around a fork.

    Python only reports it as unraisable and goes on, so Ctrl-C would be lost: another
    thread may take the signal although this one holds it back. Handlers, and so this,
    run in the main thread only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    report, lost = sys.unraisablehook, []

    def hear(unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, (KeyboardInterrupt, SystemExit)):
            lost.append(unraisable.exc_value or unraisable.exc_type())
        else:
            report(unraisable)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = report
    if lost:
        raise lost[0]


def end_processes(processes: Iterable[Any], grace: float = GRACE_SECONDS) -> bool:
    """SIGTERM, then SIGKILL after `grace` seconds; whether all of them are gone."""
    left = list(processes)
    for process in left:
        process.terminate()
    left = _wait_for(left, grace)
    for process in left:
        process.kill()
    return not _wait_for(left, DEATH_SECONDS)


def _wait_for(processes: list[Any], seconds: float) -> list[Any]:
    """Those still alive after at most `seconds`."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if not has_ended(process)]
    while left and time.monotonic() < deadline:
        left[0].join(LOOK_SECONDS)
        time.sleep(REAP_SECONDS)  # join() returns early while another thread reaps it
        left = [process for process in left if not has_ended(process)]
    return left


def has_ended(process: Any) -> bool:
    """Whether it is gone; also if the system, and not this process, has reaped it."""
    if not process.is_alive():
        return True
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return True
    return False
