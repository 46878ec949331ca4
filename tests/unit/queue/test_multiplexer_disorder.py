"""Items that are late: on_disorder, idle_timeout, and what stats say of them."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from chronomux.errors import DisorderError
from chronomux.queue import Disorder, SortedQueueMultiplexer
from tests.queues import drain, eventually, fill, receive


def test_late_items_are_emitted_and_counted(merge_of):
    multiplexer, received = merge_of([[1, 5, 2, 4, 9], [3, 6]])
    assert received == [1, 3, 5, 2, 4, 6, 9]
    first, second = multiplexer.stats.inputs
    assert first.disorder == Disorder(2, largest_step_back=3, first_position=2)
    assert second.disorder == Disorder(0, None, None)
    assert first.items == 5
    assert first.undelivered == 0


def test_late_items_are_dropped_and_counted(merge_of):
    multiplexer, received = merge_of([[1, 5, 2, 4, 9], [3, 6]], on_disorder="drop")
    assert received == [1, 3, 5, 6, 9]
    stats = multiplexer.stats
    assert stats.inputs[0].disorder == Disorder(2, 3, 2)
    assert stats.inputs[0].items == 5
    assert stats.inputs[0].undelivered == 0
    assert stats.outputs[0].items == 5


def test_a_late_item_raises_and_says_where(merge_of):
    multiplexer, received = merge_of([[6, 7], [1, 5, 2]], on_disorder="raise")
    assert received == [1, 5]
    with pytest.raises(
        DisorderError, match="input 1, item 2: key 2 is below 5"
    ) as caught:
        multiplexer.join()
    assert (caught.value.input, caught.value.position) == (1, 2)
    assert multiplexer.stats.inputs[1].disorder.count == 1


def test_equal_keys_are_not_late(merge_of):
    multiplexer, received = merge_of([[1, 1, 1], [1]], on_disorder="raise")
    assert received == [1, 1, 1, 1]
    multiplexer.join()


def test_late_is_above_in_reverse(merge_of):
    multiplexer, received = merge_of([[9, 2, 5.5, 1]], sort_direction="max")
    assert received == [9, 2, 5.5, 1]
    assert multiplexer.stats.inputs[0].disorder == Disorder(1, 3.5, 2)


def test_a_missing_key_after_others_is_late_by_no_measure(merge_of):
    multiplexer, received = merge_of([[1, None, 2]])
    assert received == [1, None, 2]
    assert multiplexer.stats.inputs[0].disorder == Disorder(1, None, 1)


def test_steps_back_are_measured_where_keys_have_a_distance(merge_of):
    day = datetime(2024, 1, 1)
    multiplexer, _ = merge_of([[day + timedelta(3), day]])
    assert multiplexer.stats.inputs[0].disorder == Disorder(1, timedelta(3), 1)
    multiplexer, received = merge_of([["b", "a", "c"]])
    assert received == ["b", "a", "c"]
    assert multiplexer.stats.inputs[0].disorder == Disorder(1, None, 1)


def test_an_item_of_an_input_registered_late_may_be_late(make_sorted):
    multiplexer = SortedQueueMultiplexer().run()
    first, output = (
        multiplexer.input_queue(make_sorted()),
        multiplexer.output_queue(make_sorted()),
    )
    fill(first, [1, 5], end=False)
    assert receive(output, 2) == [1, 5]
    second = multiplexer.input_queue(make_sorted())
    fill(second, [3, 6])
    fill(first, [7])
    assert drain(output) == [3, 6, 7]
    multiplexer.join(20)
    assert multiplexer.stats.inputs[1].disorder == Disorder(1, 2, 0)


def test_a_silent_input_holds_the_others_up_until_the_idle_timeout(make_sorted):
    multiplexer = SortedQueueMultiplexer(idle_timeout=2)
    lively, silent = [multiplexer.input_queue(make_sorted()) for _ in range(2)]
    output = multiplexer.output_queue(make_sorted())
    fill(lively, [1, 3, 5], end=False)
    began = time.monotonic()
    multiplexer.run()
    assert receive(output, 3) == [1, 3, 5]
    assert time.monotonic() - began > 1.8, "held up"
    silent.put(2)
    assert receive(output, 1) == [2]
    # An input that has returned is waited for again. The other was silent meanwhile: to
    # be the first, its item has to be there before the next one.
    lively.put(7)
    eventually(lambda: multiplexer.stats.inputs[0].items == 4)
    silent.put(8)
    assert receive(output, 1) == [7]
    fill(lively, [])
    fill(silent, [9])
    assert drain(output) == [8, 9]
    multiplexer.join(20)
    stats = multiplexer.stats
    assert stats.inputs[1].disorder == Disorder(1, 3, 0)
    assert stats.inputs[1].waited > 1.4
    assert stats.inputs[0].disorder.count == 0


def test_silent_inputs_are_set_aside_at_once_not_one_after_the_other(make_sorted):
    multiplexer = SortedQueueMultiplexer(idle_timeout=0.5)
    queues = [multiplexer.input_queue(make_sorted()) for _ in range(11)]
    output = multiplexer.output_queue(make_sorted())
    queues[-1].put(1)
    began = time.monotonic()
    multiplexer.run()
    assert receive(output, 1) == [1]
    assert time.monotonic() - began < 4.0, "10 silent inputs would make 5 s"
    for queue in queues:
        fill(queue, [])
    assert drain(output) == []
    multiplexer.join(20)


def test_an_idle_timeout_of_zero_waits_for_nobody(make_sorted):
    multiplexer = SortedQueueMultiplexer(idle_timeout=0)
    lively, silent = [multiplexer.input_queue(make_sorted()) for _ in range(2)]
    output = multiplexer.output_queue(make_sorted())
    fill(lively, [1, 2])
    multiplexer.run()
    assert receive(output, 2) == [1, 2]
    fill(silent, [0, 3])
    assert drain(output) == [0, 3]
    multiplexer.join(20)
    assert multiplexer.stats.inputs[1].disorder == Disorder(1, 2, 0)


def test_late_items_of_an_input_set_aside_can_be_dropped_or_raise(make_sorted):
    for policy in ("drop", "raise"):
        multiplexer = SortedQueueMultiplexer(idle_timeout=0.05, on_disorder=policy)
        lively, silent = [multiplexer.input_queue(make_sorted()) for _ in range(2)]
        output = multiplexer.output_queue(make_sorted())
        lively.put(5)
        multiplexer.run()
        assert receive(output, 1) == [5]
        fill(silent, [1, 2, 3, 6])
        if policy == "raise":
            assert drain(output) == []
            with pytest.raises(DisorderError, match="input 1, item 0"):
                multiplexer.join(20)
            continue
        assert receive(output, 1) == [6]
        fill(lively, [])
        assert drain(output) == []
        multiplexer.join(20)
        assert multiplexer.stats.inputs[1].disorder == Disorder(3, 4, 0)


def test_a_merge_whose_inputs_are_all_silent_goes_on_when_one_speaks(make_sorted):
    multiplexer = SortedQueueMultiplexer(idle_timeout=0.02)
    inputs = [multiplexer.input_queue(make_sorted()) for _ in range(3)]
    output = multiplexer.output_queue(make_sorted())
    multiplexer.run()
    eventually(lambda: all(intake.aside for intake in multiplexer._intakes))
    for number, queue in enumerate(inputs):
        queue.put(number)
        assert receive(output, 1) == [number]
    for queue in inputs:
        fill(queue, [])
    assert drain(output) == []
    multiplexer.join(20)
    assert all(stats.ended for stats in multiplexer.stats.inputs)
