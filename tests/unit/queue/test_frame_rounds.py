"""The multiplexer by turns, over frames and over objects: the same results."""

from __future__ import annotations

import math
import mmap
import queue
import time
from decimal import Decimal
from functools import partial

import pytest

from chronomux.errors import DeadInputError, FrameError
from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import (
    BareQueue,
    drain,
    engine_of,
    eventually,
    fill,
    receive,
    running,
    times_through,
)


@pytest.fixture(params=["frames", "objects"])
def engine(request, monkeypatch):
    """The test runs on both engines, and checks that it did."""
    monkeypatch.setattr(QueueMultiplexer, "_frames_allowed", request.param == "frames")
    return request.param


started = partial(running, QueueMultiplexer)


def turns(columns: list[list]) -> list:
    longest = max(map(len, columns))
    return [c[i] for i in range(longest) for c in columns if i < len(c)]


@pytest.mark.parametrize("end", [True, False])
def test_inputs_take_turns(engine, end):
    columns = [[(s, i) for i in range(n)] for s, n in enumerate((3, 0, 600, 1))]
    multiplexer = QueueMultiplexer()
    outputs = [multiplexer.output_queue() for _ in range(2)]
    sources = [fill(multiplexer.input_queue(), column, end) for column in columns]
    multiplexer.run()
    expected = turns(columns)
    for output in outputs:
        assert receive(output, len(expected)) == expected
    if not end:
        for source in sources:
            fill(source, [])
    for output in outputs:
        assert drain(output) == []
    multiplexer.join(20)
    stats = multiplexer.stats
    assert [s.items for s in stats.inputs] == [3, 0, 600, 1]
    assert all(s.ended and s.undelivered == 0 for s in stats.inputs)
    assert [s.items for s in stats.outputs] == [604, 604]
    assert engine_of(multiplexer) == engine


ITEMS = [
    None,
    True,
    2**80,
    -0.0,
    math.inf,
    "text",
    b"bytes",
    {"time": 1, "name": "x"},
    {"other": [1, 2]},
    (1, "a"),
    Decimal("1.5"),
    b"large" * 200_000,
]


def test_items_of_any_type_with_any_keys_or_none_go_through(engine):
    multiplexer = QueueMultiplexer()
    queues = [
        Queue(),
        Queue(sort_key="time"),
        Queue(sort_key=lambda item: 1.5),
        Queue(sort_key=repr),
        Queue(),
    ]
    for source in queues[:-1]:
        multiplexer.input_queue(fill(source, ITEMS))
    keyed = multiplexer.input_queue(queues[-1])
    keyed.put_many(ITEMS, keys=[(3, "no number"), 2, *[0.5] * (len(ITEMS) - 2)])
    fill(keyed, [])
    output = multiplexer.output_queue()
    multiplexer.run()
    received = drain(output)
    multiplexer.join(20)
    assert engine_of(multiplexer) == engine
    assert received == [item for item in ITEMS for _ in queues]
    assert [type(item) for item in received[::5]] == [type(item) for item in ITEMS]


def test_whoever_merges_the_output_makes_his_own_keys(engine):
    first, (source,), middle = started(1)
    source.put_many([{"t": 2}, {"t": 1}], keys=[1, 2])
    fill(source, [{"t": 3}])
    second = SortedQueueMultiplexer(sort_key="t", on_disorder="drop")
    second.input_queue(middle)
    output = second.output_queue()
    second.run()
    assert drain(output) == [{"t": 2}, {"t": 3}]
    second.join(20)
    assert second.stats.inputs[0].disorder.count == 1
    assert engine_of(first) == engine


def test_an_input_without_an_item_misses_its_turn(engine):
    multiplexer, (left, right), output = started()
    for number in range(20):
        fill(right if number % 3 else left, [number], end=False)
        assert receive(output, 1) == [number]
    fill(left, ["end"])
    assert receive(output, 1) == ["end"]
    fill(right, range(500))
    assert drain(output) == list(range(500))
    multiplexer.join(20)
    assert engine_of(multiplexer) == engine


def blocked_in_mid_round() -> tuple:
    """(a multiplexer that has moved two rows of three inputs' next round, the columns,
    its output)"""
    columns = [[(s, i) for i in range(30)] for s in range(3)]
    multiplexer = QueueMultiplexer(maxsize_output=5)
    for column in columns:
        fill(multiplexer.input_queue(), column)
    output = multiplexer.output_queue()
    multiplexer.run()
    eventually(lambda: multiplexer.stats.outputs[0].blocking)
    assert engine_of(multiplexer) == "frames"
    return multiplexer, columns, output


def test_a_foreign_output_takes_over_in_the_middle_of_a_round():
    multiplexer, columns, output = blocked_in_mid_round()
    late = multiplexer.output_queue(BareQueue())
    expected = turns(columns)
    assert drain(output) == expected
    assert drain(late) == expected[5:]
    multiplexer.join(20)
    assert engine_of(multiplexer) == "objects"
    stats = multiplexer.stats
    assert [s.items for s in stats.inputs] == [30, 30, 30]
    assert [s.items for s in stats.outputs] == [90, 85]
    assert all(s.ended and s.undelivered == 0 for s in stats.inputs)


def test_a_foreign_input_takes_its_turns_from_then_on():
    multiplexer, columns, output = blocked_in_mid_round()
    multiplexer.input_queue(fill(queue.Queue(), [(3, i) for i in range(1, 4)]))
    received = drain(output)
    multiplexer.join(20)
    assert engine_of(multiplexer) == "objects"
    assert [place for place in received if place[0] < 3] == turns(columns)
    assert received.index((3, 1)) in (6, 9), "at the end of that round, or of the next"
    assert [s.items for s in multiplexer.stats.inputs] == [30, 30, 30, 3]


def test_a_queue_of_a_subclass_is_used_through_its_own_methods():
    class Stamped(Queue):
        def put(self, item, *arguments, **options):
            super().put(("put", item), *arguments, **options)

        def get(self, *arguments, **options):
            item = super().get(*arguments, **options)
            return item if item is Queue.Empty else ("got", item)

    for kind in (QueueMultiplexer, SortedQueueMultiplexer):
        multiplexer = kind()
        source = multiplexer.input_queue(Stamped())
        output = multiplexer.output_queue(Stamped())
        fill(super(Stamped, source), [1])
        multiplexer._run_thread()
        assert Queue.get(output, timeout=20) == ("put", ("got", 1))


def test_a_bounded_output_slows_all_inputs(engine):
    multiplexer = QueueMultiplexer(maxsize_output=4)
    sources = [fill(multiplexer.input_queue(), range(100)) for _ in range(2)]
    output = multiplexer.output_queue()
    multiplexer.run()
    eventually(lambda: multiplexer.stats.outputs[0].blocking)
    taken = sum(s.items for s in multiplexer.stats.inputs)
    assert taken == 4 + (engine == "objects"), "one is on its way there"
    assert sum(source.qsize() for source in sources) == 202 - taken
    assert drain(output) == [n for n in range(100) for _ in sources]
    multiplexer.join(20)
    assert engine_of(multiplexer) == engine


def test_a_slow_listener_of_an_unbounded_output_holds_nobody_up(engine):
    multiplexer, (left, right), fast = started()
    slow = multiplexer.output_queue(Queue(ring_bytes=1 << 14))
    left.put_many(range(5_000)), right.put_many(range(5_000))
    assert len(receive(fast, 10_000)) == 10_000
    assert multiplexer.stats.outputs[1].backlog == 10_000
    fill(left, []), fill(right, [])
    assert sorted(drain(slow)) == [n for n in range(5_000) for _ in range(2)]
    multiplexer.join(20)
    assert engine_of(multiplexer) == engine


def test_another_consumer_of_an_input_gets_what_the_merge_does_not(engine):
    multiplexer, (left, right), output = started(maxsize_output=3)
    left.put_many(range(1000))
    eventually(lambda: multiplexer.stats.outputs[0].blocking)
    stolen = [left.get(timeout=20) for _ in range(400)]
    fill(left, []), fill(right, [-1])
    received = drain(output)
    assert sorted(received + stolen) == list(range(-1, 1000))
    assert [n for n in received if n >= 0] == sorted(set(received) - {-1})
    multiplexer.join(20)
    assert multiplexer.stats.inputs[0].items == 600


def test_stop_leaves_rows_that_were_not_moved_in_their_queue():
    multiplexer, (left, _), output = started(maxsize_output=3)
    fill(left, range(10), end=False)
    eventually(lambda: multiplexer.stats.outputs[0].blocking)
    multiplexer.stop()
    assert drain(output) == [0, 1, 2]
    assert multiplexer.stats.inputs[0].undelivered == 0
    assert receive(left, 7) == list(range(3, 10))


@pytest.mark.parametrize("policy", ["raise", "end", "wait"])
def test_a_closed_input_is_dead_and_the_others_go_on(engine, policy, caplog):
    multiplexer, (closed, lively), output = started(on_dead_input=policy)
    fill(lively, [1], end=False)
    assert receive(output, 1) == [1]
    closed.close()
    if policy == "raise":
        assert drain(output) == []
        with pytest.raises(DeadInputError, match="input 0 is dead"):
            multiplexer.join(20)
        return
    eventually(lambda: "input 0 is dead" in caplog.text)
    fill(lively, range(2, 100))
    assert receive(output, 98) == list(range(2, 100))
    if policy == "end":
        assert drain(output) == []
        multiplexer.join(20)
    else:
        time.sleep(0.1)
        assert multiplexer.is_running
        multiplexer.stop()
    assert caplog.text.count("input 0 is dead") == 1
    assert engine_of(multiplexer) == engine


def test_a_damaged_frame_ends_the_merge(engine):
    multiplexer = QueueMultiplexer()
    left, right = multiplexer.input_queue(), multiplexer.input_queue()
    output = multiplexer.output_queue()
    text = b"what is turned over here "
    left.put_many(["before it", text])
    left.flush()
    with mmap.mmap(left._ring.fileno(), 0) as memory:
        memory[memory.find(text)] ^= 1
    right.put(2)
    multiplexer.run()
    assert set(drain(output)) <= {2}
    with pytest.raises(FrameError, match="damaged frame"):
        multiplexer.join(20)


@pytest.mark.parametrize("idle", [0, 2, 140])
def test_a_merge_of_idle_inputs_passes_a_lone_item_at_once(idle):
    multiplexer, (source, *_), output = started(1 + idle)
    took = times_through(source, output, 30)
    multiplexer.stop()
    assert sorted(took)[10] < 0.03, "not polled once in a while, and no batch's delay"
