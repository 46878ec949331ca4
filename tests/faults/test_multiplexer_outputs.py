"""Outputs that fail: consumers that go away, dead managers, closed queues."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import time
from queue import Empty, Queue

import pytest

from chronomux.errors import ChronomuxError
from chronomux.queue import QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import assert_nothing_comes, drain, eventually, fill, receive
from tests.timing import assert_within, seconds_of

BOTH = pytest.mark.parametrize("kind", [QueueMultiplexer, SortedQueueMultiplexer])


class BreakingQueue(Queue):
    """Takes some items, then raises."""

    room = 2

    def put(self, item, block=True, timeout=None):
        if self.room <= 0:
            raise BrokenPipeError("consumer gone")
        self.room -= 1
        super().put(item, block, timeout)


class PutOnly:
    """Takes some items, then raises; its put takes no timeout."""

    def __init__(self, room):
        self.items, self.room = [], room

    def put(self, item):
        if len(self.items) >= self.room:
            raise BrokenPipeError("consumer gone")
        self.items.append(item)


@BOTH
def test_an_output_whose_put_raises_is_dropped_and_the_others_go_on(kind, caplog):
    multiplexer = kind()
    multiplexer.input_queue(fill(Queue(), range(5)))
    broken = multiplexer.output_queue(BreakingQueue())
    bare = multiplexer.output_queue(PutOnly(3))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert drain(output) == [0, 1, 2, 3, 4]
    multiplexer.join(20)
    assert receive(broken, 2) == [0, 1]
    assert_nothing_comes(broken, 0)
    assert bare.items == [0, 1, 2]
    stats = multiplexer.stats.outputs
    assert isinstance(stats[0].error, BrokenPipeError)
    assert isinstance(stats[1].error, BrokenPipeError)
    assert stats[0].error.__traceback__ is None, "its frames would keep items alive"
    assert (stats[0].items, stats[2].items, stats[2].error) == (2, 5, None)
    assert "output 0 is dropped" in caplog.text


@BOTH
@pytest.mark.parametrize("make", [BreakingQueue, lambda: PutOnly(2)])
def test_a_merge_without_an_output_left_ends_with_an_error(kind, make):
    multiplexer = kind()
    source = multiplexer.input_queue(fill(Queue(), range(50)))
    multiplexer.output_queue(make())
    multiplexer.run()
    with pytest.raises(ChronomuxError, match=r"every output is gone.*consumer gone"):
        multiplexer.join(20)
    assert source.qsize() > 0, "it did not read on for nobody"


def test_an_output_that_breaks_while_it_is_full_is_dropped():
    class Breaking(Queue):
        broken = False

        def put(self, item, block=True, timeout=None):
            if self.broken:
                raise BrokenPipeError("consumer gone")
            super().put(item, block, timeout)

    multiplexer = SortedQueueMultiplexer()
    multiplexer.input_queue(fill(Queue(), range(5)))
    breaking = multiplexer.output_queue(Breaking(2))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    assert receive(output, 2) == [0, 1]
    time.sleep(0.02)
    breaking.broken = True
    assert drain(output) == [2, 3, 4]
    multiplexer.join(20)


@BOTH
def test_a_killed_manager_is_a_dropped_output(kind, doomed_manager):
    multiplexer = kind().run()
    source = multiplexer.input_queue(Queue())
    lost = multiplexer.output_queue(doomed_manager.Queue())
    output = multiplexer.output_queue(Queue())
    source.put(1)
    assert receive(lost, 1) == [1] == receive(output, 1)
    doomed_manager._process.kill()
    doomed_manager._process.join(20)
    fill(source, [2, 3])
    assert drain(output) == [2, 3]
    multiplexer.join(20)
    assert multiplexer.stats.outputs[0].error is not None


@BOTH
def test_a_closed_output_is_dropped(kind):
    multiplexer = kind().run()
    source = multiplexer.input_queue(Queue())
    closed, output = multiplexer.output_queue(), multiplexer.output_queue(Queue())
    closed.close()
    fill(source, [1, 2])
    assert drain(output) == [1, 2]
    multiplexer.join(20)
    assert isinstance(multiplexer.stats.outputs[0].error, ValueError)


@BOTH
def test_an_output_that_takes_no_empty_does_not_spoil_the_end(kind, caplog):
    class NoEnd(Queue):
        def put(self, item, block=True, timeout=None):
            if item is Empty:
                raise BrokenPipeError("consumer gone")
            super().put(item, block, timeout)

    multiplexer = kind()
    multiplexer.input_queue(fill(Queue(), [1]))
    odd, output = multiplexer.output_queue(NoEnd()), multiplexer.output_queue(Queue())
    multiplexer.run()
    assert drain(output) == [1]
    multiplexer.join(20)
    assert odd.qsize() == 1
    assert "did not take Empty" in caplog.text


@pytest.mark.skipif(not hasattr(queue, "ShutDown"), reason="Python 3.13 has it")
def test_an_output_that_was_shut_down_is_dropped():
    multiplexer = QueueMultiplexer().run()
    source = multiplexer.input_queue(Queue())
    shut, output = multiplexer.output_queue(Queue()), multiplexer.output_queue(Queue())
    shut.shutdown()
    fill(source, [1])
    assert drain(output) == [1]
    multiplexer.join(20)
    assert isinstance(multiplexer.stats.outputs[0].error, queue.ShutDown)


def consume_forever(source):
    while True:
        source.get()


@BOTH
def test_a_killed_consumer_of_a_bounded_queue_holds_up_but_stop_works(kind):
    def attempt():
        multiplexer = kind(maxsize_output=2)
        multiplexer.input_queue(fill(Queue(), range(500), end=False))
        output = multiplexer.output_queue()
        context = multiprocessing.get_context("fork")
        consumer = context.Process(target=consume_forever, args=(output,), daemon=True)
        consumer.start()
        multiplexer.run()
        eventually(lambda: multiplexer.stats.outputs[0].items > 3)
        os.kill(consumer.pid, signal.SIGKILL)
        consumer.join(20)
        took = seconds_of(multiplexer.stop)
        assert not multiplexer.is_running
        output.cancel_join_thread()
        output.close()
        return took

    assert_within(0.2, attempt)


@BOTH
def test_the_error_of_a_merge_does_not_wait_for_a_full_output(kind):
    class Broken(Queue):
        def get(self, block=True, timeout=None):
            item = super().get(block, timeout)
            if item == 2:
                raise RuntimeError("broken get")
            return item

    multiplexer = kind()
    multiplexer.input_queue(fill(Broken(), range(5)))
    output = multiplexer.output_queue(Queue(2))
    multiplexer.run()
    with pytest.raises(RuntimeError, match="broken get"):
        multiplexer.join(20)
    assert not multiplexer.is_running
    assert drain(output) == [0, 1]
    assert_nothing_comes(output)


def test_full_raised_by_a_plain_put_means_no_room_yet():
    class Impatient:
        """Its put raises Full rather than wait."""

        def __init__(self):
            self.inner = Queue(1)
            self.get = self.inner.get

        def put(self, item):
            self.inner.put_nowait(item)

    multiplexer = QueueMultiplexer()
    multiplexer.input_queue(fill(Queue(), range(6)))
    output = multiplexer.output_queue(Impatient())
    multiplexer.run()
    received = []
    for _ in range(6):
        time.sleep(0.01)
        received += receive(output, 1)
    assert received == list(range(6))
    assert drain(output) == []
    multiplexer.join(20)
