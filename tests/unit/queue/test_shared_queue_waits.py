"""Waits of a queue: a lone item arrives at once, and Ctrl-C ends any of them."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import statistics
import threading
import time

import pytest

from chronomux.queue import Queue
from tests.queues import eventually, fill, within


def interrupted(call):
    """Seconds from Ctrl-C, 0.15 s after the call began to wait, to its end."""
    sent = []

    def interrupt():
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.15, interrupt)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            call()
        return time.monotonic() - sent[0]
    finally:
        timer.join()


def test_ctrl_c_ends_a_get():
    shared = Queue()
    assert interrupted(shared.get) < 0.5
    assert interrupted(lambda: shared.get(timeout=30)) < 0.5
    assert interrupted(shared.get_many) < 0.5
    fill(shared, [1, 2], end=False)
    assert [shared.get(), shared.get()] == [1, 2]


def test_ctrl_c_ends_a_put_that_waits_for_room():
    bounded = fill(Queue(2), [1, 2], end=False)
    assert interrupted(lambda: bounded.put(3)) < 0.5
    assert interrupted(lambda: bounded.put_many([3, 4])) < 0.5
    assert bounded.get_many() == [1, 2]
    bounded.put(5)
    assert bounded.get() == 5


def take_later(shared, results, count):
    time.sleep(0.6)
    results.put([len(shared.get(timeout=20)) for _ in range(count)])


@pytest.mark.forks
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_ctrl_c_ends_a_flush_and_a_join_and_loses_nothing():
    shared, results = Queue(ring_bytes=1 << 14), Queue()
    sizes = range(5000, 5020)
    child = multiprocessing.get_context("fork").Process(
        target=take_later, args=(shared, results, len(sizes))
    )
    child.start()
    shared.put_many([bytes(size) for size in sizes])
    assert interrupted(shared.flush) < 0.5
    shared.close()
    assert interrupted(shared.join_thread) < 0.5
    assert results.get(timeout=20) == list(sizes)
    child.join(20)
    assert child.exitcode == 0


def test_closing_a_queue_ends_the_waits_of_other_threads():
    shared = Queue(1)
    failures = []

    def wait():
        try:
            shared.get()
        except ValueError as error:
            failures.append(str(error))

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    time.sleep(0.05)
    shared.close()
    thread.join(20)
    assert "is closed" in failures[0]


def test_a_lone_item_arrives_at_once_where_somebody_waits():
    there, back, times = Queue(), Queue(), []

    def echo():
        for item in there:
            back.put(item)

    thread = threading.Thread(target=echo)
    thread.start()
    for number in range(100):
        time.sleep(0.001)
        began = time.perf_counter()
        there.put(number)
        assert back.get(timeout=20) == number
        times.append(time.perf_counter() - began)
    there.put(Queue.Empty)
    thread.join(20)
    assert statistics.median(times) < 0.005, "two ways, by threads of one process"


def test_the_end_of_a_burst_does_not_stay_behind():
    """Nobody puts, flushes or closes any more; the feeder sends what is left."""
    shared, late = Queue(), []
    for _ in range(10):
        for count in (1, 7, 300):
            for number in range(count):
                shared.put(number)
            began = time.perf_counter()
            eventually(lambda: sent(shared))
            late.append(time.perf_counter() - began)
            assert [shared.get_nowait() for _ in range(count)] == list(range(count))
    assert statistics.median(late) < 0.05


def sent(shared):
    """Whether this process holds nothing back."""
    return all(held == 0 for _, _, held in shared._ring.producers())


def test_a_get_waits_for_the_feeder_of_its_own_process():
    shared = Queue(ring_bytes=1 << 14)
    for item in (1, bytes(300_000), 2):
        shared.put(item)
        assert within(20, shared.get) == item
    with pytest.raises(queue.Empty):
        shared.get(timeout=0.01)
