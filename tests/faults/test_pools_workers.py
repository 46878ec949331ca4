"""Workers are good children: what signals and exit functions mean to them."""

from __future__ import annotations

import pytest

from tests.faults.process_tree import Tree

HANDLERS = """
import atexit
signal.signal(signal.SIGINT, lambda *_: say("int in", os.getpid()))
signal.signal(signal.SIGTERM, lambda *_: say("term in", os.getpid()))
def handlers(_):
    time.sleep(0.05)
    ours = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    return os.getpid(), ours == (signal.SIG_IGN, signal.SIG_DFL)
pool = pools.ProcessPool(2)
"""


def test_workers_ignore_sigint_and_end_on_sigterm() -> None:
    program = (
        HANDLERS
        + """
workers_of(pool, 2)
first = dict(pool.map(handlers, range(4), chunksize=1))
say("set", set(first.values()), len(first))
for pid in first:
    os.kill(pid, signal.SIGINT)
say("same", set(dict(pool.map(handlers, range(4), chunksize=1))) == set(first))
for pid in first:
    os.kill(pid, signal.SIGTERM)
time.sleep(0.5)
workers_of(pool, 2)
others = dict(pool.map(handlers, range(4), chunksize=1))
say("others", set(others.values()), set(others) & set(first))
"""
    )
    with Tree(program) as tree:
        assert tree.rest() == ["set {True} 2", "same True", "others {True} set()"]


def test_a_signal_held_back_at_birth_does_not_stay_held_back() -> None:
    program = """
    pool = pools.ProcessPool(2)
    def held(_):
        return signal.pthread_sigmask(signal.SIG_BLOCK, [])
    say("worker", pool.map(held, range(2)), "parent", held(0))
    """
    with Tree(program) as tree:
        assert tree.rest() == ["worker [set(), set()] parent set()"]


@pytest.mark.parametrize("end", ["pool.close(); pool.join()", "pool.terminate()", ""])
def test_the_exit_functions_of_the_parent_run_in_the_parent_only(end: str) -> None:
    program = f"""
    import atexit
    pid = os.getpid()
    atexit.register(lambda: say("exit function", os.getpid() == pid))
    pool = pools.ProcessPool(2)
    manager = pools.Manager()
    pool.map(abs, range(4))
    {end}
    """
    with Tree(program) as tree:
        assert tree.rest() == ["exit function True"]
        assert tree.wait() == 0
        assert tree.living() == []
        assert tree.errors() == ""


def test_exit_functions_do_not_run_in_workers_that_die() -> None:
    program = """
    import atexit
    atexit.register(lambda: say("exit function"))
    pool = pools.ProcessPool(2)
    for end in (lambda _: sys.exit(3), lambda _: os.kill(os.getpid(), 15)):
        try:
            pool.map(end, [0])
        except Exception as error:
            say(type(error).__name__)
    """
    with Tree(program) as tree:
        assert tree.rest() == ["WorkerDiedError", "WorkerDiedError", "exit function"]


def test_what_tasks_print_arrives_once() -> None:
    program = """
    sys.stdout.write("unflushed ")  # a fork must not print it again
    with pools.ProcessPool(2) as pool:
        pool.map(print, ["a"])
    say("end")
    """
    with Tree(program) as tree:
        text = " ".join(tree.rest())
        assert text.count("unflushed") == 1
        assert text.count("a") == 1
