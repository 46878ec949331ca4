"""Queues and processes that break while their frames are merged."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time

import pytest

from chronomux.errors import ChronomuxError, DeadInputError
from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import drain, eventually, fill, receive

fork = multiprocessing.get_context("fork")


def produce_and_hang(target, items, sent):
    target.put_many(items)
    target.flush()
    sent.set()
    time.sleep(600)


def start_producer(target, items):
    """A process that has sent all of these."""
    sent = fork.Event()
    producer = fork.Process(
        target=produce_and_hang, args=(target, items, sent), daemon=True
    )
    producer.start()
    assert sent.wait(20)
    return producer


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)


@pytest.fixture(params=[QueueMultiplexer, SortedQueueMultiplexer])
def kind(request):
    return request.param


@pytest.fixture
def multiplexer(request, kind):
    multiplexer = kind(**getattr(request, "param", {}))
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
def test_what_a_killed_producer_has_sent_goes_out_before_its_input_is_dead(
    multiplexer, kind
):
    doomed, lively = multiplexer.input_queue(), multiplexer.input_queue()
    output = multiplexer.output_queue()
    producer = start_producer(doomed, range(0, 1000, 2))
    kill(producer)
    fill(lively, [1, 2001])
    multiplexer.run()
    received = drain(output)
    expected = sorted([*range(0, 1000, 2), 1, 2001])
    if kind is QueueMultiplexer:
        expected = [0, 1, 2, 2001, *range(4, 1000, 2)]
    elif multiplexer._options.on_dead_input == "raise":
        expected.remove(2001)
    assert received == expected
    if multiplexer._options.on_dead_input == "raise":
        with pytest.raises(DeadInputError, match=r"input 0 .* producers are gone"):
            multiplexer.join(20)
    multiplexer.stop()


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


def steal(source, count, results):
    results.put([source.get(timeout=20) for _ in range(count)])


def test_another_process_that_takes_rows_meanwhile_gets_each_or_leaves_it(multiplexer):
    source, other = multiplexer.input_queue(), multiplexer.input_queue()
    output, results = multiplexer.output_queue(), Queue()
    thief = fork.Process(target=steal, args=(source, 2_000, results), daemon=True)
    thief.start()
    multiplexer.run()
    fill(other, [])
    count, deadline = 0, time.monotonic() + 20
    while results.empty():
        assert time.monotonic() < deadline
        source.put_many(range(count, count + 500))
        count += 500
    fill(source, [])
    stolen, received = results.get(timeout=20), drain(output)
    assert sorted(received + stolen) == list(range(count))
    assert received == sorted(received)
    multiplexer.join(20)
    assert multiplexer.stats.inputs[0].items == len(received)
    thief.join(20)
