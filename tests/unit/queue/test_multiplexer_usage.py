"""The documented usage of both classes, word for word."""

from __future__ import annotations

import multiprocessing
from multiprocessing import Manager

import pytest

from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import assert_nothing_comes, drain, fill


def test_the_documented_usage_of_the_multiplexer():
    multiplexer = QueueMultiplexer().run()
    input_queue_1 = multiplexer.input_queue()
    manager = Manager()
    input_queue_2 = multiplexer.input_queue(manager.Queue())
    output_queue = multiplexer.output_queue()
    multiplexer.run()

    input_queue_1.put("value_1")
    input_queue_2.put("value_2")
    input_queue_1.put(Queue.Empty)
    input_queue_2.put(Queue.Empty)

    received = []
    while True:
        item = output_queue.get()
        if item == Queue.Empty:
            break
        received.append(item)
    assert sorted(received) == ["value_1", "value_2"]
    multiplexer.join(20)
    assert not multiplexer.is_running
    assert_nothing_comes(output_queue)
    manager.shutdown()


def test_the_documented_usage_of_the_sorted_multiplexer():
    multiplexer = SortedQueueMultiplexer(
        sort_key="timestamp", sort_direction="min", max_size=100
    ).run()
    input_queue_1 = multiplexer.input_queue()
    manager = Manager()
    input_queue_2 = multiplexer.input_queue(manager.Queue())
    output_queue = multiplexer.output_queue()
    multiplexer.run()

    input_queue_1.put({"timestamp": 1010})
    input_queue_1.put({"timestamp": 1020})
    input_queue_1.put({"timestamp": 1030})
    input_queue_2.put({"timestamp": 1019})
    input_queue_2.put({"timestamp": 1020})
    input_queue_2.put({"timestamp": 1021})
    input_queue_1.put(Queue.Empty)
    input_queue_2.put(Queue.Empty)

    received = []
    while True:
        item = output_queue.get()
        if item == Queue.Empty:
            break
        received.append(item["timestamp"])
    assert received == [1010, 1019, 1020, 1020, 1021, 1030]
    multiplexer.join(20)
    assert_nothing_comes(output_queue)
    manager.shutdown()


@pytest.mark.parametrize("attempt", range(5))
def test_the_first_version_of_the_round_robin_test(attempt):
    multiplexer = QueueMultiplexer()
    input_1, input_2 = multiplexer.input_queue(), multiplexer.input_queue()
    output_1, output_2 = multiplexer.output_queue(), multiplexer.output_queue()
    fill(input_1, ["value_1_1", "value_1_2"])
    fill(input_2, ["value_2_1", "value_2_2", "value_2_3"])
    multiplexer._run_thread()
    expected = ["value_1_1", "value_2_1", "value_1_2", "value_2_2", "value_2_3"]
    for output in (output_1, output_2):
        assert drain(output) == expected
        assert_nothing_comes(output, 0.02)


def test_the_first_version_of_the_sorting_test():
    multiplexer = SortedQueueMultiplexer(sort_key="ts")
    input_1, input_2 = multiplexer.input_queue(), multiplexer.input_queue()
    output = multiplexer.output_queue()
    fill(input_1, [{"ts": ts, "from": 1} for ts in (1, 2, 3, 4)])
    fill(input_2, [{"ts": ts, "from": 2} for ts in (1, 3)])
    multiplexer._run_thread()
    received = [(item["ts"], item["from"]) for item in drain(output)]
    assert received == [(1, 1), (1, 2), (2, 1), (3, 1), (3, 2), (4, 1)]
    assert_nothing_comes(output)


def produce(queue, numbers):
    for number in numbers:
        queue.put({"n": number})
    queue.put(Queue.Empty)


def consume(queue, results):
    results.put([item["n"] for item in iter(queue.get, Queue.Empty)])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_processes_to_many_processes(method):
    context = multiprocessing.get_context(method)
    multiplexer = SortedQueueMultiplexer(sort_key="n")
    inputs = [multiplexer.input_queue() for _ in range(3)]
    outputs = [multiplexer.output_queue() for _ in range(2)]
    results = Queue()
    workers = [
        context.Process(target=produce, args=(queue, range(i, 300, 3)))
        for i, queue in enumerate(inputs)
    ]
    workers += [context.Process(target=consume, args=(o, results)) for o in outputs]
    for worker in workers:
        worker.start()
    multiplexer.run()
    for _ in outputs:
        assert results.get(timeout=30) == list(range(300))
    multiplexer.join(20)
    for worker in workers:
        worker.join(20)
        assert worker.exitcode == 0
    assert multiplexer._frames is not None, "as bytes, all the way"
