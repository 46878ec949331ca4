"""Queues and processes that break while their frames are merged."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from chronomux.errors import ChronomuxError, DeadInputError
from chronomux.queue import Queue, SortedQueueMultiplexer
from tests.queues import drain, eventually, fill, receive

fork = multiprocessing.get_context("fork")


def produce_and_hang(target, items):
    target.put_many(items)
    target.flush()
    time.sleep(600)


def start_producer(target, items):
    producer = fork.Process(target=produce_and_hang, args=(target, items), daemon=True)
    producer.start()
    return producer


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)


@pytest.fixture
def multiplexer(request):
    multiplexer = SortedQueueMultiplexer(**getattr(request, "param", {}))
    yield multiplexer
    multiplexer.stop()
    assert multiplexer._frames is not None, "it is the engine of frames that is tested"


def test_a_closed_output_is_dropped_and_the_others_get_all(multiplexer):
    source = multiplexer.input_queue()
    first, closed, last = [multiplexer.output_queue() for _ in range(3)]
    multiplexer.run()
    source.put(1)
    assert receive(first, 1) == receive(last, 1) == [1]
    closed.close()
    fill(source, range(2, 1000))
    assert drain(first) == drain(last) == list(range(2, 1000))
    multiplexer.join(20)
    stats = multiplexer.stats.outputs
    assert isinstance(stats[1].error, ValueError)
    assert [s.items for s in stats] == [999, 1, 999]


def test_a_merge_whose_only_output_is_closed_ends_with_an_error(multiplexer):
    source, output = multiplexer.input_queue(), multiplexer.output_queue()
    output.close()
    fill(source, [1])
    multiplexer.run()
    with pytest.raises(ChronomuxError, match="every output is gone"):
        multiplexer.join(20)


@pytest.mark.parametrize("count", [1, 2])
def test_a_closed_input_is_dead(multiplexer, count):
    closed, *_ = [multiplexer.input_queue() for _ in range(count)]
    output = multiplexer.output_queue()
    multiplexer.run()
    closed.close()
    assert drain(output) == []
    with pytest.raises(DeadInputError, match="input 0 is dead"):
        multiplexer.join(20)


@pytest.mark.parametrize(
    "multiplexer", [{"on_dead_input": p} for p in ("raise", "end")], indirect=True
)
def test_what_a_killed_producer_has_sent_goes_out_before_its_input_is_dead(multiplexer):
    doomed, lively = multiplexer.input_queue(), multiplexer.input_queue()
    output = multiplexer.output_queue()
    producer = start_producer(doomed, range(0, 1000, 2))
    eventually(lambda: [p[2] for p in doomed._ring.producers()] == [0])
    kill(producer)
    fill(lively, [1, 2001])
    multiplexer.run()
    received = drain(output)
    if multiplexer._options.on_dead_input == "raise":
        assert received == sorted([*range(0, 1000, 2), 1])
        with pytest.raises(DeadInputError, match=r"input 0 .* producers are gone"):
            multiplexer.join(20)
    else:
        assert received == sorted([*range(0, 1000, 2), 1, 2001])
        multiplexer.join(20)


def put_large_and_hang(target, count):
    for number in range(count):
        target.put(bytes(1 << 20), key=number)
    time.sleep(600)


@pytest.mark.parametrize("multiplexer", [{"on_dead_input": "end"}], indirect=True)
def test_large_items_that_no_extent_took_are_not_awaited_for_ever(multiplexer):
    doomed = multiplexer.input_queue(Queue(ring_bytes=1 << 14))
    output = multiplexer.output_queue()
    producer = fork.Process(target=put_large_and_hang, args=(doomed, 6), daemon=True)
    producer.start()
    eventually(lambda: doomed.qsize() == 6)
    kill(producer)
    multiplexer.run()
    assert drain(output) == [bytes(1 << 20)] * 4
    multiplexer.join(20)


def consume(source, count):
    for _ in range(count):
        source.get()
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_consumer_leaves_the_rest_to_others(multiplexer):
    source = multiplexer.input_queue()
    output = multiplexer.output_queue(Queue(10))
    consumer = fork.Process(target=consume, args=(output, 5), daemon=True)
    consumer.start()
    fill(source, range(1000))
    multiplexer.run()
    consumer.join(20)
    assert drain(output) == list(range(5, 1000))
    multiplexer.join(20)
