"""What a chronomux.Queue does in one process: put, get, bounds, timeouts."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from chronomux.queue import IterableQueue, Queue
from tests.queues import drain, eventually, fill, within


def test_a_queue_knows_empty_and_full():
    assert Queue.Empty is queue.Empty
    assert Queue.Full is queue.Full
    bounded = Queue(1)
    bounded.put(1)
    assert bounded.full()
    with pytest.raises(Queue.Full):
        bounded.put(2, timeout=0.01)
    assert bounded.get(timeout=5) == 1
    with pytest.raises(Queue.Empty):
        bounded.get_nowait()


def test_empty_stays_itself_on_its_way_through_a_queue():
    shared = fill(Queue(), [1])
    assert drain(shared) == [1]


@pytest.mark.parametrize("make", [queue.Queue, queue.SimpleQueue, Queue])
def test_iteration_ends_with_empty_and_stays_ended(make):
    items = IterableQueue(fill(make(), [1, None, 2]))
    assert list(items) == [1, None, 2]
    assert list(items) == []


def test_a_queue_iterates_over_itself():
    assert list(fill(Queue(), "abc")) == ["a", "b", "c"]


def test_iteration_raises_empty_when_nothing_comes_in_time():
    source = queue.Queue()
    items = IterableQueue(source, timeout=0.02)
    source.put(1)
    assert next(items) == 1
    with pytest.raises(queue.Empty):
        next(items)
    fill(source, [2])
    assert list(items) == [2]


@pytest.mark.parametrize("ring_bytes", [4096, 1 << 20])
def test_items_come_in_the_order_they_were_put(ring_bytes):
    shared = Queue(ring_bytes=ring_bytes)
    items = [{"n": n, "text": "x" * (n % 50)} for n in range(3000)]
    for item in items:
        shared.put(item)
    assert [shared.get() for _ in items] == items
    assert shared.empty()


def test_threads_put_and_get_each_item_once():
    shared, got = Queue(ring_bytes=1 << 14), []

    def put(me):
        for number in range(400):
            shared.put((me, number))

    def get():
        got.extend(shared.get(timeout=20) for _ in range(400))

    threads = [threading.Thread(target=put, args=(me,)) for me in range(3)]
    threads += [threading.Thread(target=get) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(got) == [(me, number) for me in range(3) for number in range(400)]


def test_one_consumer_sees_the_items_of_each_thread_in_order():
    shared = Queue(ring_bytes=1 << 14)

    def put(me):
        for number in range(500):
            shared.put((me, number))

    threads = [threading.Thread(target=put, args=(me,)) for me in range(3)]
    for thread in threads:
        thread.start()
    got = [shared.get(timeout=20) for _ in range(1500)]
    for thread in threads:
        thread.join(20)
    for me in range(3):
        assert [n for source, n in got if source == me] == list(range(500))


@pytest.mark.parametrize("size", [70_000, 300_000, 5_000_000])
def test_an_item_larger_than_the_ring_goes_through(size):
    shared = Queue(ring_bytes=65536)
    large = bytes(range(256)) * (size // 256)
    fill(shared, [1, large, 2])
    assert drain(shared) == [1, large, 2]


def test_a_large_array_goes_through():
    numpy = pytest.importorskip("numpy")
    shared = Queue(ring_bytes=65536)
    array = numpy.arange(200_000.0)
    shared.put(array)
    assert (shared.get(timeout=20) == array).all()


def test_a_large_item_holds_up_no_put():
    """Nobody takes it yet; what is put behind it is admitted and counted."""
    shared = Queue(10, ring_bytes=65536)
    large = bytes(1_000_000)
    within(20, lambda: [shared.put(item) or 1 for item in (large, 1)])
    shared.put_nowait(2)
    assert shared.qsize() == 3
    assert [shared.get(timeout=20) for _ in range(3)] == [large, 1, 2]


@pytest.mark.parametrize("seconds", [0, -1, -0.5, 0.01])
def test_a_timeout_that_is_over_raises_at_once(seconds):
    bounded = fill(Queue(2), [1, 2], end=False)
    began = time.monotonic()
    with pytest.raises(queue.Full):
        bounded.put(3, timeout=seconds)
    with pytest.raises(queue.Full):
        bounded.put_many([3], timeout=seconds)
    assert [bounded.get(), bounded.get()] == [1, 2]
    with pytest.raises(queue.Empty):
        bounded.get(timeout=seconds)
    with pytest.raises(queue.Empty):
        bounded.get_many(timeout=seconds)
    assert time.monotonic() - began < 5


def test_a_timeout_that_is_no_number_is_refused():
    bounded = fill(Queue(1), [1], end=False)
    with pytest.raises(ValueError, match="NaN"):
        bounded.put(2, timeout=float("nan"))
    assert bounded.get() == 1
    with pytest.raises(ValueError, match="NaN"):
        bounded.get(timeout=float("nan"))
    bounded.put(3)
    assert bounded.get(timeout=None) == 3


def test_no_timeout_waits_for_as_long_as_it_takes():
    bounded = fill(Queue(1), [1], end=False)
    timer = threading.Timer(0.15, bounded.get)
    timer.start()
    within(20, lambda: [bounded.put(2, timeout=None)])
    timer.join()
    assert bounded.get() == 2
    timer = threading.Timer(0.15, bounded.put, [3])
    timer.start()
    assert within(20, lambda: bounded.get(timeout=None)) == 3


@pytest.mark.parametrize("size", [1, 3, 100])
def test_a_bounded_queue_never_holds_more_than_its_bound(size):
    shared, most = Queue(size), 0
    thread = threading.Thread(target=shared.put_many, args=(range(500),))
    thread.start()
    eventually(shared.full)
    for number in range(500):
        most = max(most, shared.qsize())
        assert shared.get(timeout=20) == number
    thread.join(20)
    assert most == size


# ---- Many at once


def test_get_many_gives_what_is_there_and_no_more_than_asked():
    shared = Queue()
    shared.put_many(range(10))
    shared.flush()
    assert shared.get_many(3) == [0, 1, 2]
    assert shared.get_many() == [3, 4, 5, 6, 7, 8, 9]
    with pytest.raises(ValueError, match="max_items=0"):
        shared.get_many(0)


def test_get_many_ends_with_an_empty():
    shared = fill(Queue(), [1, 2])
    fill(shared, [3])
    assert shared.get_many() == [1, 2, queue.Empty]
    assert shared.get_many() == [3, queue.Empty]


@pytest.mark.parametrize("maxsize", [0, 1000])
def test_put_many_takes_any_iterable(maxsize):
    shared = Queue(maxsize)
    shared.put_many([])
    assert shared.empty()
    shared.put_many(iter(range(600)))
    assert [shared.get() for _ in range(600)] == list(range(600))


def test_qsize_empty_and_full_are_right_when_it_is_quiet():
    bounded, seen = Queue(2), []

    def look():
        seen.append((bounded.qsize(), bounded.empty(), bounded.full()))

    look()
    for number in (1, 2):
        bounded.put(number)
        look()
    for _ in range(2):
        bounded.get()
        look()
    one = (1, False, False)
    assert seen == [(0, True, False), one, (2, False, True), one, (0, True, False)]
