"""Sort keys: every way to give one, every type of value."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace

import pytest

from chronomux.errors import SortKeyError

NAN = math.nan


@pytest.mark.parametrize(
    ("sort_key", "wrap"),
    [
        (None, lambda t: t),
        (lambda item: item["t"], lambda t: {"t": t}),
        ("t", lambda t: {"t": t}),
        ("t", lambda t: SimpleNamespace(t=t)),
        ("a.b.t", lambda t: {"a": {"b": {"t": t}}}),
        (["a", "b", "t"], lambda t: {"a": SimpleNamespace(b={"t": t})}),
        (("a", "t"), lambda t: {"a": lambda: SimpleNamespace(t=lambda: t)}),
        (["a.b"], lambda t: {"a.b": t}),
        ("a.1", lambda t: {"a": (None, t)}),
    ],
)
def test_every_form_of_sort_key(merged, sort_key, wrap):
    columns = [[1, 4, 5], [2, 3], [0, 6]]
    received = merged([[wrap(t) for t in ts] for ts in columns], sort_key=sort_key)
    key = sort_key if callable(sort_key) else None
    times = [deep(item) if key is None else key(item) for item in received]
    assert times == [0, 1, 2, 3, 4, 5, 6]


def deep(value):
    """The number inside an item of the test above."""
    while not isinstance(value, int):
        if callable(value):
            value = value()
        elif isinstance(value, dict):
            (value,) = value.values()
        elif isinstance(value, tuple):
            value = value[-1]
        else:
            (value,) = vars(value).values()
    return value


NAIVE = datetime(2024, 1, 1)
AWARE = datetime(2024, 1, 1, tzinfo=timezone.utc)
EAST = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 3], [2.5, 3.0], [1, 2.5, 3, 3.0]),
        ([True, 2], [False, 1.5], [False, True, 1.5, 2]),
        ([2**53 + 1], [float(2**53), 2.0**53 + 2], [2.0**53, 2**53 + 1, 2.0**53 + 2]),
        (
            [2**63 - 1, 2**80],
            [2.0**63, 2**80 + 1],
            [2**63 - 1, 2.0**63, 2**80, 2**80 + 1],
        ),
        ([-(2**80), 0], [-math.inf, math.inf], [-math.inf, -(2**80), 0, math.inf]),
        ([Decimal("0.1"), 1], [0.1, Decimal(2)], [Decimal("0.1"), 0.1, 1, Decimal(2)]),
        (["a", "c"], ["b", "c"], ["a", "b", "c", "c"]),
        ([(1, "b")], [(1, "a"), (2, "")], [(1, "a"), (1, "b"), (2, "")]),
        (
            [NAIVE, NAIVE + timedelta(2)],
            [NAIVE + timedelta(1)],
            [NAIVE + timedelta(day) for day in (0, 1, 2)],
        ),
        (
            [AWARE],
            [AWARE.replace(tzinfo=EAST), AWARE + timedelta(1)],
            [AWARE.replace(tzinfo=EAST), AWARE, AWARE + timedelta(1)],
        ),
    ],
)
def test_keys_of_many_types_compare_exactly(merged, first, second, expected):
    columns = [[{"k": k, "i": i} for k in ks] for i, ks in enumerate((first, second))]
    received = [item["k"] for item in merged(columns, sort_key="k")]
    assert received == expected
    assert [type(k) for k in received] == [type(k) for k in expected]
    backwards = [column[::-1] for column in columns]
    turned = merged(backwards, sort_key="k", sort_direction="max")
    assert all(not a["k"] < b["k"] for a, b in pairwise(turned))
    assert len(turned) == len(expected)


@pytest.mark.parametrize(
    "options",
    [{"sort_direction": "max"}, {"sort_reverse": True}],
)
def test_the_greatest_key_first(merged, options):
    assert merged([[5, 1], [4, 3, 2]], **options) == [5, 4, 3, 2, 1]


def test_a_reversed_max_is_min(merged):
    assert merged([[1, 5], [2]], sort_direction="max", sort_reverse=True) == [1, 2, 5]


@pytest.mark.parametrize("direction", ["min", "max"])
def test_equal_keys_of_different_types_go_out_in_the_order_of_inputs(merged, direction):
    columns = [[{"k": 1.0}], [{"k": True}], [{"k": Decimal(1)}], [{"k": 1}]]
    received = merged(columns, sort_key="k", sort_direction=direction)
    assert [type(item["k"]) for item in received] == [float, bool, Decimal, int]


@pytest.mark.parametrize(
    "nothing", [{}, {"k": None}, {"k": NAN}, {"k": Decimal("nan")}]
)
@pytest.mark.parametrize("other", [-math.inf, -(2**80), "", (), NAIVE])
def test_a_missing_key_is_below_all_others(merged, nothing, other):
    item = {"k": other}
    received = merged([[item], [nothing]], sort_key="k")
    assert repr(received) == repr([nothing, item])  # NaN equals nothing
    received = merged([[nothing], [item]], sort_key="k", sort_direction="max")
    assert repr(received) == repr([item, nothing])


def test_missing_keys_are_equal_to_each_other(merged):
    columns = [[{"k": NAN}], [{}], [{"k": None}]]
    received = merged(columns, sort_key="k")
    assert repr(received) == repr([column[0] for column in columns])


def test_none_itself_may_be_an_item(merged):
    assert merged([[None, 1], [0]]) == [None, 0, 1]


@pytest.mark.parametrize(
    ("left", "right"), [(1, "a"), (NAIVE, AWARE), (1.5, (1,)), (2**80, "a"), (1j, 2j)]
)
def test_keys_that_cannot_be_compared_end_the_merge(merged, left, right):
    with pytest.raises(SortKeyError) as caught:
        merged([[{"k": left}], [{"k": right}]], sort_key="k")
    message = str(caught.value)
    for part in (repr(left), repr(right), "input 0", "input 1", "sort_key"):
        assert part in message
    assert isinstance(caught.value.__cause__, TypeError)


def test_keys_that_meet_only_when_an_input_ends_cannot_be_compared_either(merged):
    # The missing key goes out first; 5 and "a" are compared when its input has ended.
    with pytest.raises(SortKeyError, match="give a sort_key") as caught:
        merged([[{}], [{"k": 5}], [{"k": "a"}]], sort_key="k")
    assert isinstance(caught.value.__cause__, TypeError)


def test_keys_of_one_input_that_cannot_be_compared_end_the_merge(merged):
    with pytest.raises(SortKeyError, match="'a' of input 0 with 1 of input 0"):
        merged([[1, "a"]])


def test_a_comparison_that_raises_something_else_ends_the_merge_alike(merged):
    numpy = pytest.importorskip("numpy")
    with pytest.raises(SortKeyError) as caught:
        merged([[numpy.array([1, 2])], [numpy.array([3, 4])]])
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_key_function_that_raises_ends_the_merge_and_names_the_item(merged):
    with pytest.raises(
        SortKeyError, match=r"input 1, item 2: .*KeyError: 't'"
    ) as caught:
        merged([[{"t": 9}], [{"t": 1}, {"t": 2}, {}]], sort_key=lambda item: item["t"])
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_key_function_may_raise_any_error_that_the_merge_knows(merged):
    from queue import Empty, Full

    from chronomux.errors import DisorderError

    for error in (Empty(), Full(), OSError("x"), DisorderError("x", 7, 7)):

        def key(item, error=error):
            raise error

        with pytest.raises(SortKeyError, match="input 0, item 0"):
            merged([[1]], sort_key=key)


def test_a_step_of_a_path_that_raises_ends_the_merge_and_names_the_item(merged):
    def stamp():
        raise RuntimeError("no clock")

    with pytest.raises(SortKeyError, match=r"input 0, item 1: .*no clock"):
        merged([[{"t": 1}, {"t": stamp}]], sort_key="t")
