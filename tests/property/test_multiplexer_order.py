"""Multiplexers against slow models, over columns, keys and options made at random."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux.queue import QueueMultiplexer, SortedQueueMultiplexer
from tests.queues import drain, fill
from tests.reference import merge_order, rank

numbers = st.one_of(
    st.integers(-4, 4),
    st.booleans(),
    st.sampled_from([0.5, -0.0, 2.0**53, 2**53, 2**53 + 1, 2**80]),
    st.floats(allow_nan=True),
    st.none(),
)
columns = st.lists(st.lists(numbers, max_size=12), max_size=6)
directions = st.sampled_from(["min", "max"])


def run(multiplexer: QueueMultiplexer, columns: list[list[Any]]) -> list[list[Any]]:
    """What two outputs get of complete inputs."""
    outputs = [multiplexer.output_queue(SimpleQueue()) for _ in range(2)]
    for column in columns:
        multiplexer.input_queue(fill(SimpleQueue(), column))
    multiplexer._run_thread()
    received = [drain(output) for output in outputs]
    assert all(output.empty() for output in outputs), "one Empty each"
    assert received[0] == received[1]
    multiplexer.join()
    return received[0]


def tagged(columns: list[list[Any]]) -> list[list[tuple[int, int, Any]]]:
    return [
        [(s, i, k) for i, k in enumerate(column)] for s, column in enumerate(columns)
    ]


def places(items: list[tuple[int, int, Any]]) -> list[tuple[int, int]]:
    return [(s, i) for s, i, _ in items]


@given(columns.filter(bool), directions)
def test_sorted_columns_come_out_as_a_stable_sort(columns, direction):
    reverse = direction == "max"
    columns = [sorted(column, key=rank, reverse=reverse) for column in columns]
    multiplexer = SortedQueueMultiplexer(
        sort_key=["2"], sort_direction=direction, on_disorder="raise"
    )
    received = run(multiplexer, tagged(columns))
    assert places(received) == merge_order(columns, reverse=reverse)


def model(
    columns: list[list[Any]], reverse: bool, drop: bool
) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """The places that go out, and the positions that are late, input by input."""

    below: Callable[[Any, Any], bool] = (
        (lambda a, b: rank(a) > rank(b))
        if reverse
        else (lambda a, b: rank(a) < rank(b))
    )
    mark: list[Any] = []
    late: list[list[int]] = [[] for _ in columns]
    at = [0] * len(columns)
    front: dict[int, tuple[int, bool]] = {}

    def refill(s: int) -> None:
        while at[s] < len(columns[s]):
            i = at[s]
            at[s] += 1
            is_late = bool(mark) and below(columns[s][i], mark[0])
            if is_late:
                late[s].append(i)
            if not (is_late and drop):
                front[s] = i, is_late
                return

    out = []
    for s in range(len(columns)):
        refill(s)
    while front:
        keys = {s: columns[s][i] for s, (i, _) in front.items()}
        s = next(
            s for s in sorted(keys) if not any(below(keys[o], keys[s]) for o in keys)
        )
        i, is_late = front.pop(s)
        out.append((s, i))
        if not is_late:
            mark = [columns[s][i]]
        refill(s)
    return out, late


@given(columns.filter(bool), directions, st.sampled_from(["emit", "drop"]))
def test_disorder_is_found_counted_and_emitted_or_dropped(columns, direction, policy):
    multiplexer = SortedQueueMultiplexer(
        sort_key=lambda item: item[2], sort_direction=direction, on_disorder=policy
    )
    received = run(multiplexer, tagged(columns))
    expected, late = model(columns, direction == "max", policy == "drop")
    assert places(received) == expected
    inputs = multiplexer.stats.inputs
    assert [s.disorder.count for s in inputs] == [len(positions) for positions in late]
    assert [s.disorder.first_position for s in inputs] == [
        positions[0] if positions else None for positions in late
    ]
    assert [s.items for s in inputs] == [len(column) for column in columns]
    assert all(s.undelivered == 0 and s.ended for s in inputs)


@given(st.lists(st.lists(st.integers(), max_size=8), min_size=1, max_size=6))
def test_the_base_class_takes_one_item_of_each_input_by_turns(columns):
    received = run(QueueMultiplexer(), tagged(columns))
    longest = max(map(len, columns))
    expected = [
        (s, i)
        for i in range(longest)
        for s, column in enumerate(columns)
        if i < len(column)
    ]
    assert places(received) == expected
