"""Ctrl-C: KeyboardInterrupt rises out of the wait, and no worker is left."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.process_tree import Tree
from tests.timing import assert_within

CALLS = {
    "map": "pool.map(time.sleep, [60] * 4)",
    "amap": "pool.amap(time.sleep, [60] * 4).get()",
    "imap": "list(pool.imap(time.sleep, [60] * 4))",
    "uimap": "list(pool.uimap(time.sleep, [60] * 4))",
    "pipe": "pool.pipe(time.sleep, 60)",
    "apipe": "pool.apipe(time.sleep, 60).get()",
}
WAIT = """
pool = pools.KIND(2)
pool.map(abs, range(10))
def signal_when_waiting():
    time.sleep(0.2)
    say("waiting")
try:
    threading.Thread(target=signal_when_waiting, daemon=True).start()
    CALL
except KeyboardInterrupt:
    say("interrupted", time.monotonic())
    sys.stdin.read()
    time.sleep(0.2)
    say("again", pool.map(abs, [-1, -2]))
"""


def waiting_program(kind: str, call: str) -> str:
    return WAIT.replace("KIND", kind).replace("CALL", CALLS[call])


@pytest.mark.parametrize("target", ["parent", "group"])
@pytest.mark.parametrize("call", CALLS)
def test_keyboard_interrupt_rises_within_half_a_second(call: str, target: str) -> None:
    def attempt() -> float:
        with Tree(waiting_program("ProcessPool", call)) as tree:
            tree.line("waiting")
            assert len(tree.children()) == 2
            sent = tree.kill(signal.SIGINT, target)
            caught = float(tree.line("interrupted"))
            assert tree.children() == [], "workers outlived the interrupt"
            assert tree.line("again") == "[1, 2]"
            assert tree.wait() == 0, tree.account()
            assert tree.living() == []
        return caught - sent

    assert_within(0.5, attempt)


@pytest.mark.parametrize("call", ["map", "imap", "pipe"])
def test_keyboard_interrupt_rises_out_of_a_thread_pool(call: str) -> None:
    def attempt() -> float:
        with Tree(waiting_program("ThreadPool", call)) as tree:
            tree.line("waiting")
            sent = tree.kill(signal.SIGINT, "group")
            caught = float(tree.line("interrupted"))
            assert tree.line("again") == "[1, 2]"
            assert tree.wait() == 0, tree.account()
        return caught - sent

    assert_within(0.5, attempt)


@pytest.mark.parametrize("target", ["parent", "group"])
def test_interrupt_ends_a_program_that_waits_in_another_thread(target: str) -> None:
    program = """
    pool = pools.ProcessPool(2)
    def arrive_and_wait(name):
        open(name, "w").close()
        time.sleep(60)
    def work():
        try:
            pool.map(arrive_and_wait, ["first", "second"])
        except Exception as error:
            say(type(error).__name__)
    thread = threading.Thread(target=work)
    thread.start()
    await_path("first")
    await_path("second")
    say("waiting")
    time.sleep(60)
    """

    def attempt() -> float:
        with Tree(program) as tree:
            tree.line("waiting")
            assert len(tree.children()) == 2
            sent = tree.kill(signal.SIGINT, target)
            tree.line("WorkerDiedError")
            assert tree.wait() == -signal.SIGINT
            assert tree.survivors(sent, 2.0) == []
            return time.monotonic() - sent

    assert_within(1.5, attempt)


def test_interrupt_of_a_pool_made_in_another_thread_leaves_no_orphan() -> None:
    program = """
    made = []
    def make():
        made.append(pools.ProcessPool(2))
        made[0].map(abs, range(4))
    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    say("waiting")
    made[0].map(time.sleep, [60] * 4)
    """
    with Tree(program) as tree:
        tree.line("waiting")
        sent = tree.kill(signal.SIGINT, "group")
        assert tree.wait() == -signal.SIGINT
        assert tree.survivors(sent, 2.0) == []
        assert "KeyboardInterrupt" in tree.errors()


def test_interrupt_outside_of_any_pool_call_leaves_no_orphan() -> None:
    program = """
    pool = pools.ProcessPool(2)
    result = pool.amap(time.sleep, [60] * 4)
    manager = pools.Manager()
    say("waiting")
    time.sleep(60)
    """
    with Tree(program) as tree:
        tree.line("waiting")
        assert len(tree.children()) == 3
        sent = tree.kill(signal.SIGINT, "group")
        assert tree.wait() == -signal.SIGINT
        assert tree.survivors(sent, 2.0) == []


def test_the_handler_of_sigint_is_never_replaced() -> None:
    program = """
    def handlers():
        return signal.getsignal(signal.SIGINT) is before
    before = signal.getsignal(signal.SIGINT)
    pool = pools.ProcessPool(2)
    pool.map(abs, range(4))
    pools.Manager()
    say("kept", before is signal.default_int_handler, handlers())
    pool.close()
    say("kept", handlers())
    before = lambda *_: say("mine")
    signal.signal(signal.SIGINT, before)
    result = pool.amap(time.sleep, [1])
    os.kill(os.getpid(), signal.SIGINT)
    say("kept", handlers(), result.get())
    """
    with Tree(program) as tree:
        assert tree.rest() == [
            "kept True True",
            "kept True",
            "mine",
            "kept True [None]",
        ]
        assert tree.wait() == 0


def test_interrupts_at_random_moments_leave_no_orphan() -> None:
    # pathos is imported beforehand: some of what it imports swallows exceptions.
    program = """
    import random
    import chronomux.util.backend
    seed = int(sys.argv[1])
    delay = random.Random(seed).uniform(0.0, 0.06)
    def strike():
        time.sleep(delay)
        os.killpg(0, signal.SIGINT)
    threading.Thread(target=strike, daemon=True).start()
    for _ in range(20):
        with pools.ProcessPool(2) as pool:
            pool.map(abs, range(100))
    time.sleep(1)
    """
    for seed in range(8):
        with Tree(program, str(seed)) as tree:
            code = tree.wait()
            # Python drops it in a weak reference's callback; then the program goes on.
            was_dropped = "Exception ignored in" in tree.errors()
            is_due = code == -signal.SIGINT or (code == 0 and was_dropped)
            assert is_due, f"seed {seed}: {code}\n{tree.account()}"
            # A worker whose birth was interrupted sees within 2 s that it is alone.
            assert tree.survivors(time.monotonic(), 2.0) == [], f"seed {seed}"


def test_an_interrupt_right_after_the_supervisor_has_started_is_quiet() -> None:
    """The workers that are then ended have not died of themselves."""
    program = """
start = threading.Thread.start
def start_and_strike(thread):
    start(thread)
    if thread.name == "chronomux-supervisor":
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
threading.Thread.start = start_and_strike
try:
    pools.ProcessPool(2).map(abs, [1])
except KeyboardInterrupt:
    say("interrupted")
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(20)
"""
    with Tree(program) as tree:
        assert tree.rest() == ["interrupted"]
        assert tree.wait() == 0
        assert tree.errors() == ""
        assert tree.living() == []
