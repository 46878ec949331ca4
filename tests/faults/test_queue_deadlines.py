"""Timeouts are kept, whatever a process that was stopped has in its hands."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chronomux.queue import Queue
from tests.faults.queue_peers import Book, Peer, get_from, large, put_on, small, start
from tests.queues import eventually

LATE = 2.0  # seconds that a loaded machine may add


def stop_with_the_lock(shared: Queue) -> None:
    """The question whether a producer is gone is asked with the ring's lock held."""

    asked: list[int] = []

    def stop(pid: int, began: int) -> bool:
        asked.append(pid)
        if len(asked) == 1:
            os.kill(os.getpid(), signal.SIGSTOP)
        return False

    shared._ring.attach(os.getpid(), 1, stop)


def is_stopped(peer: Peer) -> bool:
    with open(f"/proc/{peer.pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0] == "T"


def stopped(shared: Queue) -> Peer:
    shared._ring.attach(os.getpid(), 1, lambda pid, began: False)  # somebody to ask for
    peer = start(stop_with_the_lock, shared)
    eventually(lambda: is_stopped(peer))
    return peer


def go_on(peer: Peer) -> None:
    peer.signal(signal.SIGCONT)
    peer.process.join(20)
    assert peer.process.exitcode == 0


def seconds_of(call: Callable[..., Any], *arguments: Any, error: Any) -> float:
    began = time.monotonic()
    with pytest.raises(error):
        call(*arguments)
    return time.monotonic() - began


@pytest.fixture
def bounded() -> Iterator[Queue]:
    """With an item in it; room for more, but nobody can see that."""
    shared = Queue(5)
    shared.put("first")
    shared.flush()
    peer = stopped(shared)
    yield shared
    go_on(peer)


def test_put_raises_full_in_time(bounded: Queue) -> None:
    assert seconds_of(bounded.put_nowait, 1, error=queue.Full) < LATE
    assert 0.3 <= seconds_of(bounded.put, 1, True, 0.3, error=queue.Full) < 0.3 + LATE
    took = seconds_of(bounded.put_many, [1, 2], True, 0.1, error=queue.Full)
    assert 0.1 <= took < 0.1 + LATE


def test_get_is_not_concerned(bounded: Queue) -> None:
    assert bounded.get(timeout=0.01) == "first"
    assert seconds_of(bounded.get_nowait, error=queue.Empty) < LATE
    assert 0.1 <= seconds_of(bounded.get, True, 0.1, error=queue.Empty) < 0.1 + LATE
    assert seconds_of(bounded.get_many, 5, True, 0.1, error=queue.Empty) < 0.1 + LATE


def test_questions_and_close_come_back(bounded: Queue) -> None:
    began = time.monotonic()
    assert bounded.qsize() == 1
    assert not bounded.empty()
    assert not bounded.full()
    assert bounded.producers_alive()
    bounded.close()
    assert time.monotonic() - began < LATE


def test_a_first_put_raises_full_in_time() -> None:
    shared = Queue()
    peer = stopped(shared)
    try:
        assert seconds_of(shared.put_nowait, 1, error=queue.Full) < LATE
        assert 0.2 <= seconds_of(shared.put, 1, True, 0.2, error=queue.Full) < LATE
    finally:
        go_on(peer)
    shared.put_nowait(2)
    assert shared.get(timeout=5) == 2


@pytest.mark.parametrize("item", ["small", bytes(3 << 20)])
def test_a_queue_without_a_bound_takes_items_that_go_when_the_other_goes_on(
    item: Any,
) -> None:
    shared = Queue()
    shared.put(0)
    assert shared.get(timeout=5) == 0
    peer = stopped(shared)
    try:
        began = time.monotonic()
        for _ in range(3):
            shared.put(item)
        assert time.monotonic() - began < LATE
        assert seconds_of(shared.get, True, 0.05, error=queue.Empty) < 0.05 + LATE
    finally:
        go_on(peer)
    assert [shared.get(timeout=20) for _ in range(3)] == [item] * 3


# ---- At any instant

KINDS: dict[str, dict[str, Any]] = {
    "small items": {"maxsize": 5},
    "large items": {"maxsize": 5, "ring_bytes": 1 << 16},
    "no bound": {"ring_bytes": 1 << 14},
}


def random_stops(kind: str, seed: int, count: int) -> None:
    chance = random.Random(seed)
    shared, stop = Queue(**KINDS[kind]), Book(1)
    make = large if kind == "large items" else small
    peers = [
        start(put_on, shared, 1, Book(1), stop, make, 3),
        start(get_from, shared, Book(), Book(), stop, 3),
    ]
    try:
        for _ in range(count):
            time.sleep(chance.random() * 0.003)
            for peer in peers:
                peer.signal(signal.SIGSTOP)
            for call in (
                lambda: shared.put(make(0, 0), timeout=0.01),
                lambda: shared.put_nowait(make(0, 0)),
                lambda: shared.get(timeout=0.01),
                shared.get_nowait,
                shared.qsize,
            ):
                began = time.monotonic()
                with contextlib.suppress(queue.Full, queue.Empty):
                    call()
                assert time.monotonic() - began < LATE
            for peer in peers:
                peer.signal(signal.SIGCONT)
        stop.count = 1
        for peer in peers:
            peer.process.join(20)
            assert peer.process.exitcode == 0
    finally:
        for peer in peers:
            peer.kill()


@pytest.mark.parametrize("kind", KINDS)
def test_timeouts_are_kept_at_any_instant_of_a_stop(kind: str) -> None:
    random_stops(kind, len(kind), 10)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", KINDS)
def test_timeouts_are_kept_at_any_of_500_instants(kind: str, seed: int) -> None:
    random_stops(kind, seed, 35)
