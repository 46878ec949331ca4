"""Exit with running work: a bounded wait, then an end with nobody left."""

from __future__ import annotations

import time

import pytest

from tests.faults.process_tree import Tree
from tests.timing import assert_within

BUSY = """
def work(seconds):
    open(f"begun-{os.getpid()}", "w").close()
    time.sleep(seconds)
    open(f"done-{os.getpid()}", "w").close()
def await_workers(number):
    while sum(name.startswith("begun") for name in os.listdir()) < number:
        time.sleep(0.01)
pool = pools.ProcessPool(2)
manager = pools.Manager()
"""


def test_exit_waits_for_work_that_ends_in_time() -> None:
    program = (
        BUSY
        + """
result = pool.amap(work, [0.7, 0.7])
lazy = pool.uimap(work, iter([0.1] * 4))
"""
    )
    with Tree(program) as tree:
        assert tree.wait() == 0
        assert tree.living() == []
        assert len(list(tree.folder.glob("done-*"))) == 2
        assert tree.errors() == ""


def test_exit_waits_for_the_work_of_threads() -> None:
    program = """
    pool = pools.ThreadPool(2)
    result = pool.amap(lambda x: time.sleep(0.5) or say("done", x), [1])
    """
    with Tree(program) as tree:
        assert tree.rest() == ["done 1"]


@pytest.mark.parametrize("how", ["MultiProcessing(exit_timeout=0.3)", "set"])
def test_exit_waits_no_longer_than_exit_timeout(how: str) -> None:
    setting = "pools.exit_timeout = 0.3" if how == "set" else how
    program = (
        BUSY
        + f"""
{setting}
result = pool.amap(work, [60] * 4)
await_workers(2)
say("leaving", time.monotonic())
sys.exit(3)
"""
    )

    def attempt() -> float:
        with Tree(program) as tree:
            leaving = float(tree.line("leaving"))
            assert tree.wait() == 3
            taken = time.monotonic() - leaving
            assert taken >= 0.3, "it did not wait at all"
            assert tree.living() == []
            assert "0.3 s" in tree.errors()
            return taken

    assert_within(2.0, attempt)


def test_the_wait_is_30_seconds_unless_told_otherwise() -> None:
    with Tree('say("timeout", pools.exit_timeout)') as tree:
        assert tree.line("timeout") == "30.0"


def test_exit_kills_workers_that_do_not_end_on_sigterm() -> None:
    program = (
        BUSY
        + """
def stubborn(seconds):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    work(seconds)
pools.exit_timeout = 0.1
result = pool.amap(stubborn, [60, 60])
await_workers(2)
say("leaving", time.monotonic())
"""
    )

    def attempt() -> float:
        with Tree(program) as tree:
            leaving = float(tree.line("leaving"))
            assert tree.wait() == 0
            assert tree.living() == []
            return time.monotonic() - leaving

    assert_within(3.0, attempt)


def test_exit_kills_stopped_workers() -> None:
    program = (
        BUSY
        + """
pools.exit_timeout = 0.1
result = pool.amap(lambda _: os.kill(os.getpid(), signal.SIGSTOP), range(2))
time.sleep(0.3)
"""
    )
    with Tree(program) as tree:
        assert tree.wait() == 0
        assert tree.living() == []


@pytest.mark.parametrize("place", ["main", "beside_a_waiting_thread"])
def test_after_an_uncaught_exception_it_terminates_at_once(place: str) -> None:
    wait = {
        "main": "result = pool.amap(work, [60] * 4)",
        "beside_a_waiting_thread": (
            "threading.Thread(target=pool.map, args=(work, [60] * 4)).start()"
        ),
    }
    program = (
        BUSY
        + f"""
{wait[place]}
await_workers(2)
say("leaving", time.monotonic())
raise OSError("mine")
"""
    )

    def attempt() -> float:
        with Tree(program) as tree:
            leaving = float(tree.line("leaving"))
            assert tree.wait() == 1
            taken = time.monotonic() - leaving
            assert tree.living() == []
            assert "OSError: mine" in tree.errors()
            return taken

    assert_within(2.0, attempt)


def test_a_running_thread_does_not_keep_the_process_from_its_end() -> None:
    program = """
    pools.exit_timeout = 0.2
    pool = pools.ThreadPool(2)
    result = pool.amap(time.sleep, [60] * 2)
    say("leaving", time.monotonic())
    """

    def attempt() -> float:
        with Tree(program) as tree:
            leaving = float(tree.line("leaving"))
            assert tree.wait() == 0
            return time.monotonic() - leaving

    assert_within(2.0, attempt)


def test_terminate_ends_pools_and_manager_at_once() -> None:
    program = (
        BUSY
        + """
result = pool.amap(work, [60] * 4)
await_workers(2)
pools.terminate()
say("terminated")
time.sleep(0.5)
say("again", pool.map(abs, [-1]), pools.Manager().list([1]))
"""
    )
    with Tree(program) as tree:
        tree.line("terminated")
        assert tree.children() == []
        assert tree.line("again") == "[1] [1]"
        assert tree.wait() == 0
        assert tree.living() == []


def test_threads_that_use_pools_may_outlive_the_main_thread() -> None:
    program = """
    pools.exit_timeout = 0.1
    pool = pools.ProcessPool(2)
    pool.map(abs, range(4))  # Python 3.12.1 forks no more after the main thread
    def use():
        threading.main_thread().join()
        time.sleep(0.5)
        say("late", pool.map(abs, [-1, -2]))
    threading.Thread(target=use).start()
    """
    with Tree(program) as tree:
        assert tree.line("late") == "[1, 2]"
        assert tree.wait() == 0
        assert tree.living() == []
