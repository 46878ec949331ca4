"""Registration, start, end: what happens when."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from queue import Queue, SimpleQueue

import pytest

from chronomux.errors import ChronomuxError, SortKeyError
from chronomux.queue import QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import assert_nothing_comes, drain, eventually, fill, receive

BOTH = pytest.mark.parametrize("kind", [QueueMultiplexer, SortedQueueMultiplexer])


@BOTH
def test_an_input_registered_late_takes_part(kind):
    multiplexer = kind().run()
    first, output = multiplexer.input_queue(Queue()), multiplexer.output_queue(Queue())
    first.put(1)
    assert receive(output, 1) == [1]
    second = multiplexer.input_queue(fill(Queue(), [2, 3]))
    assert sorted(receive(output, 1)) == [2] if kind is QueueMultiplexer else True
    fill(first, [4])
    rest = drain(output)
    assert {2, 3, 4} >= set(rest)
    if kind is SortedQueueMultiplexer:
        assert rest == [2, 3, 4]
    assert second is not first
    multiplexer.join(20)
    assert [stats.items for stats in multiplexer.stats.inputs] == [2, 2]


@BOTH
def test_an_output_registered_late_gets_what_goes_out_from_then_on(kind):
    multiplexer = kind().run()
    source, early = multiplexer.input_queue(Queue()), multiplexer.output_queue(Queue())
    source.put(1)
    assert receive(early, 1) == [1]
    late = multiplexer.output_queue(Queue())
    fill(source, [2, 3])
    assert drain(early) == [2, 3]
    assert drain(late) == [2, 3]
    multiplexer.join(20)
    assert [stats.items for stats in multiplexer.stats.outputs] == [3, 2]


@BOTH
def test_an_output_registered_after_the_end_gets_its_empty_at_once(kind):
    multiplexer = kind()
    multiplexer.input_queue(fill(Queue(), [1]))
    multiplexer.output_queue(Queue())
    multiplexer._run_thread()
    late = multiplexer.output_queue(Queue())
    assert drain(late, 1) == []
    assert_nothing_comes(late, 0)
    full = Queue(1)
    full.put("in the way")
    multiplexer.output_queue(full)
    assert drain(full) == ["in the way"]
    assert len(multiplexer.stats.outputs) == 3


@BOTH
def test_an_input_registered_after_the_end_is_refused(kind):
    multiplexer = kind()
    multiplexer.input_queue(fill(Queue(), []))
    multiplexer.output_queue(Queue())
    multiplexer._run_thread()
    with pytest.raises(ChronomuxError, match="the merge has ended"):
        multiplexer.input_queue()


@BOTH
def test_the_merge_starts_with_as_many_queues_as_asked_for(kind):
    multiplexer = kind(wait_for_n_input_queues=2, wait_for_n_output_queues=2).run()
    first = multiplexer.input_queue(fill(Queue(), [1]))
    output = multiplexer.output_queue(Queue())
    second = multiplexer.input_queue(fill(Queue(), [2]))
    time.sleep(0.05)
    assert (first.qsize(), second.qsize()) == (2, 2)
    last = multiplexer.output_queue(Queue())
    assert drain(output) == [1, 2] == drain(last)
    multiplexer.join(20)


@BOTH
def test_stop_ends_the_wait_for_queues(kind):
    multiplexer = kind(wait_for_n_input_queues=2).run()
    multiplexer.input_queue(Queue())
    output = multiplexer.output_queue(Queue())
    multiplexer.stop()
    assert not multiplexer.is_running
    assert drain(output, 1) == []


@BOTH
def test_stop_before_run_ends_the_outputs_too(kind):
    multiplexer = kind()
    output = multiplexer.output_queue(Queue())
    multiplexer.stop()
    multiplexer.stop()
    assert drain(output, 1) == []
    assert multiplexer.run() is multiplexer
    assert not multiplexer.is_running
    multiplexer.join()
    assert_nothing_comes(output, 0.02)


@BOTH
def test_run_again_does_nothing(kind):
    multiplexer = kind().run()
    thread = multiplexer._thread
    assert multiplexer.run() is multiplexer
    assert multiplexer._thread is thread
    assert thread.daemon
    assert thread.name == f"chronomux-{kind.__name__}"
    multiplexer.input_queue(fill(Queue(), [1]))
    output = multiplexer.output_queue(Queue())
    assert drain(output) == [1]
    multiplexer.join(20)
    multiplexer.run()
    multiplexer._run_thread()
    assert not multiplexer.is_running
    assert_nothing_comes(output, 0.02)


@BOTH
def test_join_waits_no_longer_than_its_timeout(kind):
    multiplexer = kind()
    multiplexer.join()  # not started: nothing to wait for
    multiplexer.run()
    assert multiplexer.is_running
    multiplexer.join(0.01)
    assert multiplexer.is_running
    multiplexer.stop()


def test_join_raises_what_ended_the_merge_every_time(caplog):
    multiplexer = SortedQueueMultiplexer().run()
    multiplexer.input_queue(fill(Queue(), [1, "a"]))
    output = multiplexer.output_queue(Queue())
    assert drain(output) == [1]
    for _ in range(2):
        with pytest.raises(SortKeyError):
            multiplexer.join(20)
    assert isinstance(multiplexer.exception, SortKeyError)
    assert not multiplexer.is_running
    assert "SortKeyError" in caplog.text
    assert_nothing_comes(output, 0.02)


@BOTH
def test_leaving_a_with_block_stops_the_merge(kind):
    with kind() as multiplexer:
        source, output = multiplexer.input_queue(), multiplexer.output_queue()
        source.put(1)
        assert receive(output, 1) == [1]
    assert not multiplexer.is_running
    assert drain(output) == []


def test_a_with_block_raises_the_error_of_the_merge_but_hides_no_other():
    def failing():
        multiplexer = SortedQueueMultiplexer()
        multiplexer.input_queue(fill(Queue(), [1, "a"]))
        multiplexer.output_queue(Queue())
        return multiplexer

    with pytest.raises(SortKeyError), failing() as multiplexer:
        eventually(lambda: not multiplexer.is_running)
    with pytest.raises(ZeroDivisionError), failing() as multiplexer:
        fail_after_the_end_of(multiplexer)


def fail_after_the_end_of(multiplexer):
    eventually(lambda: not multiplexer.is_running)
    raise ZeroDivisionError


@BOTH
def test_a_queue_registered_twice_counts_once(kind):
    multiplexer = kind()
    source, output = Queue(), Queue()
    for _ in range(2):
        assert multiplexer.input_queue(source) is source
        assert multiplexer.output_queue(output) is output
    fill(source, [1, 2])
    multiplexer._run_thread()
    assert drain(output) == [1, 2]
    assert_nothing_comes(output, 0)


@BOTH
def test_a_queue_cannot_be_input_and_output(kind):
    multiplexer, queue = kind(), Queue()
    multiplexer.input_queue(queue)
    with pytest.raises(ValueError, match="input and output"):
        multiplexer.output_queue(queue)
    queue = multiplexer.output_queue()
    with pytest.raises(ValueError, match="input and output"):
        multiplexer.input_queue(queue)


@BOTH
@pytest.mark.parametrize("thing", [object(), 1, "queue", [], {}])
def test_what_lacks_get_or_put_is_no_queue(kind, thing):
    multiplexer = kind()
    with pytest.raises(TypeError, match=r"no put\(\)"):
        multiplexer.output_queue(thing)
    if not hasattr(thing, "get"):
        with pytest.raises(TypeError, match=r"no get\(\)"):
            multiplexer.input_queue(thing)


def test_stats_say_what_was_done_and_how_long_it_waited():
    multiplexer = SortedQueueMultiplexer().run()
    first, second = multiplexer.input_queue(Queue()), multiplexer.input_queue(Queue())
    output = multiplexer.output_queue(Queue())
    fill(first, [1, 2], end=False)
    time.sleep(0.2)
    held = multiplexer.stats
    assert [stats.items for stats in held.inputs] == [1, 0]
    assert [stats.undelivered for stats in held.inputs] == [1, 0]
    assert not held.inputs[0].ended
    fill(second, [3])
    fill(first, [])
    assert drain(output) == [1, 2, 3]
    multiplexer.join(20)
    stats = multiplexer.stats
    assert [(s.items, s.undelivered, s.ended) for s in stats.inputs] == [
        (2, 0, True),
        (1, 0, True),
    ]
    assert 0.05 < stats.inputs[1].waited < 20
    assert stats.outputs[0].items == 3
    assert stats.outputs[0].error is None


def test_stop_counts_what_was_taken_and_not_passed_on():
    multiplexer = SortedQueueMultiplexer().run()
    first, _ = multiplexer.input_queue(Queue()), multiplexer.input_queue(Queue())
    output = multiplexer.output_queue(Queue())
    first.put(1)
    eventually(lambda: multiplexer.stats.inputs[0].items == 1)
    multiplexer.stop()
    assert drain(output) == []
    assert multiplexer.stats.inputs[0].undelivered == 1


@pytest.mark.parametrize("last", [3, "not comparable"])
def test_no_item_is_kept_after_the_end(last):
    class Item:
        def __init__(self, key):
            self.key = key

    multiplexer = SortedQueueMultiplexer(sort_key="key")
    items = [Item(key) for key in (1, 2, last)]
    multiplexer.input_queue(fill(SimpleQueue(), items[::2]))
    multiplexer.input_queue(fill(SimpleQueue(), items[1:2]))
    output = multiplexer.output_queue(SimpleQueue())
    multiplexer._run_thread()
    drain(output)
    gone = [weakref.ref(item) for item in items]
    del items, multiplexer, output
    gc.collect()
    assert [ref() for ref in gone] == [None] * 3


@BOTH
def test_no_thread_is_left(kind):
    before = set(threading.enumerate())
    multiplexer = kind().run()
    multiplexer.input_queue(fill(SimpleQueue(), [1, 2]))
    output = multiplexer.output_queue(SimpleQueue())
    assert drain(output) == [1, 2]
    multiplexer.join(20)
    eventually(lambda: set(threading.enumerate()) <= before)


def test_a_key_function_may_stop_its_own_merge():
    multiplexer = SortedQueueMultiplexer(sort_key=lambda item: multiplexer.stop() or 1)
    multiplexer.input_queue(fill(Queue(), [1, 2, 3]))
    output = multiplexer.output_queue(Queue())
    multiplexer.run()
    received = drain(output)
    assert len(received) <= 1
    multiplexer.join(20)


def test_inputs_fed_by_threads_at_random_come_out_in_order():
    import random

    multiplexer = SortedQueueMultiplexer(max_size=3, on_disorder="raise")
    columns = [list(range(i, 120, 4)) for i in range(4)]
    inputs = [multiplexer.input_queue(Queue(3)) for _ in columns]
    outputs = [multiplexer.output_queue(Queue(2)) for _ in range(2)]
    multiplexer.run()

    def feed(queue, column, seed):
        rng = random.Random(seed)
        for item in column:
            time.sleep(rng.choice([0, 0, 0.002]))
            queue.put(item)
        fill(queue, [])

    feeders = [
        threading.Thread(target=feed, args=(queue, column, seed))
        for seed, (queue, column) in enumerate(zip(inputs, columns, strict=True))
    ]
    for feeder in feeders:
        feeder.start()
    received = []
    reader = threading.Thread(target=lambda: received.extend(drain(outputs[1])))
    reader.start()
    assert drain(outputs[0]) == list(range(120))
    reader.join(20)
    assert received == list(range(120))
    multiplexer.join(20)
