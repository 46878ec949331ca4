"""The engine of frames against that of objects, over streams made at random."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux.errors import DisorderError
from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer
from tests.property.test_multiplexer_order import model, places, tagged
from tests.queues import drain, own
from tests.reference import rank

integers = st.one_of(
    st.integers(-4, 4), st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63 - 1])
)
reals = st.one_of(
    st.sampled_from([0.5, -0.0, 2.0**53, float("inf")]), st.floats(allow_nan=True)
)
typed = st.one_of(integers, reals, st.booleans(), st.none())
keys = st.one_of(typed, typed, typed, typed, typed, st.just(2**80))
columns = st.lists(
    st.one_of(
        st.lists(integers, max_size=40).map(sorted),
        st.lists(integers, max_size=12),
        st.lists(reals, max_size=12),
        st.lists(keys, max_size=12),
    ),
    min_size=1,
    max_size=6,
)


class Frames(SortedQueueMultiplexer):
    pass


class Objects(SortedQueueMultiplexer):
    _frames_allowed = False


class RowRounds(QueueMultiplexer):
    pass


class ObjectRounds(QueueMultiplexer):
    _frames_allowed = False


def run(kind: Any, columns: list[list[Any]], chunk: int, **options: Any) -> Any:
    """(engine, items of two outputs, error, input stats) of complete inputs."""
    multiplexer = kind(sort_key="2", **options)
    outputs = [
        multiplexer.output_queue(queue) for queue in (own("2"), Queue(ring_bytes=4096))
    ]
    for column in tagged(columns):
        source = multiplexer.input_queue(own("2"))
        for start in range(0, len(column), chunk):
            source.put_many(column[start : start + chunk])
            source.flush()
        source.put(Queue.Empty)
    multiplexer._run_thread()
    received = [drain(output) for output in outputs]
    assert places(received[0]) == places(received[1])
    error = multiplexer.exception
    assert error is None or isinstance(error, DisorderError)
    return (
        multiplexer._frames is not None,
        places(received[0]),
        error and (error.input, error.position),
        multiplexer.stats.inputs,
    )


@given(
    columns,
    st.sampled_from(["min", "max"]),
    st.sampled_from(["emit", "drop", "raise"]),
    st.sampled_from([1, 3, 100]),
)
def test_both_engines_do_the_same(columns, direction, policy, chunk):
    options = {"sort_direction": direction, "on_disorder": policy}
    framed, items, error, stats = run(Frames, columns, chunk, **options)
    _, items_of_objects, error_of_objects, stats_of_objects = run(
        Objects, columns, chunk, **options
    )
    strange = any(2**80 in column for column in columns)
    assert framed == (not strange) or error, "an error may come before the hand-over"
    assert items == items_of_objects
    assert error == error_of_objects
    assert [s.disorder.count for s in stats] == [
        s.disorder.count for s in stats_of_objects
    ]
    if policy == "raise":
        return
    assert [s.items for s in stats] == [s.items for s in stats_of_objects]
    assert [s.disorder for s in stats] == [s.disorder for s in stats_of_objects]
    assert all(s.ended and s.undelivered == 0 for s in stats)
    expected, late = model(columns, direction == "max", policy == "drop")
    assert items == expected
    assert [s.disorder.count for s in stats] == [len(positions) for positions in late]


@given(st.lists(st.lists(integers, max_size=600).map(sorted), min_size=1, max_size=3))
def test_long_sorted_columns_come_out_in_order(columns):
    framed, items, _, _ = run(Frames, columns, 1000, on_disorder="raise")
    assert framed
    expected = sorted(
        (rank(key), s, i)
        for s, column in enumerate(columns)
        for i, key in enumerate(column)
    )
    assert items == [(s, i) for _, s, i in expected]


anything = st.one_of(
    keys,
    st.text(max_size=90),
    st.tuples(integers),
    st.dictionaries(st.sampled_from("abc"), st.one_of(integers, st.text(max_size=5))),
)
pairs = st.tuples(anything, st.one_of(keys, st.text(max_size=3)))


def by_turns(
    kind: Any, columns: list[list[tuple[Any, Any]]], given: bool, chunk: int, size: int
) -> tuple[bool, list[str], Any]:
    """(engine, items, input stats) of complete inputs whose rows have all sorts of
    keys: given to put, their own or none."""
    multiplexer = kind()
    outputs = [multiplexer.output_queue(Queue(ring_bytes=size)) for _ in range(2)]
    for column in columns:
        source = multiplexer.input_queue(Queue(ring_bytes=4096))
        for start in range(0, len(column), chunk):
            part = column[start : start + chunk]
            if given:
                source.put_many([i for i, _ in part], keys=[k for _, k in part])
            else:
                source.put_many([item for item, _ in part])
            source.flush()
        source.put(Queue.Empty)
    multiplexer._run_thread()
    multiplexer.join()
    received = [drain(output) for output in outputs]
    assert repr(received[0]) == repr(received[1])
    engine = multiplexer._frames is not None
    return engine, [repr(item) for item in received[0]], multiplexer.stats.inputs


@given(
    st.lists(st.lists(pairs, max_size=9), min_size=1, max_size=4),
    st.booleans(),
    st.sampled_from([1, 3, 100]),
    st.sampled_from([4096, 1 << 20]),
)
def test_both_engines_take_the_same_turns(columns, given, chunk, size):
    framed, items, stats = by_turns(RowRounds, columns, given, chunk, size)
    merged, items_of_objects, stats_of_objects = by_turns(
        ObjectRounds, columns, given, chunk, size
    )
    assert framed
    assert not merged
    longest = max(map(len, columns))
    assert items == [
        repr(column[i][0])
        for i in range(longest)
        for column in columns
        if i < len(column)
    ]
    assert items == items_of_objects
    assert [s.items for s in stats] == [len(column) for column in columns]
    assert [s.items for s in stats] == [s.items for s in stats_of_objects]
    assert all(s.ended and s.undelivered == 0 for s in (*stats, *stats_of_objects))
