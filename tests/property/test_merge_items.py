"""merge over any iterables against the oracle and against heapq.merge itself."""

from __future__ import annotations

import array
import heapq
import itertools
import unittest
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux.queue import merge
from tests import reference

BIG = [2**53, 2**53 + 1, float(2**53), 2**63 - 1, 2**63, 2**80, -(2**63), -(2**63) - 1]
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.sampled_from(BIG),
    st.integers(),
)
ANY_NUMBERS = st.one_of(
    NUMBERS,
    st.booleans(),
    st.fractions(max_denominator=7),
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
)
LANES = {
    "ints": st.integers(-(2**63), 2**63 - 1),
    "small ints": st.integers(-4, 4),
    "floats": st.floats(allow_nan=False),
    "nanoseconds": st.integers(1_700_000_000 * 10**9, 1_700_000_001 * 10**9),
    "ints and floats": NUMBERS,
    "numbers of all kinds": ANY_NUMBERS,
    "strings": st.text(max_size=2),
    "tuples": st.tuples(st.integers(0, 2), st.text(max_size=1)),
}
FEEDS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "iterator": iter,
    "generator": lambda items: (item for item in items),
}


def tagged(keys: list[list[Any]], reverse: bool) -> list[list[tuple[Any, int, int]]]:
    """Items that say where they come from, so that an order is a proof."""
    return [
        [(key, s, i) for i, key in enumerate(sorted(column, reverse=reverse))]
        for s, column in enumerate(keys)
    ]


@pytest.mark.parametrize("lane", LANES)
@given(data=st.data(), feed=st.sampled_from(sorted(FEEDS)), reverse=st.booleans())
def test_keys_of_any_lane_merge_as_the_oracle(
    lane: str, feed: str, data: Any, reverse: bool
) -> None:
    keys = data.draw(st.lists(st.lists(LANES[lane], max_size=30), max_size=6))
    items = tagged(keys, reverse)
    expected = reference.merge(items, key=itemgetter(0), reverse=reverse)
    got = merge(*map(FEEDS[feed], items), key=itemgetter(0), reverse=reverse)
    assert list(got) == expected


@given(st.lists(st.lists(NUMBERS)), st.booleans())
def test_items_are_their_own_keys_without_a_key(
    keys: list[list[Any]], reverse: bool
) -> None:
    keys = [sorted(column, reverse=reverse) for column in keys]
    expected = [*map(repr, heapq.merge(*keys, reverse=reverse))]
    assert [*map(repr, merge(*keys, reverse=reverse))] == expected
    assert [*map(repr, merge(*map(iter, keys), reverse=reverse))] == expected


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("k", [1, 2, 7, 300])
@pytest.mark.parametrize("run", [1, 500])
def test_many_blocks_merge_as_the_oracle(
    feed: str, reverse: bool, k: int, run: int
) -> None:
    """Long enough for many rounds; ties across inputs; keys by name from dicts."""
    random = np.random.default_rng([k, run])
    total = 40_000
    times = np.sort(random.integers(0, total // 3, total)) / 4 + 1.7e9
    owners = np.repeat(random.integers(0, k, total // run + 1), run)[:total]
    rows: list[list[dict[str, Any]]] = [[] for _ in range(k)]
    order = zip(times.tolist(), owners.tolist(), strict=True)
    for n, (time, owner) in enumerate(order):
        rows[owner].append({"time": time, "n": n})
    if reverse:
        rows = [column[::-1] for column in rows]
    key = itemgetter("time")
    got = list(merge(*map(FEEDS[feed], rows), key=key, reverse=reverse))
    assert got == reference.merge(rows, key=key, reverse=reverse)


@pytest.mark.parametrize("change", [Decimal("5e3"), Fraction(5000), 2**70, "mixed"])
@pytest.mark.parametrize("feed", FEEDS)
def test_a_lane_change_in_mid_stream_keeps_the_order(feed: str, change: Any) -> None:
    head = [[(float(i), s) for i in range(s, 5000, 3)] for s in range(3)]
    for s, column in enumerate(head):
        first = 5000 if change == "mixed" else change
        column += [(type(first)(first + i), s) for i in range(50)]
    expected = reference.merge(head, key=itemgetter(0))
    assert list(merge(*map(FEEDS[feed], head), key=itemgetter(0))) == expected


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("reverse", [False, True])
def test_nan_sorts_lowest_and_stays_in_place_among_equals(
    feed: str, reverse: bool
) -> None:
    nan = float("nan")
    columns = [[(nan, 0, i) for i in range(300)], [(nan, 1, 0), (-1e308, 1, 1)]]
    if reverse:
        columns[1].reverse()
        expected = [(-1e308, 1, 1), *columns[0], columns[1][1]]
    else:
        expected = [*columns[0], *columns[1]]
    merged = merge(*map(FEEDS[feed], columns), key=itemgetter(0), reverse=reverse)
    assert [item[1:] for item in merged] == [item[1:] for item in expected]


@pytest.mark.parametrize(
    "arrays",
    [
        [np.array([1, 5]), np.array([2, 5])],
        [np.array([1.5, np.inf]), np.array([2, 5], "u1")],
        [array.array("d", [1, 5]), array.array("i", [5, 6])],
        [np.array(["2020", "2022"], "M8[s]"), np.array(["2021", "2022"], "M8[ns]")],
        [np.array(["a", "c"]), np.array(["b"], object)],
        [np.arange(10_000) * 2, np.arange(10_000) * 3, [7.5]],
    ],
    ids=["int", "mixed", "array.array", "times", "strings", "long, and a list"],
)
def test_arrays_give_what_iterating_over_them_gives(arrays: list[Any]) -> None:
    expected = [(type(x), x) for x in heapq.merge(*arrays)]
    assert [(type(x), x) for x in merge(*arrays)] == expected
    keyed = [(type(x), x) for x in merge(*arrays, key=lambda x: x)]
    assert keyed == expected


# What CPython's own tests of heapq.merge ask for


def cpython_merge_tests() -> list[unittest.TestCase]:
    heapq_tests = pytest.importorskip("test.test_heapq")
    names = [n for n in dir(heapq_tests.TestHeap) if "merge" in n]
    assert len(names) >= 4

    class OnOurs(heapq_tests.TestHeap, unittest.TestCase):  # type: ignore[misc,name-defined]
        module = SimpleNamespace(merge=merge)

    return [OnOurs(name) for name in names]


def test_cpythons_own_tests_of_heapq_merge_pass() -> None:
    result = unittest.TestResult()
    for case in cpython_merge_tests():
        case.run(result)
    assert not result.failures, result.failures[0][1]
    assert not result.errors, result.errors[0][1]
    assert result.testsRun >= 4


# Laziness and errors: event for event as heapq.merge


class Fault(Exception):
    pass


def trace(merger: Any, sources: list[Any], key: Any, reverse: bool) -> list[Any]:
    """Every read, key call, item and error, in the order they happen."""
    events: list[Any] = []

    def feed(number: int, items: list[Any]) -> Iterator[Any]:
        for item in items:
            events.append(("read", number, item))
            if item == "stop":
                raise Fault(f"input {number}")
            yield item

    def traced(item: Any) -> Any:
        events.append(("key", item))
        return key(item)

    merging = merger(
        *itertools.starmap(feed, enumerate(sources)), key=traced, reverse=reverse
    )
    try:
        for item in merging:
            events.append(("item", item))
    except (Fault, TypeError, ZeroDivisionError) as error:
        events.append((type(error), str(error)[:20]))
    assert next(merging, "exhausted") == "exhausted"
    return events


@given(
    st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=4),
    st.sampled_from([float, lambda item: 1 / item, lambda item: -item, str]),
    st.booleans(),
    st.data(),
)
def test_iterators_are_read_exactly_when_heapq_merge_reads_them(
    keys: list[Any], key: Any, reverse: bool, data: Any
) -> None:
    keys = [sorted(column, reverse=reverse) for column in keys]
    for column in keys:
        if data.draw(st.integers(0, 4)) == 0:
            column.insert(data.draw(st.integers(0, len(column))), "stop")
    assert trace(merge, keys, key, reverse) == trace(heapq.merge, keys, key, reverse)


def test_a_live_generator_is_not_waited_for_before_it_must() -> None:
    def live() -> Iterator[int]:
        yield 1
        pytest.fail("read before its item was given out and another was wanted")

    merged = merge(live(), iter([2, 3]))
    assert next(merged) == 1


@pytest.mark.parametrize("position", [0, 1, 150, 2047, 2048, 5000])
@pytest.mark.parametrize("feed", FEEDS)
def test_a_key_that_fails_is_raised_where_heapq_merge_raises_it(
    feed: str, position: int
) -> None:
    columns = [list(range(s, 9000, 3)) for s in range(3)]
    bad = columns[1][min(position, len(columns[1]) - 1)]

    def key(item: int) -> float:
        if item == bad:
            raise Fault(item)
        return float(item)

    merged = merge(*map(FEEDS[feed], columns), key=key)
    given_out: list[int] = []
    with pytest.raises(Fault, match=f"^{bad}$"):
        given_out.extend(merged)
    # bad is read when its predecessor in the same input, bad - 3, was given out
    assert given_out == list(range(max(bad - 2, 0)))
    assert list(merged) == []


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("keys", [[1, None], [1, "a"], [1.5, object()], [None, None]])
def test_keys_that_do_not_compare_raise_type_error(feed: str, keys: list[Any]) -> None:
    merged = merge(*(FEEDS[feed]([key]) for key in keys))
    with pytest.raises(TypeError, match="not supported between"):
        next(merged)
    assert list(merged) == []


@pytest.mark.parametrize("feed", FEEDS)
def test_a_merge_that_reads_itself_is_refused(feed: str) -> None:
    def key(item: int) -> int:
        if item == 3:
            next(merged)
        return item

    merged = merge(FEEDS[feed]([1, 2, 3]), FEEDS[feed]([1, 2, 3]), key=key)
    with pytest.raises(ValueError, match="already being read"):
        list(merged)
    assert list(merged) == []


@pytest.mark.parametrize("feed", FEEDS)
def test_a_list_that_shrinks_while_it_is_merged_does_no_harm(feed: str) -> None:
    items = list(range(5000))

    def key(item: int) -> int:
        items.clear()
        return item

    merged = merge(FEEDS[feed](items), [0], key=key)
    assert [next(merged), next(merged)] == [0, 0]
    merged.close()  # type: ignore[attr-defined]


def test_close_lets_go_of_iterators_and_items() -> None:
    for feed in FEEDS.values():
        merged: Any = merge(feed([1, 2, 3]), feed([4]))
        assert next(merged) == 1
        merged.close()
        assert list(merged) == []


@pytest.mark.parametrize("arguments", [(5,), (None,), ([], 5)])
def test_what_cannot_be_iterated_is_refused(arguments: Any) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        merge(*arguments)


def test_an_empty_merge_is_an_iterator() -> None:
    for merged in (merge(), merge([]), merge(iter([])), merge([], ())):
        assert iter(merged) is merged
        assert list(merged) == []
