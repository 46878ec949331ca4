"""Errors of callbacks in pools reach `on_error`, whoever made the pool."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.pool import ThreadPool as StandardThreadPool
from typing import Any

import pytest

from chronomux import EventManager, MultiProcessing
from chronomux.event.overseer import Overseer

LIMIT = 60.0


def failing(event: Any) -> Any:
    raise ZeroDivisionError(event["i"])


def answer(event: Any) -> int:
    return 1


class PoolOfProxies:
    """A pool in another process: what is handed over is sent there."""

    def __init__(self) -> None:
        self.manager = multiprocessing.get_context("spawn").Manager()
        self.pool = self.manager.Pool(1)

    def apply_async(self, *args: Any, **kwds: Any) -> Any:
        return self.pool.apply_async(*args, **kwds)

    def terminate(self) -> None:
        self.manager.shutdown()


def pathos_threads() -> Any:
    from pathos.pools import ThreadPool

    return ThreadPool(1)


POOLS: dict[str, Callable[[], Any]] = {
    "ThreadPool": lambda: MultiProcessing().ThreadPool(1),
    "ProcessPool": lambda: MultiProcessing().ProcessPool(1),
    "pathos": pathos_threads,
    "multiprocessing": lambda: StandardThreadPool(1),
    "proxy": PoolOfProxies,
    "executor": lambda: ThreadPoolExecutor(1),
}


@pytest.fixture(params=POOLS)
def pool(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = POOLS[request.param]()
    yield made
    getattr(made, "terminate", getattr(made, "shutdown", None))()
    getattr(made, "join", int)()


def test_errors_in_a_pool_are_counted_and_reported_once(pool: Any) -> None:
    reported = threading.Event()
    errors: list[Any] = []

    def on_error(rule: Any, event: Any, error: Exception) -> None:
        errors.append((rule.index, event, type(error)))
        if len(errors) == 2:
            reported.set()

    manager = EventManager(async_pool=pool, on_error=on_error)
    manager.register(answer, {}, {"async": True})
    manager.register(failing, {}, {"async": True})
    for i in range(2):
        good, _ = manager.trigger({"i": i})
        assert getattr(good, "get", getattr(good, "result", None))(LIMIT) == 1
    assert reported.wait(LIMIT)
    assert errors == [(1, {"i": i}, ZeroDivisionError) for i in range(2)]
    assert manager.stats.errors == 2


class Slow:
    """A result that is there when it is told to be."""

    def __init__(self) -> None:
        self.there = threading.Event()

    def ready(self) -> bool:
        return self.there.is_set()

    def wait(self, timeout: float) -> None:
        self.there.wait(timeout)

    def get(self) -> None:
        raise ZeroDivisionError


def test_a_result_that_never_comes_holds_up_no_other() -> None:
    overseer, told = Overseer(), threading.Semaphore(0)
    results = [Slow() for _ in range(4)]
    for result in results:
        overseer.add(result, lambda error: told.release())
    results[2].there.set()
    assert told.acquire(timeout=LIMIT)
    results[0].there.set()
    results[3].there.set()
    assert told.acquire(timeout=LIMIT)
    assert told.acquire(timeout=LIMIT)
    assert not told.acquire(timeout=0.2)
    results[1].there.set()
    assert told.acquire(timeout=LIMIT)


def test_the_thread_that_looks_after_results_ends_with_the_last() -> None:
    overseer, told = Overseer(), threading.Event()
    for _ in range(2):
        result = Slow()
        result.there.set()
        told.clear()
        overseer.add(result, lambda error: told.set())
        assert told.wait(LIMIT)
        deadline = time.monotonic() + LIMIT
        while overseer._thread is not None:
            assert time.monotonic() < deadline, "the thread goes on"
            time.sleep(0.001)


def test_a_result_that_cannot_tell_whether_it_is_ready_is_reported() -> None:
    class Broken(Slow):
        def ready(self) -> bool:
            raise OSError

    told = threading.Event()
    Overseer().add(Broken(), lambda error: told.set())
    assert told.wait(LIMIT)
