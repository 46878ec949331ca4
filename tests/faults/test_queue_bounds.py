"""Who has died, or left, takes no room in a queue, and none that others have."""

from __future__ import annotations

import os
import queue
import signal

import pytest

from chronomux.queue import Queue
from tests.faults.queue_peers import start


def test_a_put_that_waits_sends_nothing_but_items() -> None:
    """A wait for room sends the open frame; after a flush there is none."""
    shared = Queue(1)
    shared.put("a")
    shared.flush()
    with pytest.raises(queue.Full):
        shared.put("b", timeout=0.01)
    assert shared.get(timeout=5) == "a"
    with pytest.raises(queue.Empty):
        shared.get(timeout=0.01)
    assert shared.qsize() == 0


def put_and_die(shared: Queue, count: int) -> None:
    for number in range(count):
        shared.put(bytes([number]) * 20_000)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("maxsize", [0, 10])
def test_what_a_dead_producer_held_is_not_counted(maxsize: int) -> None:
    """The ring has room for three of its ten items."""
    shared = Queue(maxsize, ring_bytes=1 << 16)
    start(put_and_die, shared, 10).process.join(20)
    count = shared.qsize()
    assert 1 <= count <= 3
    assert not shared.full()
    for number in range(count):
        assert shared.get(timeout=5) == bytes([number]) * 20_000
    assert shared.qsize() == 0
    assert shared.empty()
