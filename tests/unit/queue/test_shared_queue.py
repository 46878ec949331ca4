"""The queue that multiplexers make, and iteration over queues."""

from __future__ import annotations

import logging
import multiprocessing
import queue

import pytest

from chronomux.queue import IterableQueue, Queue
from tests.queues import drain, eventually, fill


def test_a_queue_knows_empty_and_full():
    assert Queue.Empty is queue.Empty
    assert Queue.Full is queue.Full
    bounded = Queue(1)
    bounded.put(1)
    with pytest.raises(Queue.Full):
        bounded.put(2, timeout=0.01)
    assert bounded.get(timeout=5) == 1
    with pytest.raises(Queue.Empty):
        bounded.get_nowait()


def test_empty_stays_itself_on_its_way_through_a_queue():
    shared = fill(Queue(), [1])
    assert drain(shared) == [1]


def echo(source, target):
    for item in IterableQueue(source):
        target.put(item)
    target.put(Queue.Empty)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_queue_travels_to_a_process(method):
    context = multiprocessing.get_context(method)
    source, target = Queue(ctx=context), Queue(ctx=context)
    process = context.Process(target=echo, args=(source, target))
    process.start()
    fill(source, ["a", {"b": 1}])
    assert drain(target, 30) == ["a", {"b": 1}]
    process.join(20)
    assert process.exitcode == 0


def test_an_item_that_cannot_be_sent_is_logged(caplog):
    shared = Queue()
    with caplog.at_level(logging.ERROR, logger="chronomux"):
        fill(shared, [lambda: None, 1])
        assert drain(shared) == [1]
        eventually(lambda: "cannot be sent" in caplog.text)
    assert "<function" in caplog.text


@pytest.mark.parametrize("make", [queue.Queue, queue.SimpleQueue, Queue])
def test_iteration_ends_with_empty_and_stays_ended(make):
    items = IterableQueue(fill(make(), [1, None, 2]))
    assert list(items) == [1, None, 2]
    assert list(items) == []


def test_iteration_raises_empty_when_nothing_comes_in_time():
    source = queue.Queue()
    items = IterableQueue(source, timeout=0.02)
    source.put(1)
    assert next(items) == 1
    with pytest.raises(queue.Empty):
        next(items)
    fill(source, [2])
    assert list(items) == [2]
