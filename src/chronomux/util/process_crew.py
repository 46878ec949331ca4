"""Processes that do tasks, and the thread that looks after them."""

from __future__ import annotations

import contextlib
import logging
import os
import pickle
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chronomux.errors import WorkerDiedError
from chronomux.util import lifecycle, travel
from chronomux.util.backend import mp
from chronomux.util.crew import TERMINATED, Crew, Setup
from chronomux.util.worker_process import WorkerProcess, end_processes, has_ended

__all__ = ["ProcessCrew"]

LOOK_SECONDS = 0.5  # between looks at workers whose death no descriptor reports
END_SECONDS = 2.0
PAUSE_SECONDS = 0.001
BELL_BYTES = 4096
log = logging.getLogger("chronomux")


class ProcessCrew(Crew):
    """Worker processes, each with one task in hand at most.

    A worker that dies fails the task in its hands, nothing else, and is replaced. One
    that dies before it is ready breaks the crew: its replacement would die as well.
    """

    def __init__(self, size: int, setup: Setup) -> None:
        super().__init__(size)
        self._setup = setup
        self._workers: list[WorkerProcess] = []
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        # Open as long as anybody can ring: the number of a closed one may be reused.
        weakref.finalize(self, _close, self._bell, self._rope).atexit = False
        self._last_look = time.monotonic()
        self._begin()
        self._supervisor = threading.Thread(
            target=self._supervise, name="chronomux-supervisor", daemon=True
        )
        try:
            self._hire()  # before there is a thread more to fork beside
            self._supervisor.start()
        except BaseException:
            self.signal_processes()  # or a supervisor that did start says they died
            end_processes([worker.process for worker in self._workers])
            self._finish()
            raise

    def grow(self, size: int) -> None:
        """Have at least `size` workers."""
        self.size = max(size, self.size)
        self._wake()

    def prepare(self, function: Callable[..., Any], kwds: Mapping[str, Any]) -> Any:
        return travel.pack((function, dict(kwds)))

    def load(self, prepared: Any, items: Sequence[tuple[Any, ...]]) -> Any:
        return pickle.dumps((prepared, travel.pack(items)), pickle.HIGHEST_PROTOCOL)

    def signal_processes(self) -> None:
        self._is_killed = True  # nobody is to be replaced
        for worker in tuple(self._workers):
            worker.process.terminate()

    def terminate(self) -> None:
        if self.pid != os.getpid():
            return
        self._break(TERMINATED)
        if not self.join(END_SECONDS):
            log.warning("the supervisor of a pool does not end; its workers are gone")

    def join(self, timeout: float | None = None) -> bool:
        """As any crew; then nothing is left of it, neither a thread nor a process."""
        has_ended = super().join(timeout)
        while has_ended and self._supervisor.is_alive():
            time.sleep(PAUSE_SECONDS)  # it has said so itself, and only has to return
        return has_ended

    def _wake(self, tasks: int | None = None) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it has been rung already
            os.write(self._rope, b"!")

    def _break(self, reason: str) -> None:
        """End all workers and fail all tasks; from any thread."""
        waiting = self._kill_queue(reason)
        workers = tuple(self._workers)
        self._wake()
        in_hand = [worker.task for worker in workers if worker.task is not None]
        if not end_processes([worker.process for worker in workers]):
            log.error("workers survive SIGKILL: %s", reason)
        self._fail([*in_hand, *waiting], reason)

    def _supervise(self) -> None:
        lifecycle.leave_signals_to_main()
        reason = TERMINATED
        try:
            while not self._is_killed and not self._is_done():
                self._hire()
                for worker in self._assign():
                    worker.send_task()
                self._dismiss()
                self._listen()
        except WorkerDiedError as error:
            reason = str(error)
            log.warning("a pool gives up: %s", reason)
        except Exception as error:
            reason = f"the pool broke down: {error!r}"
            log.exception(reason)
        finally:
            self._end(reason)

    def _is_done(self) -> bool:
        return self._is_closing and not self._workers

    def _hire(self) -> None:
        """Replace workers that left or died, unless there is nothing left to do."""
        with self._lock:
            is_over = self._is_killed or self._is_drained()
        present = sum(not worker.is_leaving for worker in self._workers)
        stays = {threading.main_thread(), self._supervisor}
        is_tied = threading.current_thread() in stays
        for _ in range(0 if is_over else self.size - present):
            self._workers.append(WorkerProcess(self._setup, is_tied))

    def _assign(self) -> list[WorkerProcess]:
        """Put a task in the hands of each idle worker while there are any."""
        busy = []
        with self._lock:
            for worker in self._workers:
                if worker.is_idle and not worker.may_retire:
                    worker.task = self._next_task()
                    if worker.task is None:
                        break
                    busy.append(worker)
        return busy

    def _dismiss(self) -> None:
        with self._lock:
            is_drained = self._is_drained()
        for worker in self._workers:
            if worker.is_idle and (is_drained or worker.may_retire):
                worker.dismiss()

    def _listen(self) -> None:
        """Wait for answers, deaths and the bell; deal with the first two."""
        sources: list[Any] = [self._bell]
        for worker in self._workers:
            sources += [worker.connection, worker.process.sentinel]
        rung = set(mp.connection.wait(sources, LOOK_SECONDS))
        if self._bell in rung:
            os.read(self._bell, BELL_BYTES)
        looks = self._is_time_to_look()
        for worker in tuple(self._workers):
            if worker.connection in rung:
                if not worker.receive():
                    self._bury(worker)
                continue
            is_dead = worker.process.sentinel in rung
            is_dead = is_dead or (looks and has_ended(worker.process))
            # What it said last may have come in since the wait.
            if is_dead and not worker.connection.poll():
                self._bury(worker)

    def _is_time_to_look(self) -> bool:
        """A child of a worker may hold its descriptors open and hide its death."""
        now = time.monotonic()
        is_time = now - self._last_look >= LOOK_SECONDS
        if is_time:
            self._last_look = now
        return is_time

    def _bury(self, worker: WorkerProcess) -> None:
        self._workers.remove(worker)
        worker.bury()
        if self._is_killed or worker.is_leaving:
            return
        how = worker.describe_end()
        if not worker.is_ready:
            raise WorkerDiedError(f"{how} before its first task; see its initializer")
        log.info("%s; another one takes its place", how)
        if worker.task is not None:
            self._fail([worker.task], f"{how} before its task was done")

    def _end(self, reason: str) -> None:
        workers = tuple(self._workers)
        waiting = self._kill_queue(reason)
        end_processes([worker.process for worker in workers])
        in_hand = [worker.task for worker in workers if worker.task is not None]
        self._fail([*in_hand, *waiting], reason)
        for worker in workers:
            worker.connection.close()
        self._workers.clear()
        self._finish()


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
