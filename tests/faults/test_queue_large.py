"""Items larger than the ring, when a process ends, dies, is stopped or stays away."""

from __future__ import annotations

import os
import queue
import signal
import time

import pytest

from chronomux.queue import Queue
from tests.faults.queue_peers import Book, Peer, entry_of, large, start
from tests.queues import eventually

RING = 1 << 16
LARGE = bytes(range(256)) * 1000  # four times the ring
EXTENTS = 4  # of such items the file takes at once
KEPT = 2 << 20  # bytes that one of them may keep


def put_and_end(shared: Queue, count: int, dies: bool) -> None:
    for number in range(count):
        shared.put(LARGE + bytes([number]))
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("dies", [False, True])
def test_what_is_in_shared_memory_outlives_its_producer(dies: bool) -> None:
    shared = Queue(ring_bytes=RING)
    start(put_and_end, shared, EXTENTS, dies).process.join(20)
    for number in range(EXTENTS):
        assert shared.get(timeout=20) == LARGE + bytes([number])
    assert shared.qsize() == 0


def test_what_waited_in_a_dead_producer_is_lost_and_the_rest_is_not() -> None:
    shared = Queue(ring_bytes=RING)
    start(put_and_end, shared, EXTENTS + 3, True).process.join(20)
    assert shared.qsize() == EXTENTS
    for number in range(EXTENTS):
        assert shared.get(timeout=20) == LARGE + bytes([number])
    with pytest.raises(queue.Empty):
        shared.get(timeout=0.01)
    shared.put(LARGE)
    assert shared.get(timeout=20) == LARGE


def put_one(shared: Queue, book: Book) -> None:
    shared.put(1)
    book.count = 1


@pytest.mark.parametrize("maxsize", [0, EXTENTS + 5])
def test_large_items_that_wait_keep_nobody_else_waiting(maxsize: int) -> None:
    shared, put = Queue(maxsize, ring_bytes=RING), Book(1)
    producer = start(put_and_end, shared, EXTENTS + 1, False)
    eventually(lambda: shared.qsize() == EXTENTS + 1)
    other = start(put_one, shared, put)
    eventually(lambda: put.count == 1)
    shared.put(2, timeout=5)
    shared.flush()
    other.process.join(20)
    got = [shared.get(timeout=20) for _ in range(EXTENTS + 3)]
    producer.process.join(20)
    assert sorted(item for item in got if isinstance(item, int)) == [1, 2]
    assert [item for item in got if isinstance(item, bytes)] == [
        LARGE + bytes([number]) for number in range(EXTENTS + 1)
    ]


def put_numbers(shared: Queue, count: int) -> None:
    for number in range(count):
        shared.put(large(0, number))


def get_until_stopped(shared: Queue, book: Book, stop: Book) -> None:
    while not stop.count:
        try:
            item = shared.get(timeout=0.01)
        except queue.Empty:
            continue
        book.write([entry_of(item)])


def stay_away(seconds: float) -> None:
    """One consumer stops at some instant of a call; another gets all the rest."""
    shared, book, stop = Queue(ring_bytes=RING), Book(), Book(1)
    count = 100
    producer = start(put_numbers, shared, count)
    away = start(get_until_stopped, shared, book, stop)
    got: list[int] = []
    try:
        eventually(lambda: book.count >= 1)
        time.sleep(seconds)
        away.signal(signal.SIGSTOP)
        while len(got) + book.count < count - 1:  # one it may have in its hands
            got.append(entry_of(shared.get(timeout=5)))
        away.signal(signal.SIGCONT)
        while len(got) + book.count < count:
            try:
                got.append(entry_of(shared.get(timeout=0.05)))
            except queue.Empty:
                assert len(got) + book.count >= count - 1
        stop.count = 1
        away.process.join(20)
    finally:
        away.kill()
        producer.kill()
    assert sorted(got + book.entries()) == list(range(count))


@pytest.mark.parametrize("step", range(4))
def test_a_consumer_that_stays_away_keeps_no_large_item_from_others(step: int) -> None:
    stay_away(step * 0.0007)


@pytest.mark.deep
@pytest.mark.parametrize("step", range(100))
def test_a_consumer_that_stays_away_at_any_of_100_instants(step: int) -> None:
    stay_away(step * 0.0003)


def memory_of(shared: Queue) -> int:
    return os.fstat(shared._ring.fileno()).st_blocks * 512


def test_memory_of_large_items_is_given_back() -> None:
    shared = Queue(ring_bytes=RING)
    before = memory_of(shared)
    for size in (RING, 3 * KEPT, 40 << 20, 5 * KEPT):
        for _ in range(2):
            shared.put(bytes(size))
            assert len(shared.get(timeout=20)) == size
        assert memory_of(shared) <= before + 2 * RING + EXTENTS * KEPT
    assert memory_of(shared) < 40 << 20


def test_the_file_does_not_grow_with_the_number_of_large_items() -> None:
    shared, sizes = Queue(ring_bytes=RING), set()
    for number in range(300):
        item = LARGE[number:] * (1 + number % 3)
        shared.put(item)
        assert shared.get(timeout=20) == item
        sizes.add(os.fstat(shared._ring.fileno()).st_size)
    assert max(sizes) < 40 * len(LARGE)
    assert len(sizes) < 20


def kill_writers(seed: int, count: int) -> None:
    """More writers than extents die as they write; others find an extent yet."""
    shared = Queue(ring_bytes=RING)
    stop = Book(1)
    peers: list[Peer] = []
    try:
        for number in range(count):
            book = Book()
            consumer = start(get_until_stopped, shared, book, stop)
            producer = start(put_numbers, shared, 1 << 30)
            peers += [consumer, producer]
            eventually(lambda book=book: book.count >= 2)
            time.sleep((seed + number) % 17 * 0.0002)
            producer.kill()
            consumer.kill()
        while shared.qsize():
            shared.get(timeout=5)
        shared.put(LARGE)
        assert shared.get(timeout=5) == LARGE
    finally:
        for peer in peers:
            peer.kill()


def test_dead_writers_leave_room_for_others() -> None:
    kill_writers(0, 8)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(20))
def test_100_dead_writers_leave_room_for_others(seed: int) -> None:
    kill_writers(seed, 5)
