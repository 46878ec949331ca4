"""SIGTERM: the pools and the Manager end, then the process, with exit code 143."""

from __future__ import annotations

import signal
import sys
import time

import pytest

from tests.faults.process_tree import Tree
from tests.timing import assert_within

WAYS_TO_WAIT = {
    "in_map": "pool.map(time.sleep, [60] * 4)",
    "in_imap": "list(pool.imap(time.sleep, [60] * 4))",
    "in_pipe": "pool.pipe(time.sleep, 60)",
    "asleep": "result = pool.amap(time.sleep, [60] * 4); time.sleep(60)",
    "beside_a_thread": (
        "threading.Thread(target=pool.map, args=(time.sleep, [60] * 4)).start();"
        " time.sleep(60)"
    ),
    "at_exit": "result = pool.amap(time.sleep, [60] * 4)",
}
PROGRAM = """
pool = pools.ProcessPool(2)
items = pools.Manager().Queue()
pool.map(abs, range(10))
threads = pools.ThreadPool(2)
threads.map(abs, range(10))
threading.Timer(0.2, say, ["waiting"]).start()
WAY
"""


@pytest.mark.parametrize(
    ("way", "target"),
    [
        *((way, "parent") for way in WAYS_TO_WAIT),
        ("in_map", "group"),
        ("asleep", "group"),
    ],
)
def test_sigterm_exits_with_143_within_a_second(way: str, target: str) -> None:
    def attempt() -> float:
        with Tree(PROGRAM.replace("WAY", WAYS_TO_WAIT[way])) as tree:
            tree.line("waiting")
            assert len(tree.children()) == 3, "two workers and the Manager"
            sent = tree.kill(signal.SIGTERM, target)
            assert tree.wait() == 143, tree.account()
            taken = time.monotonic() - sent
            assert tree.living() == [], "orphans"
            assert not list(tree.folder.glob("pymp-*")), "the Manager's socket is left"
            return taken

    assert_within(1.0, attempt)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_thread_that_starts_workers_takes_no_signal_meant_for_the_main_thread() -> (
    None
):
    """One that it took while the main thread slept was heard when that woke up."""
    program = """
    pool = pools.ProcessPool(2)
    pool.map(abs, range(4))
    def mask_in(status):
        return int(status.split("SigBlk:")[1].split()[0], 16)
    def held(thread):
        return mask_in(open(f"/proc/self/task/{thread.native_id}/status").read())
    masks = {thread.name: held(thread) for thread in threading.enumerate()}
    say("supervisor", masks["chronomux-supervisor"])
    say("main", masks["MainThread"])
    status = pool.map(lambda _: open("/proc/thread-self/status").read(), [0])
    say("worker", mask_in(*status))
    """
    both = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1)
    with Tree(program) as tree:
        assert int(tree.line("supervisor")) & both == both
        assert int(tree.line("main")) & both == 0
        assert int(tree.line("worker")) & both == 0
        assert tree.wait() == 0


def test_sigterm_ends_workers_that_do_not_want_to() -> None:
    program = """
    def stubborn(seconds):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        open(f"stubborn-{os.getpid()}", "w").close()
        time.sleep(seconds)
    pool = pools.ProcessPool(2)
    result = pool.amap(stubborn, [60, 60])
    while sum(name.startswith("stubborn") for name in os.listdir()) < 2:
        time.sleep(0.01)
    say("waiting")
    result.get()
    """

    def attempt() -> float:
        with Tree(program) as tree:
            tree.line("waiting")
            sent = tree.kill(signal.SIGTERM)
            assert tree.wait() == 143, tree.account()
            assert tree.living() == []
            return time.monotonic() - sent

    assert_within(1.0, attempt)


def test_a_handler_of_sigterm_that_was_there_stays_and_runs() -> None:
    program = """
    def mine(number, frame):
        say("mine")
        sys.exit(7)
    signal.signal(signal.SIGTERM, mine)
    MultiProcessing()
    pool = pools.ProcessPool(2)
    result = pool.amap(time.sleep, [60] * 2)
    pools.exit_timeout = 0.1
    say("kept", signal.getsignal(signal.SIGTERM) is mine)
    time.sleep(60)
    """
    with Tree(program) as tree:
        assert tree.line("kept") == "True"
        tree.kill(signal.SIGTERM)
        tree.line("mine")
        assert tree.wait() == 7
        assert tree.living() == []


def test_sigterm_that_is_ignored_stays_ignored() -> None:
    program = """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    MultiProcessing()
    pool = pools.ProcessPool(2)
    result = pool.amap(time.sleep, [0.5] * 2)
    say("waiting")
    say("done", result.get())
    """
    with Tree(program) as tree:
        tree.line("waiting")
        tree.kill(signal.SIGTERM)
        assert tree.line("done") == "[None, None]"
        assert tree.wait() == 0


def test_off_the_main_thread_no_handler_is_set_and_no_orphan_left() -> None:
    program = """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    def work():
        pool = MultiProcessing().ProcessPool(2)
        pool.map(abs, range(4))
        say("default", signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
        pool.map(time.sleep, [60] * 2)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    """
    with Tree(program) as tree:
        assert tree.line("default") == "True"
        sent = tree.kill(signal.SIGTERM)
        assert tree.wait() == -signal.SIGTERM
        assert tree.survivors(sent, 2.0) == []


def test_a_forked_child_has_the_default_action_again() -> None:
    program = """
    pool = pools.ProcessPool(2)
    pool.map(abs, range(4))
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    os.kill(child, signal.SIGTERM)
    _, status = os.waitpid(child, 0)
    say("status", os.waitstatus_to_exitcode(status), pool.map(abs, [-1]))
    """
    with Tree(program) as tree:
        assert tree.line("status") == f"{-signal.SIGTERM} [1]"
        assert tree.wait() == 0
        assert tree.living() == []
