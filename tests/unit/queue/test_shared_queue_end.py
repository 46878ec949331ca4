"""Whatever ends, a queue or a process, what was put on the queue arrives."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from chronomux.queue import Queue
from tests.queues import drain, eventually, fill

# Where a feeder is a thread, Python warns of any fork.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")


def run(program: str, seconds: float = 60) -> str:
    """What a program prints, without an error."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program],
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


def test_a_closed_queue_refuses_to_be_used():
    shared = fill(Queue(), [1], end=False)
    shared.close()
    shared.close()
    for call in (lambda: shared.put(1), shared.get, lambda: shared.put_many([1])):
        with pytest.raises(ValueError, match="is closed"):
            call()
    with pytest.raises(OSError, match="is closed"):
        shared.empty()
    assert shared.qsize() == 1
    shared.join_thread()
    shared.join_thread()


def test_a_queue_that_is_not_closed_cannot_be_joined():
    with pytest.raises(ValueError, match="not closed"):
        Queue().join_thread()


def test_closing_a_queue_that_was_never_used_does_nothing():
    shared = Queue()
    shared.close()
    shared.join_thread()
    shared.cancel_join_thread()
    assert shared.empty()


def test_close_ends_the_feeder():
    before = threading.active_count()
    for _ in range(5):
        shared = Queue()
        shared.put_many(range(10))
        shared.put_many(range(10))
        shared.close()
        shared.join_thread()
    eventually(lambda: threading.active_count() <= before)


def get_late(shared, results):
    results.put([shared.get(timeout=20) for _ in range(4)])


@pytest.mark.forks
def test_others_go_on_when_one_process_has_closed_a_queue():
    shared, results = Queue(ring_bytes=65536), Queue()
    shared.put_many([1, 2, bytes(200_000)])
    context = multiprocessing.get_context("fork")
    child = context.Process(target=get_late, args=(shared, results))
    other = context.Process(target=fill, args=(shared, [3], False))
    child.start()
    other.start()
    shared.close()
    shared.join_thread()
    got = results.get(timeout=20)
    assert [item for item in got if item != 3] == [1, 2, bytes(200_000)]
    assert 3 in got
    for process in (child, other):
        process.join(20)
        assert process.exitcode == 0


def test_joining_a_second_time_takes_nobody_elses_place():
    """The slot of a producer that has ended belongs to the next."""
    shared = Queue()
    shared.put(1)
    shared.close()
    eventually(lambda: not shared._ring.producers())
    other = shared._ring.attach(os.getpid(), 5, lambda pid, began: False)
    shared.join_thread()
    shared.join_thread()
    assert shared._ring.producers() == [(os.getpid(), 5, 0)]
    shared._ring.detach(other)


def test_a_queue_that_is_dropped_still_delivers():
    carrier = Queue()

    def put_and_drop():
        shared = Queue(ring_bytes=65536)
        carrier.put(shared)
        shared.put_many([1, bytes(300_000), 2])

    put_and_drop()
    gc.collect()
    arrived = carrier.get(timeout=5)
    assert [arrived.get(timeout=20) for _ in range(3)] == [1, bytes(300_000), 2]


EXITS = {
    "the end of the program": "put()",
    "sys.exit": "put(); sys.exit(0)",
    "an atexit function": "import atexit; atexit.register(put)",
    "after close": "put(); shared.close()",
    "a daemon thread": """
        import threading
        thread = threading.Thread(target=put, daemon=True)
        thread.start()
        thread.join()
    """,
}


@pytest.mark.forks
@pytest.mark.parametrize("end", EXITS)
def test_a_forked_child_sends_all_before_it_ends(end):
    program = f"""
import os, sys
from chronomux.queue import Queue

shared = Queue(ring_bytes=1 << 14)

def put():
    for number in range(300):
        shared.put(number)
    shared.put(bytes(200_000))
    shared.put("last")

shared.put("first")
assert shared.get(timeout=20) == "first"
pid = os.fork()
if pid == 0:
{textwrap.indent(textwrap.dedent(EXITS[end]), "    ")}
else:
    got = [shared.get(timeout=20) for _ in range(302)]
    print(got[:300] == list(range(300)), len(got[300]), got[301])
    assert os.waitpid(pid, 0)[1] == 0
"""
    assert run(program) == "True 200000 last"


@pytest.mark.forks
@pytest.mark.parametrize("join", [True, False])
def test_the_main_process_sends_all_before_it_ends_unless_told_not_to(join):
    """Its child takes the items when it is ending, or has ended."""
    program = f"""
import multiprocessing, os, time
from chronomux.queue import Queue

def take(shared, parent):
    time.sleep(0.3)
    while not {join} and os.getppid() == parent:
        time.sleep(0.01)
    taken = 0
    while taken < 20_000:
        try:
            shared.get(timeout=20 if {join} else 0.5)
        except Queue.Empty:
            break
        taken += 1
    print(taken, flush=True)

if __name__ == "__main__":
    shared = Queue(ring_bytes=1 << 14)
    context = multiprocessing.get_context("fork")
    child = context.Process(target=take, args=(shared, os.getpid()))
    child.start()
    for number in range(20_000):
        shared.put(number)
    if not {join}:
        shared.cancel_join_thread()
        multiprocessing.process._children.discard(child)  # nobody waits for it
"""
    taken = int(run(program))
    assert taken == 20_000 if join else taken < 20_000


def put_some(shared, count):
    for number in range(count):
        shared.put(number)


@pytest.mark.forks
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_process_sends_all_before_it_ends(method):
    shared = Queue(ring_bytes=1 << 14)
    process = multiprocessing.get_context(method).Process(
        target=put_some, args=(shared, 5000)
    )
    process.start()
    assert [shared.get(timeout=30) for _ in range(5000)] == list(range(5000))
    process.join(20)
    assert process.exitcode == 0
    assert shared._ring.producers() == []


@pytest.mark.forks
def test_a_fork_while_a_thread_puts_leaves_the_child_a_queue_that_works():
    shared, results = Queue(ring_bytes=1 << 14), Queue()
    stop = threading.Event()

    def put():
        while not stop.is_set():
            shared.put("x" * 100)
            shared.get()

    threads = [threading.Thread(target=put) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for number in range(10):
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    shared.put("of the child")
                    shared.flush()
                    results.put(number)
                    results.flush()
                    shared.get(timeout=20)
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(pid, 0)[1] == 0
            assert results.get(timeout=20) == number
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)
    fill(shared, [])
    assert set(drain(shared)) <= {"x" * 100, "of the child"}
