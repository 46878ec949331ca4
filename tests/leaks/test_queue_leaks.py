"""Queues that are dropped leave no memory, descriptor or thread; idle ones are cheap.

Each test runs in a process of its own, whose memory nobody else uses.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not os.path.isdir("/proc/self/fd"), reason="there is no /proc/self/fd"
)

PRELUDE = """
import gc, os, threading, time
from queue import SimpleQueue
from multiprocessing import util
from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer
from chronomux.queue.shared_queue import _queues

def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

def held():
    with open("/proc/self/maps") as file:
        maps = sum("chronomux-queue" in line for line in file)
    finalizers = len(util._finalizer_registry)
    return threads(), len(os.listdir("/proc/self/fd")), maps, finalizers, len(_queues)

def threads():
    return threading.active_count()

def pass_through(multiplexer, source, *others):
    outputs = [Queue(ring_bytes=65536), *others]
    multiplexer.input_queue(source)
    multiplexer.output_queue(outputs[0])
    source.put_many([1, 2, 3])
    with multiplexer:
        assert [outputs[0].get(timeout=20) for _ in range(3)] == [1, 2, 3]
        for output in others:
            multiplexer.output_queue(output)
        source.put_many([4, Queue.Empty])
        multiplexer.join(20)
    for output in outputs:
        assert (output.get(), output.get()) == (4, Queue.Empty)

def settled(wanted):
    gc.collect()
    end = time.monotonic() + 20
    while held() != wanted and time.monotonic() < end:
        time.sleep(0.01)
    return held()
"""


def run(program: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + program],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.split()


USES = {
    "nothing": "pass",
    "put and get": "q.put(1); q.get()",
    "put and drop": "q.put({'a': 1})",
    "many": "q.put_many(range(600)); q.get_many()",
    "close": "q.put(1); q.close(); q.join_thread()",
    "a cycle": "q.itself = q; q.put(1); q.get()",
    "a large item": "q.put(bytes(200_000)); q.get()",
    "an error": """
    try:
        q.get_nowait()
    except Queue.Empty as error:
        q.error = error
""",
    "turns": "pass_through(QueueMultiplexer(), q)",
    "a sorted merge": "pass_through(SortedQueueMultiplexer(), q)",
    "a change of engines": "pass_through(QueueMultiplexer(), q, SimpleQueue())",
}


@pytest.mark.parametrize("use", USES)
def test_queues_that_are_dropped_leave_nothing(use: str) -> None:
    """150 of them in each way."""
    program = f"""
def use_one():
    q = Queue(ring_bytes=65536)
    {USES[use]}

for _ in range(25):
    use_one()
wanted = (1, held()[1], 0, 0, 0)
gc.collect()
time.sleep(0.1)
gc.collect()
wanted = (1, len(os.listdir("/proc/self/fd")), 0, 0, 0)
assert settled(wanted) == wanted, held()
before = rss()
for _ in range(125):
    use_one()
assert settled(wanted) == wanted, (wanted, held())
print(rss() - before)
"""
    (growth,) = run(program)
    assert int(growth) < 3 << 20, "bytes for 125 queues"


def test_a_thousand_idle_queues_take_less_than_100_mb() -> None:
    program = """
before = rss()
queues = [Queue() for _ in range(1000)]
idle = rss() - before
for q in queues[:100]:
    q.put(1)
    q.get()
print(idle, rss() - before)
"""
    idle, used = map(int, run(program))
    assert idle < 100_000_000
    assert used < 100_000_000


LIMIT = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

def limit(size):
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
"""


def test_a_queue_without_memory_says_so_and_leaves_nothing() -> None:
    program = """
before = len(os.listdir("/proc/self/fd"))
limit(10_000)
try:
    Queue()
except OSError as error:
    print(error.strerror.replace(" ", "_"), error.errno)
assert len(os.listdir("/proc/self/fd")) == before
limit(-1)
q = Queue()
q.put(1)
assert q.get() == 1
"""
    text, errno = run(LIMIT + program)
    assert text.startswith("no_shared_memory_of_")
    assert int(errno) > 0


def test_nothing_is_lost_when_memory_ends_and_there_is_some_again() -> None:
    """The file is cut behind what the ring uses, and may not grow again at once."""
    program = """
from chronomux._core.ring import HEADER_BYTES

q = Queue(ring_bytes=1 << 20)
item = bytes(30_000)
q.put(item)
q.flush()
size = HEADER_BYTES + (1 << 16)
os.ftruncate(q._ring.fileno(), size)
limit(size)
put = 1
raised = []
end = time.monotonic() + 20
while len(raised) < 3 and time.monotonic() < end:
    try:
        q.put(item)
        put += 1
    except OSError as error:
        raised.append(error.strerror)
try:
    q.flush()
except OSError as error:
    raised.append(error.strerror)
assert len(raised) == 4 and all("no shared memory" in text for text in raised), raised
assert q.qsize() == put
limit(-1)
q.flush()
got = 0
while not q.empty():
    assert q.get() == item
    got += 1
q.put(b"again")
assert q.get() == b"again"
print(put, got)
"""
    put, got = run(LIMIT + program)
    assert put == got
    assert int(put) > 3
