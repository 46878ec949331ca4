"""Items larger than the ring, which travel in parts, when a process ends or dies."""

from __future__ import annotations

import logging
import os
import queue
import signal
import time

import pytest

from chronomux._core.receiver import Receiver
from chronomux.queue import Queue
from tests.faults.queue_peers import Book, start
from tests.queues import eventually

RING = 1 << 16
LARGE = bytes(range(256)) * 1000  # four times the ring


def put_and_end(shared: Queue, dies: bool) -> None:
    shared.put(LARGE)
    shared.flush()
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)


class Late(Queue):
    """Looks for the dead as late as a slow process may: a while after it was called."""

    def _bury_partners(self, receiver: Receiver) -> None:
        time.sleep(0.05)
        super()._bury_partners(receiver)


@pytest.mark.parametrize("dies", [False, True])
def test_the_last_parts_of_a_producer_that_is_gone_are_taken(dies: bool) -> None:
    for _ in range(5):
        shared = Late(ring_bytes=RING)
        producer = start(put_and_end, shared, dies)
        assert shared.get(timeout=20) == LARGE
        producer.process.join(20)


def put_until_killed(shared: Queue, book: Book) -> None:
    shared.put(LARGE)
    eventually(lambda: 0 < shared._sender.parcels[1] < len(LARGE) - RING // 2)
    book.count = 1
    shared.flush()


def test_an_item_whose_producer_died_in_the_middle_is_lost_and_said_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shared = Queue(ring_bytes=RING)
    book = Book(1)
    producer = start(put_until_killed, shared, book)
    eventually(lambda: book.count == 1)
    producer.kill()
    with caplog.at_level(logging.ERROR, logger="chronomux"):
        with pytest.raises(queue.Empty):
            shared.get(timeout=0.01)
        assert caplog.text.count("an item is lost") == 1
    shared.put("next")
    assert shared.get(timeout=5) == "next"
    assert shared.qsize() == 0


def put_one(shared: Queue, book: Book) -> None:
    shared.put(1)
    book.count = 1


@pytest.mark.parametrize("maxsize", [0, 5])
def test_nobody_is_kept_from_a_first_put_or_from_leaving(maxsize: int) -> None:
    """An item in parts holds the way into the ring until it is taken: who is to take it
    may have something to put first."""
    shared, sending, put = Queue(maxsize, ring_bytes=RING), Book(1), Book(1)
    producer = start(put_until_killed, shared, sending)
    eventually(lambda: sending.count == 1)
    other = start(put_one, shared, put)
    eventually(lambda: put.count == 1)
    shared.put(2, timeout=5)
    assert shared.get(timeout=5) == LARGE
    assert sorted([shared.get(timeout=5), shared.get(timeout=5)]) == [1, 2]
    for peer in (producer, other):
        peer.process.join(20)
