"""merge_order against the oracle, over every key type and mixture of them."""

from __future__ import annotations

import array
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux.queue import merge_order
from tests import reference

INT64 = st.integers(-(2**63), 2**63 - 1)
NEAR = st.sampled_from([2**53, 2**53 + 1, 2**53 + 2, -(2**53) - 1, 2**63 - 1, -(2**63)])
COLUMNS = {
    "i8": st.one_of(INT64, NEAR, st.integers(-3, 3)),
    "u8": st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 3), NEAR.map(abs)),
    "i4": st.integers(-(2**31), 2**31 - 1),
    "u4": st.integers(0, 2**32 - 1),
    "i2": st.integers(-5, 5),
    "u2": st.integers(0, 5),
    "i1": st.integers(-5, 5),
    "u1": st.integers(0, 5),
    "f8": st.one_of(st.floats(), NEAR.map(float), st.sampled_from([0.0, -0.0, 1.0])),
    "f4": st.floats(width=32),
    "f2": st.floats(width=16),
    "?": st.booleans(),
}


@st.composite
def columns(draw: Any) -> Any:
    kind = draw(st.sampled_from(sorted(COLUMNS)))
    return np.array(sorted(draw(st.lists(COLUMNS[kind])), key=reference.rank), kind)


def merged(keys: list[Any], **options: Any) -> list[tuple[int, int]]:
    source, index = merge_order(*keys, **options)
    return list(zip(source.tolist(), index.tolist(), strict=True))


@given(st.lists(columns(), max_size=9))
def test_any_mixture_of_types_merges_exactly_as_the_oracle(keys: list[Any]) -> None:
    assert merged(keys) == reference.merge_order([key.tolist() for key in keys])


@given(st.lists(columns(), max_size=9))
def test_descending_columns_merge_in_descending_order(keys: list[Any]) -> None:
    keys = [key[::-1] for key in keys]
    expected = reference.merge_order([key.tolist() for key in keys], reverse=True)
    assert merged(keys, reverse=True) == expected


@given(st.data(), st.sampled_from(sorted(COLUMNS)), st.booleans())
def test_a_disordered_column_is_reported_where_it_first_descends(
    data: Any, kind: str, reverse: bool
) -> None:
    keys = [
        np.array(data.draw(st.lists(COLUMNS[kind], max_size=6)), kind) for _ in range(3)
    ]
    ranks = [[reference.rank(key) for key in column.tolist()] for column in keys]
    bad = [
        (source, i)
        for source, column in enumerate(ranks)
        for i in range(1, len(column))
        if (column[i] > column[i - 1] if reverse else column[i] < column[i - 1])
    ]
    if bad:
        with pytest.raises(ValueError, match="out of order") as raised:
            merge_order(*keys, reverse=reverse)
        assert (raised.value.input, raised.value.position) == bad[0]  # type: ignore[attr-defined]
    else:
        merge_order(*keys, reverse=reverse)
    everything = sorted((s, i) for s, k in enumerate(keys) for i in range(len(k)))
    assert sorted(merged(keys, reverse=reverse, check=False)) == everything


@pytest.mark.parametrize("kind", ["i8", "f8", "i4", "u8"])
@pytest.mark.parametrize("span", [10, 10**6, 2**31 - 1])
@pytest.mark.parametrize("k", [1, 2, 3, 8, 100])
@pytest.mark.parametrize("runs", [1, 700], ids=["interleaved", "bursty"])
def test_columns_of_many_parts_merge_as_a_stable_sort(
    kind: str, span: int, k: int, runs: int
) -> None:
    keys, expected = many(kind, span, k, runs, 150_000)
    source, index = merge_order(*keys)
    starts = np.cumsum([0, *map(len, keys)])
    np.testing.assert_array_equal(starts[source] + index, expected)


def many(kind: str, span: int, k: int, runs: int, total: int) -> tuple[Any, Any]:
    random = np.random.default_rng([span, k, runs])
    scale = 2**31 if kind in ("i8", "u8") and span > 10**6 else 1
    values = np.sort(random.integers(0, span, total)) * scale
    values = values.astype(kind) / (7 if kind == "f8" else 1)
    owner = np.repeat(random.integers(0, k, total // runs + 1), runs)[:total]
    keys = [values[owner == i].astype(kind) for i in range(k)]
    return keys, np.argsort(np.concatenate(keys), kind="stable")


def test_keys_of_the_full_64_bits_merge_as_a_stable_sort() -> None:
    """A part then spans more bits than fit beside the places."""
    random = np.random.default_rng(5)
    keys = [
        np.sort(random.integers(-(2**63), 2**63 - 1, n)) for n in (70_000, 30_000, 9)
    ]
    keys.append(np.array([-(2**63), 2**63 - 1]))
    source, index = merge_order(*keys)
    starts = np.cumsum([0, *map(len, keys)])
    expected = np.argsort(np.concatenate(keys), kind="stable")
    np.testing.assert_array_equal(starts[source] + index, expected)


def test_a_dense_cluster_beside_far_outliers_keeps_its_order() -> None:
    """Low bits of the keys are dropped here, and needed."""
    random = np.random.default_rng(6)
    cluster = [np.sort(random.integers(0, 50_000, 5_000)) for _ in range(4)]
    keys = [np.append(column, [2**62 + i]) for i, column in enumerate(cluster)]
    source, index = merge_order(*keys)
    starts = np.cumsum([0, *map(len, keys)])
    expected = np.argsort(np.concatenate(keys), kind="stable")
    np.testing.assert_array_equal(starts[source] + index, expected)


@pytest.mark.parametrize("total", [0, 5_000, 400_000])
def test_five_thousand_columns_merge(total: int) -> None:
    keys, expected = many("i8", 10**6, 5_000, 1, total)
    source, index = merge_order(*keys)
    starts = np.cumsum([0, *map(len, keys)])
    np.testing.assert_array_equal(starts[source] + index, expected)


def test_big_integers_and_floats_compare_without_rounding() -> None:
    keys = [np.array([2**53 + 1, 2**63 - 1]), np.array([2.0**53, 2.0**53 + 2, 2.0**63])]
    assert merged(keys) == [(1, 0), (0, 0), (1, 1), (0, 1), (1, 2)]


def test_nan_and_nat_are_missing_and_sort_lowest() -> None:
    assert merged([np.array([-math.inf]), np.array([math.nan, 0])])[0] == (1, 0)
    times = [np.array([0], "M8[s]"), np.array(["NaT", "1969-01-01"], "M8[ns]")]
    assert merged(times) == [(1, 0), (1, 1), (0, 0)]


def test_times_of_different_units_compare_exactly() -> None:
    keys = [
        np.array(["1970-01-01T00:00:01"], "M8[s]"),
        np.array(["1970-01-01T00:00:00.999999999", "1970-01-01T00:00:01"], "M8[ns]"),
    ]
    assert merged(keys) == [(1, 0), (0, 0), (1, 1)]


def test_times_that_do_not_fit_the_finest_unit_are_refused() -> None:
    keys = [np.array(["3000-01-01"], "M8[s]"), np.array([0], "M8[ns]")]
    with pytest.raises(OverflowError, match="input 0 do not fit"):
        merge_order(*keys)


def test_times_and_numbers_do_not_mix() -> None:
    with pytest.raises(TypeError, match="only with their own kind"):
        merge_order(np.array([0], "M8[s]"), np.array([0]))


@pytest.mark.parametrize(
    "keys",
    [
        np.arange(20, dtype=">i8")[::2],
        np.arange(20)[::2],
        np.arange(9, -1, -1)[::-1],
        array.array("q", range(10)),
        memoryview(array.array("B", range(10))),
        bytes(range(10)),
    ],
    ids=["big-endian", "strided", "negative stride", "array", "memoryview", "bytes"],
)
def test_any_buffer_of_numbers_is_a_column(keys: Any) -> None:
    other = array.array("h", [3, 3, 20])
    expected = reference.merge_order([list(map(int, keys)), list(other)])
    assert merged([keys, other]) == expected


@pytest.mark.parametrize(
    ("keys", "error", "message"),
    [
        (np.zeros((2, 2)), ValueError, "input 1 have 2 dimensions"),
        (np.array([1, "a"], object), TypeError, "input 1: keys of buffer format"),
        (np.array(["a"]), TypeError, "input 1: keys of buffer format"),
        (np.array([1j]), TypeError, "input 1: keys of buffer format"),
        (np.ma.array([1, 2], mask=[0, 1]), TypeError, "masked arrays"),
        ([1, 2], TypeError, "input 1 is a list"),
        (None, TypeError, "input 1 is a NoneType"),
    ],
)
def test_what_is_no_column_is_refused(keys: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        merge_order(np.array([1]), keys)


def test_nothing_merges_to_nothing() -> None:
    source, index = merge_order()
    assert (source.dtype, index.dtype, len(source)) == (np.int32, np.int64, 0)
