"""The calls of a pool, one after the other, on threads and on processes."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import RemoteError, WorkerDiedError
from chronomux.util import MultiProcessing


@pytest.fixture(params=["ProcessPool", "ThreadPool"])
def pool(request: pytest.FixtureRequest) -> Iterator[Any]:
    pool = getattr(MultiProcessing(), request.param)(2)
    yield pool
    pool.terminate()


@pytest.fixture
def processes() -> Iterator[Any]:
    pool = MultiProcessing().ProcessPool(2)
    yield pool
    pool.terminate()


def divide(one: int, two: int) -> float:
    return one / two


def test_map_takes_one_iterable_an_argument_and_stops_at_the_shortest(pool) -> None:
    assert pool.map(pow, range(5), [2, 2, 2]) == [0, 1, 4]
    assert pool.map(divmod, iter([7]), (2,)) == [(3, 1)]


@pytest.mark.parametrize("size", [0, 1, 2, 7, 8, 9, 1000])
@pytest.mark.parametrize("chunksize", [None, 1, 3, 5000])
def test_map_keeps_the_order_whatever_the_chunks(pool, size, chunksize) -> None:
    expected = [-x for x in range(size)]
    assert pool.map(lambda x: -x, range(size), chunksize=chunksize) == expected


def test_imap_keeps_the_order_and_uimap_gives_all(pool) -> None:
    expected = [x * x for x in range(50)]
    assert list(pool.imap(lambda x: x * x, range(50))) == expected
    assert list(pool.imap(lambda x: x * x, range(50), chunksize=7)) == expected
    assert sorted(pool.uimap(lambda x: x * x, iter(range(50)))) == expected


def test_uimap_gives_what_is_ready_first(pool) -> None:
    def wait(seconds: float) -> float:
        time.sleep(seconds)
        return seconds

    assert next(pool.uimap(wait, [1.0, 0.0])) == 0.0


def test_imap_reads_an_endless_iterator_a_little_ahead_only(pool) -> None:
    read = []
    gate = threading.Event()

    def endless() -> Iterator[int]:
        for number in itertools.count():
            read.append(number)
            if number == 60:
                gate.wait(20)
            yield number

    results = pool.imap(abs, endless())
    assert list(itertools.islice(results, 20)) == list(range(20))
    assert max(read) <= 60
    pool.terminate()
    gate.set()


def test_pipe_passes_keywords(pool) -> None:
    assert pool.pipe(int, "ff", base=16) == 255
    assert pool.apipe(int, "11", base=2).get() == 3
    assert pool.pipe(dict, f=1, chunksize=2) == {"f": 1, "chunksize": 2}


def test_a_result_tells_whether_it_is_there(pool, tmp_path) -> None:
    go = tmp_path / "go"

    def wait(path: Path) -> None:
        while not path.exists():
            time.sleep(0.01)

    slow = pool.amap(wait, [go])
    assert not slow.ready()
    with pytest.raises(ValueError, match="not ready"):
        slow.successful()
    with pytest.raises(TimeoutError):
        slow.get(timeout=0.01)
    slow.wait(0.01)
    assert not slow.ready()
    go.touch()
    slow.wait()
    assert slow.ready()
    assert slow.successful()
    assert slow.get() == [None]
    assert slow.get(timeout=0) == [None], "a second time"


def test_a_late_result_raises_the_timeout_of_pathos_too(pool) -> None:
    import multiprocess

    with pytest.raises(multiprocess.TimeoutError):
        pool.apipe(time.sleep, 0.2).get(timeout=0)
    with pytest.raises(multiprocess.TimeoutError):
        pool.imap(time.sleep, [0.2]).next(timeout=0)


def test_an_exception_rises_in_the_caller_as_it_was(pool) -> None:
    with pytest.raises(ZeroDivisionError, match="division by zero"):
        pool.map(divide, [1, 2], [1, 0])
    failed = pool.amap(divide, [1], [0])
    failed.wait()
    assert failed.ready()
    assert not failed.successful()
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            failed.get()
    with pytest.raises(ZeroDivisionError):
        pool.pipe(divide, 1, 0)


def test_an_exception_from_a_worker_carries_its_traceback(processes) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        processes.pipe(divide, 1, 0)
    assert isinstance(caught.value.__cause__, RemoteError)
    assert "in divide" in str(caught.value.__cause__)


def test_an_iterator_goes_on_behind_an_exception(pool) -> None:
    results = pool.imap(divide, [1, 1, 1], [1, 0, 2])
    assert next(results) == 1.0
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == [0.5]


def test_arguments_that_fail_do_so_in_the_results(pool) -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise OSError("the source is gone")

    with pytest.raises(OSError, match="gone"):
        pool.map(abs, failing())
    results = pool.imap(abs, failing())
    assert next(results) == 1
    with pytest.raises(OSError, match="gone"):
        next(results)
    assert list(results) == []


def test_arguments_that_do_not_pickle_fail_alone(processes) -> None:
    generator = (x for x in ())
    with pytest.raises(TypeError, match="pickle"):
        processes.map(abs, [1, generator])
    results = processes.imap(abs, [-1, generator, -3])
    assert next(results) == 1
    with pytest.raises(TypeError, match="pickle"):
        next(results)
    assert list(results) == [3]


def test_closures_and_what_they_hold_travel(processes) -> None:
    class Local:
        def __init__(self, value: int) -> None:
            self.value = value

    offset = 10
    made = processes.map(lambda x: Local(x.value + offset), [Local(1), Local(2)])
    assert [one.value for one in made] == [11, 12]


def test_a_large_argument_and_a_large_result_pass(processes) -> None:
    data = os.urandom(5_000_000)
    assert processes.map(lambda x: x + b"!", [data] * 3) == [data + b"!"] * 3


def test_a_failed_map_leaves_its_other_tasks_undone(pool, tmp_path) -> None:
    def touch(number: int) -> None:
        if not number:
            raise OSError("first")
        time.sleep(0.01)
        (tmp_path / str(number)).touch()

    with pytest.raises(OSError, match="first"):
        pool.map(touch, range(200), chunksize=1)
    assert pool.map(abs, [-1]) == [1]
    assert len(list(tmp_path.iterdir())) < 100


def test_many_threads_may_use_one_pool(pool) -> None:
    found = []

    def use(start: int) -> None:
        for _ in range(5):
            found.append(
                pool.map(lambda x: x + start, range(20)) == [*range(start, start + 20)]
            )

    threads = [threading.Thread(target=use, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 30


def test_terminate_fails_what_waits(pool) -> None:
    slow = [pool.apipe(time.sleep, 1) for _ in range(6)]
    pool.terminate()
    for result in slow:
        with pytest.raises(WorkerDiedError, match="terminated"):
            result.get(timeout=10)
    assert pool.map(abs, [-1]) == [1]
