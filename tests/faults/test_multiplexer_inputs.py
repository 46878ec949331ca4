"""Inputs that fail: dead managers, closed queues, killed producers, broken gets."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import time
from queue import Empty, Queue

import pytest

from chronomux.errors import DeadInputError
from chronomux.queue import QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import assert_nothing_comes, drain, eventually, fill, receive
from tests.timing import assert_within, seconds_of

BOTH = pytest.mark.parametrize("kind", [QueueMultiplexer, SortedQueueMultiplexer])
ALONE = pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside another"])


class BrokenQueue:
    """Gives its items, then raises."""

    def __init__(self, items, error):
        self.items, self.error = list(items), error

    def get(self, block=True, timeout=None):
        if self.items:
            return self.items.pop(0)
        raise self.error

    def put(self, item):
        self.items.append(item)


class WatchedQueue(queue.Queue):
    """A queue that knows whether its producers live."""

    alive = True

    def producers_alive(self):
        return self.alive


@BOTH
@ALONE
def test_a_get_that_raises_ends_the_merge_with_its_error(kind, alone, caplog):
    error = RuntimeError("broken get")
    multiplexer = kind()
    multiplexer.input_queue(BrokenQueue([1], error))
    if not alone:
        multiplexer.input_queue(fill(Queue(), [1]))
    outputs = [multiplexer.output_queue(Queue()) for _ in range(2)]
    multiplexer.run()
    for output in outputs:
        assert set(drain(output)) <= {1}
        assert_nothing_comes(output, 0.02)
    with pytest.raises(RuntimeError, match="broken get"):
        multiplexer.join(20)
    assert multiplexer.exception is error
    assert "broken get" in caplog.text


class GetOnly:
    """Its get blocks; then it raises."""

    def __init__(self, items, error):
        self.items, self.error = list(items), error

    def get(self):
        time.sleep(0.01)
        if self.items:
            return self.items.pop(0)
        raise self.error


@BOTH
def test_a_get_that_raises_in_a_reading_thread_ends_the_merge_alike(kind):
    multiplexer = kind()
    multiplexer.input_queue(GetOnly([1, 2], RuntimeError("broken get")))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert drain(output) == [1, 2]
    with pytest.raises(RuntimeError, match="broken get"):
        multiplexer.join(20)


@BOTH
@pytest.mark.parametrize(
    "error", [ConnectionResetError("gone"), EOFError("gone"), OSError("gone")]
)
def test_an_input_whose_connection_broke_is_dead(kind, error):
    def merge(policy):
        multiplexer = kind(on_dead_input=policy)
        multiplexer.input_queue(BrokenQueue([1], error))
        multiplexer.input_queue(fill(Queue(), [2, 3]))
        return multiplexer, multiplexer.output_queue(Queue())

    multiplexer, output = merge("raise")
    multiplexer.run()
    assert set(drain(output)) <= {1, 2}
    with pytest.raises(DeadInputError, match=r"input 0 is dead: .*gone") as caught:
        multiplexer.join(20)
    assert caught.value.__cause__ is error

    multiplexer, output = merge("end")
    multiplexer.run()
    assert drain(output) == [1, 2, 3]
    multiplexer.join(20)
    assert multiplexer.stats.inputs[0].ended

    multiplexer, output = merge("wait")
    multiplexer.run()
    received = receive(output, 1 if kind is SortedQueueMultiplexer else 3)
    assert received == [1, 2, 3][: len(received)]
    assert multiplexer.is_running
    multiplexer.stop()
    assert drain(output) == []


@BOTH
@ALONE
def test_an_input_that_recovers_goes_on_under_wait(kind, alone, caplog):
    flaky = BrokenQueue([1], ConnectionResetError("gone"))
    multiplexer = kind(on_dead_input="wait")
    multiplexer.input_queue(flaky)
    if not alone:
        multiplexer.input_queue(fill(Queue(), [0]))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert 1 in receive(output, 1 if alone else 2)
    time.sleep(0.1)
    fill(flaky, [2])
    assert drain(output) == [2]
    multiplexer.join(20)
    assert caplog.text.count("input 0 is dead") == 1, "said once, not at every look"


def test_under_wait_a_dead_input_holds_up_no_longer_than_the_idle_timeout():
    multiplexer = SortedQueueMultiplexer(on_dead_input="wait", idle_timeout=0.1)
    multiplexer.input_queue(BrokenQueue([1], ConnectionResetError("gone")))
    multiplexer.input_queue(fill(Queue(), [2, 3], end=False))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert receive(output, 3) == [1, 2, 3]
    multiplexer.stop()
    assert drain(output) == []


@BOTH
@ALONE
def test_a_killed_manager_is_a_dead_input(kind, alone, doomed_manager):
    multiplexer = kind()
    source = multiplexer.input_queue(doomed_manager.Queue())
    if not alone:
        multiplexer.input_queue(fill(Queue(), [2], end=False))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    source.put(1)
    assert 1 in receive(output, 2 if kind is QueueMultiplexer and not alone else 1)
    doomed_manager._process.kill()
    drain(output)
    with pytest.raises(DeadInputError, match="input 0 is dead"):
        multiplexer.join(20)
    assert_nothing_comes(output, 0.02)


@BOTH
@ALONE
@pytest.mark.parametrize("make", [multiprocessing.Queue, multiprocessing.SimpleQueue])
def test_a_closed_queue_is_a_dead_input(kind, alone, make):
    multiplexer = kind()
    source = multiplexer.input_queue(make())
    if not alone:
        multiplexer.input_queue(multiprocessing.Queue())
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    time.sleep(0.05)
    source.close()
    assert drain(output) == []
    with pytest.raises(DeadInputError, match="input 0 is dead"):
        multiplexer.join(20)


@BOTH
@ALONE
def test_a_queue_may_say_that_its_producers_are_gone(kind, alone):
    multiplexer = kind()
    source = multiplexer.input_queue(fill(WatchedQueue(), [1, 2, 3], end=False))
    source.alive = False
    if not alone:
        multiplexer.input_queue(fill(Queue(), [0]))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert [item for item in drain(output) if item] == [1, 2, 3], "what was left"
    with pytest.raises(DeadInputError, match=r"input 0 .* producers are gone"):
        multiplexer.join(20)


@BOTH
def test_an_abandoned_input_can_be_ended_or_waited_for(kind):
    for policy in ("end", "wait"):
        multiplexer = kind(on_dead_input=policy)
        source = multiplexer.input_queue(fill(WatchedQueue(), [1], end=False))
        multiplexer.input_queue(fill(Queue(), [2]))
        output = multiplexer.output_queue(Queue())
        source.alive = False
        multiplexer.run()
        if policy == "end":
            assert drain(output) == [1, 2]
            multiplexer.join(20)
            continue
        assert receive(output, 1) == [1]
        time.sleep(0.1)
        assert multiplexer.is_running
        source.put(3)
        assert receive(output, 2) == [2, 3]
        multiplexer.stop()


def test_an_abandoned_input_that_was_set_aside_is_ended():
    multiplexer = SortedQueueMultiplexer(on_dead_input="end", idle_timeout=0.02)
    source = multiplexer.input_queue(WatchedQueue())
    lively = multiplexer.input_queue(Queue())
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    lively.put(1)
    assert receive(output, 1) == [1]
    source.alive = False
    eventually(lambda: multiplexer.stats.inputs[0].ended)
    fill(lively, [])
    assert drain(output) == []
    multiplexer.join(20)


def produce_and_hang(target):
    for number in range(5):
        target.put(number)
    time.sleep(600)


@pytest.mark.parametrize("idle_timeout", [None, 0.2])
def test_a_killed_producer_leaves_a_merge_that_can_be_stopped(idle_timeout):
    def attempt():
        multiplexer = SortedQueueMultiplexer(
            idle_timeout=idle_timeout, on_dead_input="wait"
        )
        doomed, other = multiplexer.input_queue(), multiplexer.input_queue()
        output = multiplexer.output_queue()
        multiplexer.run()
        context = multiprocessing.get_context("fork")
        producer = context.Process(target=produce_and_hang, args=(doomed,), daemon=True)
        producer.start()
        fill(other, [3.5, 10], end=False)
        if idle_timeout:  # a producer that is slow to start is late
            assert sorted(receive(output, 7)) == [0, 1, 2, 3, 3.5, 4, 10]
        else:
            assert receive(output, 6) == [0, 1, 2, 3, 3.5, 4]
        os.kill(producer.pid, signal.SIGKILL)
        producer.join(20)
        took = seconds_of(multiplexer.stop)
        assert drain(output) == []
        return took

    assert_within(0.2, attempt)


@pytest.mark.skipif(not hasattr(queue, "ShutDown"), reason="Python 3.13 has it")
@BOTH
@ALONE
def test_a_queue_that_was_shut_down_has_ended(kind, alone):
    multiplexer = kind()
    source = multiplexer.input_queue(fill(Queue(), [1, 2], end=False))
    if not alone:
        multiplexer.input_queue(fill(Queue(), [3]))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert receive(output, 2)[0] == 1
    source.shutdown()
    assert set(drain(output)) <= {2, 3}
    multiplexer.join(20)
    assert multiplexer.stats.inputs[0].ended


def test_empty_raised_by_a_plain_get_means_nothing_yet():
    class Impatient:
        """Its get raises Empty rather than wait."""

        def __init__(self):
            self.inner = Queue()

        def get(self):
            return self.inner.get_nowait()

        def put(self, item):
            self.inner.put(item)

    multiplexer = SortedQueueMultiplexer().run()
    source, output = (
        multiplexer.input_queue(Impatient()),
        multiplexer.output_queue(Queue()),
    )
    source.put(1)
    assert receive(output, 1) == [1]
    time.sleep(0.05)
    source.put(2)
    source.put(Empty)
    assert drain(output) == [2]
    multiplexer.join(20)
