"""Pools have workers of their own, and come back after their end."""

from __future__ import annotations

import pytest

from tests.faults.process_tree import Tree

CHILDREN = """
def children():
    import psutil
    mine = psutil.Process().children(recursive=True)
    return {one.pid for one in mine if one.status() != psutil.STATUS_ZOMBIE}
"""


def run(program: str) -> list[str]:
    """The lines of a program that ends well and leaves nobody behind."""
    with Tree(CHILDREN + program) as tree:
        lines = tree.rest()
        assert tree.wait() == 0, tree.account()
        assert tree.living() == []
        assert tree.errors() == ""
        return lines


def test_two_pools_of_one_size_share_no_worker() -> None:
    program = """
one, two = pools.ProcessPool(2), pools.ProcessPool(2)
a, b = workers_of(one, 2), workers_of(two, 2)
say(len(a), len(b), a & b)
one.terminate()
say(children() == b, workers_of(two, 2) == b)
"""
    assert run(program) == ["2 2 set()", "True True"]


def test_two_thread_pools_of_one_size_share_no_thread() -> None:
    program = """
def threads(pool):
    return set(pool.map(lambda _: time.sleep(0.2) or threading.get_ident(), range(4)))
one, two = pools.ThreadPool(2), pools.ThreadPool(2)
a, b = threads(one), threads(two)
say(len(a), len(b), a & b)
one.terminate()
say(two.map(abs, [-1]))
"""
    assert run(program) == ["2 2 set()", "[1]"]


@pytest.mark.parametrize("kind", ["ProcessPool", "ThreadPool", "GlobalProcessPool"])
def test_a_pool_comes_back_after_its_end(kind: str) -> None:
    program = f"""
pool = pools.{kind}(2)
for ends in [["close"], ["terminate"], ["close", "join"], ["clear"]] * 2:
    say(pool.map(abs, [-1, -2]), list(pool.imap(abs, [-3])), pool.pipe(abs, -4))
    for end in ends:
        getattr(pool, end)()
"""
    assert run(program) == ["[1, 2] [3] 4"] * 8


def test_close_lets_running_work_end_and_then_the_workers() -> None:
    program = """
pool = pools.ProcessPool(2)
slow = pool.amap(lambda x: time.sleep(0.1) or x, range(6), chunksize=1)
lazy = pool.uimap(lambda x: x, iter(range(100)))
pool.close()
pool.join()
say(children(), slow.ready(), slow.get(), len(list(lazy)))
"""
    assert run(program) == ["set() True [0, 1, 2, 3, 4, 5] 100"]


def test_with_closes_and_waits() -> None:
    program = """
with pools.ProcessPool(2) as pool:
    result = pool.amap(lambda x: time.sleep(0.1) or x, range(4), chunksize=1)
say(children(), result.get())
with pool:
    say(pool.map(abs, [-1]))
"""
    assert run(program) == ["set() [0, 1, 2, 3]", "[1]"]


def test_with_left_by_an_exception_terminates() -> None:
    program = """
start = time.monotonic()
try:
    with pools.ProcessPool(2) as pool:
        result = pool.amap(time.sleep, [60] * 4)
        raise OSError("mine")
except OSError as error:
    say(error, children(), time.monotonic() - start < 20)
"""
    assert run(program) == ["mine set() True"]


def test_restart_gives_new_workers_at_once() -> None:
    program = """
pool = pools.ProcessPool(2)
before = workers_of(pool, 2)
try:
    pool.restart()
except AssertionError:
    say("open")
pool.restart(force=True)
after = children()
say(len(after), before & after, workers_of(pool, 2) == after)
"""
    assert run(program) == ["open", "2 set() True"]


def test_a_pool_grows_at_once_and_shrinks_on_the_next_call() -> None:
    program = """
pool = pools.ProcessPool(1)
first = workers_of(pool, 1)
pool.ncpus = 3
say(pool.nodes, pool.ncpus, first < workers_of(pool, 3))
pool.nodes = 2
second = workers_of(pool, 2)
while children() > second:
    time.sleep(0.02)
say(children() == second)
"""
    assert run(program) == ["3 3 True", "True"]


def test_the_global_pool_grows_for_who_asks_for_more_and_keeps_its_size_else() -> None:
    program = """
import logging
logging.basicConfig(level=logging.INFO, stream=sys.stdout, format="%(message)s")
pool = pools.GlobalProcessPool(ncpus=2)
first = workers_of(pool, 2)
say(pools.GlobalProcessPool(ncpus=1) is pool, workers_of(pool, 2) == first)
say(pools.GlobalProcessPool() is pool, pool.nodes)
say(pools.GlobalProcessPool(nodes=3) is pool, pool.nodes)
more = workers_of(pool, 3)
say(first < more, len(more))
threads = pools.GlobalThreadPool(2)
say(pools.GlobalThreadPool(ncpus=4) is threads, threads.nodes)
"""
    assert run(program) == [
        "<ProcessPool(nodes=2)> keeps its workers; 1 were asked for",
        "True True",
        "True 2",
        "<ProcessPool(nodes=2)> grows to 3 workers",
        "True 3",
        "True 3",
        "<ThreadPool(nodes=2)> grows to 4 workers",
        "True 4",
    ]


def test_a_pool_nobody_holds_lets_its_work_end_and_its_workers_go() -> None:
    program = """
def touch(name):
    time.sleep(0.2)
    open(name, "w").close()
pools.ProcessPool(2).amap(touch, ["a", "b", "c"], chunksize=1)
import gc
gc.collect()
for _ in range(200):
    if not children():
        break
    time.sleep(0.05)
say(children(), sorted(set(os.listdir()) & {"a", "b", "c"}))
"""
    assert run(program) == ["set() ['a', 'b', 'c']"]


def test_many_pools_leave_no_descriptor_and_no_thread_behind() -> None:
    program = """
def descriptors():
    import gc
    gc.collect()
    return len(os.listdir("/dev/fd"))
def cycle():
    with pools.ProcessPool(2) as pool:
        pool.map(abs, [1])
    pool.map(abs, [1])
    pool.terminate()
cycle()
before = descriptors(), threading.active_count()
for _ in range(10):
    cycle()
say(descriptors() - before[0], threading.active_count() - before[1])
"""
    assert run(program) == ["0 0"]


@pytest.mark.parametrize("end", ["close(); pool.join", "clear", "terminate"])
def test_workers_that_left_are_no_zombies(end: str) -> None:
    program = f"""
import psutil
pool = pools.ProcessPool(3)
for _ in range(5):
    workers_of(pool, 3)
    pool.{end}()
    say(psutil.Process().children(), threading.active_count())
"""
    assert run(program) == ["[] 1"] * 5


def test_a_worker_is_replaced_after_its_number_of_tasks() -> None:
    program = """
pool = pools.ProcessPool(1, maxtasksperchild=2)
pids = pool.map(lambda _: os.getpid(), range(6), chunksize=1)
say([pids.count(pid) for pid in dict.fromkeys(pids)])
"""
    assert run(program) == ["[2, 2, 2]"]
