"""Worker processes that live for a whole session, and the CPU time of all of them.

What is measured between processes must not count their start. Workers are spawned once,
get the queues of all contenders as they start (`multiprocessing.Queue` can travel in no
other way), and then do what they are told, round by round.
"""

from __future__ import annotations

import functools
import multiprocessing
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any

import psutil

LIMIT_SECONDS = 120  # for one order: far more than any takes
START_SECONDS = 60


class Crew:
    """Workers, numbered from 0; `make` makes each one's object, in its process, of its
    number and `given`. Orders are calls of the methods of that object.
    """

    def __init__(self, size: int, make: Callable[..., object], given: object) -> None:
        # Spawned: a fork would take over the threads of all that was imported so far.
        context = multiprocessing.get_context("spawn")
        self._workers = []
        self._lines: list[Connection] = []
        for number in range(size):
            mine, theirs = context.Pipe()
            worker = context.Process(
                target=_work, args=(theirs, make, number, given), daemon=True
            )
            worker.start()
            theirs.close()
            self._workers.append(worker)
            self._lines.append(mine)
        self._clocks = [_cpu_clock(worker.pid or 0) for worker in self._workers]
        for number in range(size):
            self._answer(number, START_SECONDS)

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.join()

    def cpu_seconds(self) -> float:
        """CPU time that this process and all workers have used, all their threads."""
        return time.process_time() + sum(clock() for clock in self._clocks)

    def do(self, orders: dict[int, tuple[Any, ...]]) -> dict[int, Any]:
        """Give each worker named its order, (method, arguments...), and return their
        answers. RuntimeError with a worker's traceback, or that it is silent."""
        for number, order in orders.items():
            self._lines[number].send(order)
        return {number: self._answer(number, LIMIT_SECONDS) for number in orders}

    def _answer(self, number: int, seconds: float) -> Any:
        line = self._lines[number]
        if not line.poll(seconds):
            raise RuntimeError(f"worker {number} gave no answer for {seconds} s")
        try:
            fine, answer = line.recv()
        except EOFError:
            self._workers[number].join(1)
            code = self._workers[number].exitcode
            raise RuntimeError(f"worker {number} died, status {code}") from None
        if not fine:
            raise RuntimeError(f"worker {number}:\n{answer}")
        return answer


def _cpu_clock(pid: int) -> Callable[[], float]:
    """Reads the CPU seconds of another process, in nanosecond steps where that goes."""
    if sys.platform == "linux":
        # What the C library's clock_getcpuclockid(3) gives.
        return functools.partial(time.clock_gettime, ~pid << 3 | 2)
    process = psutil.Process(pid)
    return lambda: sum(process.cpu_times()[:2])


def _work(
    line: Connection, make: Callable[..., object], number: int, given: object
) -> None:
    """A worker's life: until its crew is gone, or an order takes too long."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the crew ends it
    performer: Any = None
    order: tuple[Any, ...] = ()
    while True:
        signal.alarm(LIMIT_SECONDS)
        try:
            if performer is None:
                performer, answer = make(number, given), None
            else:
                answer = getattr(performer, order[0])(*order[1:])
        except Exception:
            line.send((False, traceback.format_exc()))
        else:
            line.send((True, answer))
        signal.alarm(0)
        try:
            order = line.recv()
        except EOFError:
            return
