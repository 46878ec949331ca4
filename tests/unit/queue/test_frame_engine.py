"""The engine of frames: when it runs, when it hands over, and what only it does."""

from __future__ import annotations

import logging
import math
import mmap
import queue
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest

from chronomux.errors import DisorderError, FrameError
from chronomux.queue import Disorder, Queue, SortedQueueMultiplexer
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

started = partial(running, SortedQueueMultiplexer)


def double(number):
    return 2 * number


@pytest.mark.parametrize("sort_key", [None, "t", ["t"], ("t",), double])
def test_queues_made_by_the_multiplexer_are_merged_as_frames(sort_key):
    multiplexer, (left, right), output = started(sort_key=sort_key)
    items = [
        {"t": n} if not (sort_key is None or callable(sort_key)) else n
        for n in range(6)
    ]
    fill(left, items[::2])
    fill(right, items[1::2])
    assert drain(output) == items
    multiplexer.join(20)
    assert engine_of(multiplexer) == "frames"


@pytest.mark.parametrize(
    ("ours", "theirs", "engine"),
    [
        ("a.b", ["a", "b"], "frames"),
        ("a.b", ["a.b"], "objects"),
        ("a", None, "objects"),
        (None, "a", "objects"),
        (double, double, "frames"),
        (double, lambda number: 2 * number, "objects"),
    ],
)
def test_an_input_must_have_the_keys_of_the_merge(ours, theirs, engine):
    multiplexer = SortedQueueMultiplexer(sort_key=ours)
    multiplexer.input_queue(Queue(sort_key=theirs))
    multiplexer.output_queue(Queue(sort_key="whatever"))
    multiplexer._admit()
    assert engine_of(multiplexer) == engine


@pytest.mark.parametrize("stranger", [2**80, Decimal(9), Fraction(9)])
def test_a_key_that_is_no_number_of_64_bits_hands_over_in_mid_stream(stranger):
    multiplexer, (left, right), output = started(sort_key="t", on_disorder="drop")
    fill(left, [{"t": 1, "n": n} for n in range(300)] + [{"t": 0}], end=False)
    fill(right, [{"t": 2}], end=False)
    assert receive(output, 300) == [{"t": 1, "n": n} for n in range(300)]
    eventually(lambda: multiplexer.stats.inputs[0].disorder == Disorder(1, 1, 300))
    assert engine_of(multiplexer) == "frames"
    fill(left, [{"t": 0}, {"t": 3}])
    fill(right, [{"t": stranger}, {"t": 1}])
    assert drain(output) == [{"t": 2}, {"t": 3}, {"t": stranger}]
    multiplexer.join(20)
    assert engine_of(multiplexer) == "objects"
    first, second = multiplexer.stats.inputs
    assert (first.items, first.disorder) == (303, Disorder(2, 1, 300))
    assert (second.items, second.disorder.count) == (3, 1)
    assert first.undelivered == second.undelivered == 0
    assert multiplexer.stats.outputs[0].items == 303


def test_the_mark_goes_with_the_merge():
    multiplexer, (left,), output = started(1, on_disorder="raise")
    fill(left, [5.5], end=False)
    assert receive(output, 1) == [5.5]
    fill(left, [2**70, 3])
    assert drain(output) == [2**70]
    with pytest.raises(DisorderError, match="item 2: key 3 is below"):
        multiplexer.join(20)


def test_a_late_foreign_input_hands_over():
    multiplexer, (left,), output = started(1)
    fill(left, [1, 2], end=False)
    assert receive(output, 2) == [1, 2]
    foreign = multiplexer.input_queue(queue.Queue())
    fill(foreign, [3, 7])
    fill(left, [5])
    assert drain(output) == [3, 5, 7]
    multiplexer.join(20)
    assert engine_of(multiplexer) == "objects"
    assert [s.items for s in multiplexer.stats.inputs] == [3, 2]
    assert multiplexer.stats.outputs[0].items == 5


def test_a_late_foreign_output_hands_over():
    multiplexer, (left,), output = started(1)
    fill(left, [1, 2], end=False)
    assert receive(output, 2) == [1, 2]
    late = multiplexer.output_queue(BareQueue())
    fill(left, [3, 4])
    assert drain(output) == drain(late) == [3, 4]
    multiplexer.join(20)
    assert engine_of(multiplexer) == "objects"
    assert [s.items for s in multiplexer.stats.outputs] == [4, 2]


def test_an_input_that_has_ended_stays_so_after_the_hand_over():
    multiplexer, (left, right), output = started()
    fill(left, [1])
    fill(right, [2], end=False)
    assert receive(output, 2) == [1, 2]
    fill(right, [2**90])
    assert drain(output) == [2**90]
    multiplexer.join(20)
    assert engine_of(multiplexer) == "objects"


@pytest.mark.parametrize("engine", ["frames", "objects"])
def test_keys_given_to_put_order_the_merge_and_travel_on(engine, monkeypatch):
    monkeypatch.setattr(SortedQueueMultiplexer, "_frames_allowed", engine == "frames")
    first, (left, right), middle = started()
    second = SortedQueueMultiplexer()
    second.input_queue(middle)
    output = second.output_queue()
    second.run()
    left.put_many(["b", "d"], keys=[2, 4.5])
    right.put_many(["a", "c", "e"], keys=[1, 3, 5])
    fill(left, []), fill(right, [])
    assert drain(output) == ["a", "b", "c", "d", "e"]
    for multiplexer in (first, second):
        multiplexer.join(20)
        assert engine_of(multiplexer) == engine


def test_an_output_with_another_sort_key_gets_rows_without_keys():
    multiplexer = SortedQueueMultiplexer(sort_key="t")
    source = multiplexer.input_queue()
    plain, other = (multiplexer.output_queue(Queue(sort_key=k)) for k in (None, "u"))
    same = multiplexer.output_queue()
    fill(source, [{"t": n, "u": -n} for n in range(5)])
    multiplexer._run_thread()
    assert engine_of(multiplexer) == "frames"
    # Whoever merges them makes the keys that it wants.
    for output, sort_key, status in [
        (plain, "u", "objects"),
        (other, "u", "objects"),
        (same, "t", "frames"),
    ]:
        again = SortedQueueMultiplexer(sort_key=sort_key, on_disorder="emit")
        again.input_queue(output)
        result = again.output_queue()
        again._run_thread()
        assert [item["t"] for item in drain(result)] == list(range(5))
        again.join()
        assert engine_of(again) == status
        late = again.stats.inputs[0].disorder.count
        assert late == (4 if sort_key == "u" else 0)


def test_int_and_float_inputs_compare_exactly_and_keep_their_types():
    multiplexer, (ints, floats), output = started()
    fill(ints, [1, 2**53 - 1, 2**53 + 1, 2**63 - 1])
    fill(floats, [math.nan, -math.inf, 0.5, 2.0**53, 2.0**63])
    received = drain(output)
    expected = [
        math.nan,
        -math.inf,
        0.5,
        1,
        2**53 - 1,
        2.0**53,
        2**53 + 1,
        2**63 - 1,
        2.0**63,
    ]
    assert [repr(item) for item in received] == [repr(item) for item in expected]
    multiplexer.join(20)
    assert engine_of(multiplexer) == "frames"


def test_a_slow_listener_of_an_unbounded_output_holds_nobody_up():
    multiplexer = SortedQueueMultiplexer()
    source = multiplexer.input_queue()
    fast = multiplexer.output_queue()
    slow = multiplexer.output_queue(Queue(ring_bytes=1 << 14))
    multiplexer.run()
    source.put_many(range(20_000))
    assert receive(fast, 20_000) == list(range(20_000))
    stats = multiplexer.stats.outputs
    assert [s.items for s in stats] == [20_000, 20_000]
    assert [s.backlog for s in stats] == [0, 20_000]
    assert stats[1].backlog_bytes > 20_000 > stats[0].backlog_bytes == 0
    assert not stats[1].blocking
    fill(source, [])
    assert drain(slow) == list(range(20_000))
    multiplexer.join(20)
    assert engine_of(multiplexer) == "frames"


def test_a_bounded_output_slows_all_and_is_named(caplog):
    caplog.set_level(logging.INFO, "chronomux")
    multiplexer = SortedQueueMultiplexer(maxsize_output=3)
    source = multiplexer.input_queue()
    free, full = multiplexer.output_queue(Queue()), multiplexer.output_queue()
    source.put_many(range(100))
    multiplexer.run()
    eventually(lambda: multiplexer.stats.outputs[1].blocking)
    stats = multiplexer.stats
    assert full.qsize() == stats.outputs[0].items == stats.outputs[1].items == 3
    assert source.qsize() == 97, "what cannot go out stays where it is"
    assert "output 1 is full: all inputs wait for it" in caplog.text
    fill(source, [])
    assert drain(full) == drain(free) == list(range(100))
    multiplexer.join(20)
    stats = multiplexer.stats.outputs
    assert stats[1].waited > 0.04 > stats[0].waited
    assert not stats[1].blocking
    assert engine_of(multiplexer) == "frames"


def test_another_consumer_of_an_input_gets_what_the_merge_does_not():
    multiplexer, (left, right), output = started()
    left.put_many(range(0, 2000, 2))
    right.put(1)
    assert receive(output, 2) == [0, 1]  # and waits for `right`
    stolen = [left.get(timeout=20) for _ in range(300)]
    right.put_many(range(3, 2000, 2))
    fill(left, []), fill(right, [])
    received = drain(output)
    assert stolen == list(range(2, 602, 2))
    assert sorted(received + stolen) == list(range(2, 2000))
    assert received == sorted(received)
    multiplexer.join(20)
    assert multiplexer.stats.inputs[0].items == 700


def test_stop_leaves_rows_that_were_not_moved_in_their_queue():
    multiplexer, (left, right), output = started()
    fill(left, range(10), end=False)
    right.put(0.5)
    assert receive(output, 2) == [0, 0.5]
    multiplexer.stop()
    assert drain(output) == []
    assert multiplexer.stats.inputs[0].undelivered == 0
    assert receive(left, 9) == list(range(1, 10))


def test_large_items_go_through_with_others_between_them():
    multiplexer, (left, right), output = started(sort_key="t")
    large = [{"t": t, "data": bytes([t]) * 700_000} for t in (1, 3)]
    fill(left, large)
    fill(right, [{"t": t} for t in (0, 2, 4)])
    received = drain(output)
    assert [item["t"] for item in received] == [0, 1, 2, 3, 4]
    assert [received[1], received[3]] == large
    multiplexer.join(20)
    assert engine_of(multiplexer) == "frames"


def test_a_damaged_frame_ends_the_merge():
    multiplexer = SortedQueueMultiplexer()
    left, right = multiplexer.input_queue(), multiplexer.input_queue()
    output = multiplexer.output_queue()
    text = b"what is turned over here "
    left.put_many([1, text], keys=[1, 3])
    left.flush()
    with mmap.mmap(left._ring.fileno(), 0) as memory:
        memory[memory.find(text)] ^= 1
    right.put(2)
    multiplexer.run()
    assert drain(output) == []
    with pytest.raises(FrameError, match="damaged frame"):
        multiplexer.join(20)
    assert engine_of(multiplexer) == "frames"


def test_an_idle_merge_passes_a_lone_item_at_once():
    multiplexer, (source,), output = started(1)
    took = times_through(source, output, 30)
    multiplexer.stop()
    assert sorted(took)[10] < 0.02, "not polled, and not a batch's delay"
