"""Workers that die and exceptions that cannot travel: an error, never a hang."""

from __future__ import annotations

import pytest

from tests.faults.process_tree import Tree

CAUSES = {
    "os._exit": ("os._exit(5)", "WorkerDiedError"),
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", "WorkerDiedError"),
    "sys.exit": ("sys.exit(3)", "WorkerDiedError"),
    "interrupted": ("raise KeyboardInterrupt", "WorkerDiedError"),
    "error_does_not_unpickle": ("raise TwoArguments(1, 2)", "RemoteError"),
    "error_does_not_pickle": ("raise ValueError(x for x in ())", "RemoteError"),
    "error_ends_its_reader": ("raise Deadly()", "RemoteError"),
    "result_does_not_pickle": ("return (x for x in ())", "RemoteError"),
    "result_does_not_unpickle": ("return Broken()", "RemoteError"),
}
PROGRAM = """
class TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__("one only")
class Deadly(Exception):
    def __reduce__(self):
        return sys.exit, (9,)
class Broken:
    def __reduce__(self):
        return int, ("no number",)
def bad(*args):
    CAUSE
pool = pools.KIND(2)
calls = {
    "map": lambda: pool.map(bad, [1, 2, 3]),
    "amap": lambda: pool.amap(bad, [1, 2, 3]).get(),
    "imap": lambda: list(pool.imap(bad, [1, 2, 3])),
    "uimap": lambda: list(pool.uimap(bad, [1, 2, 3])),
    "pipe": lambda: pool.pipe(bad, 1),
    "apipe": lambda: pool.apipe(bad, 1).get(),
}
for name, call in calls.items():
    try:
        say(name, "returned", call())
    except Exception as error:
        say(name, type(error).__name__)
    say(name, "again", pool.map(abs, [-1, -2, -3]))
"""
NAMES = ["map", "amap", "imap", "uimap", "pipe", "apipe"]


@pytest.mark.parametrize("cause", CAUSES)
def test_the_caller_gets_an_error_and_the_pool_serves_again(cause: str) -> None:
    statement, error = CAUSES[cause]
    program = PROGRAM.replace("CAUSE", statement).replace("KIND", "ProcessPool")
    with Tree(program) as tree:
        lines = [
            line
            for name in NAMES
            for line in (f"{name} {error}", f"{name} again [1, 2, 3]")
        ]
        assert tree.rest() == lines
        assert tree.wait() == 0, tree.account()
        assert tree.living() == []
        assert tree.errors() == ""


@pytest.mark.parametrize("cause", ["sys.exit", "interrupted"])
def test_a_thread_of_a_pool_cannot_be_ended_by_its_task(cause: str) -> None:
    statement, error = CAUSES[cause]
    program = PROGRAM.replace("CAUSE", statement).replace("KIND", "ThreadPool")
    with Tree(program) as tree:
        lines = tree.rest()
        assert lines[0::2] == [f"{name} {error}" for name in NAMES]
        assert lines[1::2] == [f"{name} again [1, 2, 3]" for name in NAMES]


def test_only_the_call_whose_worker_died_fails() -> None:
    program = """
    pool = pools.ProcessPool(2)
    def slowly(x):
        time.sleep(0.02)
        return x
    healthy = pool.amap(slowly, range(20), chunksize=1)
    doomed = [pool.apipe(os._exit, 1) for _ in range(4)]
    for result in doomed:
        try:
            result.get()
        except Exception as error:
            say(type(error).__name__)
    say(healthy.get() == list(range(20)))
    """
    with Tree(program) as tree:
        assert tree.rest() == ["WorkerDiedError"] * 4 + ["True"]


def test_an_iterator_goes_on_behind_the_call_whose_worker_died() -> None:
    program = """
    def odd_dies(x):
        return os._exit(1) if x % 2 else x
    results = pools.ProcessPool(2).imap(odd_dies, range(6))
    found = []
    while len(found) < 6:
        try:
            found.append(next(results))
        except Exception as error:
            found.append(type(error).__name__)
    say(found, list(results))
    """
    died = "WorkerDiedError"
    with Tree(program) as tree:
        assert tree.rest() == [f"{[0, died, 2, died, 4, died]} []"]


def test_idle_workers_may_be_killed_at_any_time() -> None:
    program = """
    import random
    random.seed(1)
    def who(_):
        time.sleep(0.01)
        return os.getpid()
    pool = pools.ProcessPool(2)
    def served(function, arguments):
        for _ in range(3):  # two may have died unnoticed, each fails one call
            try:
                return pool.map(function, arguments, chunksize=1)
            except Exception as error:
                assert type(error).__name__ == "WorkerDiedError", error
    for _ in range(30):
        pids = served(who, range(4))
        for pid in random.sample(sorted(set(pids)), random.randint(1, len(set(pids)))):
            os.kill(pid, signal.SIGKILL)
        time.sleep(random.choice([0, 0, 0.01, 0.05]))
    say("served", len(served(abs, range(1000))))
    """
    with Tree(program) as tree:
        assert tree.line("served") == "1000"
        assert tree.wait() == 0
        assert tree.living() == []


def test_death_is_noticed_although_a_grandchild_holds_the_pipes_open() -> None:
    program = """
    def leave_a_child(_):
        if not os.fork():
            time.sleep(20)
            os._exit(0)
        os._exit(1)
    pool = pools.ProcessPool(1)
    try:
        pool.map(leave_a_child, [0])
    except Exception as error:
        say(type(error).__name__, pool.map(abs, [-1]))
    """
    with Tree(program) as tree:
        assert tree.line("WorkerDiedError") == "[1]"


def test_death_is_noticed_where_the_system_reaps_the_children() -> None:
    program = """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    pool = pools.ProcessPool(2)
    try:
        pool.map(lambda _: os._exit(1), range(2))
    except Exception as error:
        say(type(error).__name__, pool.map(abs, [-1]))
    """
    with Tree(program) as tree:
        assert tree.line("WorkerDiedError") == "[1]"
        assert tree.wait() == 0
        assert tree.living() == []


def test_a_failing_initializer_is_an_error_not_a_storm_of_workers() -> None:
    program = """
    def initialize():
        with open("births", "a") as births:
            births.write("x")
        HOW
    pool = pools.ProcessPool(2, initializer=initialize)
    try:
        pool.map(abs, [1, 2])
    except Exception as error:
        say(type(error).__name__, error)
    time.sleep(0.5)
    say("births", os.path.getsize("births"))
    """
    for how in ("raise ValueError('no licence')", "os._exit(4)"):
        with Tree(program.replace("HOW", how)) as tree:
            assert "initializer" in tree.line("WorkerDiedError")
            assert int(tree.line("births")) <= 2
            assert tree.wait() == 0
            assert tree.living() == []


def test_terminate_from_another_thread_ends_the_wait() -> None:
    program = """
    pool = pools.KIND(2)
    threading.Timer(0.3, pool.terminate).start()
    try:
        pool.map(time.sleep, [5] * 4)
    except Exception as error:
        say(type(error).__name__, pool.map(abs, [-1]))
    """
    for kind in ("ProcessPool", "ThreadPool"):
        with Tree(program.replace("KIND", kind)) as tree:
            assert tree.line("WorkerDiedError") == "[1]"
