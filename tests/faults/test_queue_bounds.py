"""Who has died, or left, takes no room in a queue, and none that others have."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time

import pytest

from chronomux.queue import Queue
from tests.faults.queue_peers import Book, start
from tests.queues import eventually


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


def put_one(shared: Queue, told: Book) -> None:
    eventually(lambda: told.count == 1)
    shared.put("another's")
    shared.flush()
    told.count = 2
    eventually(lambda: told.count == 3)


def test_a_producer_that_leaves_twice_leaves_its_own_place_only() -> None:
    """After close() its place may be given to another, before join_thread()."""
    shared, told = Queue(), Book(1)
    shared.put("one's own")
    assert shared.get(timeout=5) == "one's own"
    peer = start(put_one, shared, told)
    shared.close()
    told.count = 1
    eventually(lambda: told.count == 2)
    shared.join_thread()
    assert [pid for pid, _, _ in shared._ring.producers()] == [peer.pid]
    told.count = 3
    peer.process.join(20)


def test_a_put_that_meets_close_in_another_thread_raises() -> None:
    class Closing:
        """Closes the queue between the check and the put."""

        def __call__(self, item: object) -> int:
            shared.close()
            return 0

    shared = Queue(sort_key=Closing())
    with pytest.raises(ValueError, match="is closed"):
        shared.put("late")
    assert shared._ring.producers() == []
    assert len(shared._ring) == 0


@pytest.mark.parametrize("end", ["flush", "join_thread"])
def test_where_no_thread_can_start_the_waiting_one_feeds(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    shared, got = Queue(ring_bytes=1 << 16), Book()
    consumer = start(count_items, shared, 12, got)
    monkeypatch.setattr(threading.Thread, "start", no_thread)
    for number in range(10):
        shared.put(bytes([number]) * 20_000)
    shared.put(bytes(200_000))
    shared.put("last")
    if end == "flush":
        shared.flush()
        assert shared._sender.parcels == (0, 0)
    shared.close()
    shared.join_thread()
    consumer.process.join(20)
    assert got.count == 12


def count_items(shared: Queue, count: int, got: Book) -> None:
    time.sleep(0.2)  # the ring is full for some slices
    for _ in range(count):
        shared.get(timeout=20)
        got.count += 1
        time.sleep(0.02)
