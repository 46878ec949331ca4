"""Workers of a crew do what they are told, and tell what went wrong."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from benchmarks.crew import Crew


class Worker:
    def __init__(self, number: int, given: object) -> None:
        self.number = number
        self.given = given

    def tell(self, word: str) -> tuple[int, object, str]:
        return self.number, self.given, word

    def pid(self) -> int:
        return os.getpid()

    def work(self, seconds: float) -> None:
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    def fail(self) -> None:
        raise ValueError("no such luck")

    def die(self) -> None:
        os._exit(3)


def test_workers_are_told_apart_answer_and_are_gone_at_the_end() -> None:
    with Crew(2, Worker, "given") as crew:
        orders = {0: ("tell", "a"), 1: ("tell", "b")}
        assert crew.do(orders) == {0: (0, "given", "a"), 1: (1, "given", "b")}
        pids = crew.do({0: ("pid",), 1: ("pid",)}).values()
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_cpu_time_of_workers_counts_and_idle_ones_use_none() -> None:
    with Crew(1, Worker, None) as crew:
        own, start = time.process_time(), crew.cpu_seconds()
        crew.do({0: ("work", 0.1)})
        used, own = crew.cpu_seconds() - start, time.process_time() - own
    assert (
        0.09 < used - own < 0.2
    )  # a clock in steps of 10 ms, where there is no better


def test_error_of_a_worker_comes_with_its_traceback_and_the_worker_goes_on() -> None:
    with Crew(1, Worker, None) as crew:
        with pytest.raises(RuntimeError, match="no such luck"):
            crew.do({0: ("fail",)})
        assert crew.do({0: ("tell", "c")}) == {0: (0, None, "c")}


def test_death_of_a_worker_is_told() -> None:
    with (
        Crew(1, Worker, None) as crew,
        pytest.raises(RuntimeError, match="worker 0 died, status 3"),
    ):
        crew.do({0: ("die",)})
