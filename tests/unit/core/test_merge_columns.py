"""merge_order on buffers of every shape that exporters come up with."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import numpy as np
import pytest

from chronomux._core.columns import Columns
from chronomux._core.merge import merge_order as merge_columns
from chronomux.errors import DisorderError
from chronomux.queue import merge_order
from tests import reference

KINDS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f4", "f8"]


def merged(keys: list[Any], **options: Any) -> list[tuple[int, int]]:
    source, index = merge_order(*keys, **options)
    return list(zip(source.tolist(), index.tolist(), strict=True))


def unaligned(keys: Any) -> Any:
    """The same keys as a field of packed records: one byte off any alignment."""
    records = np.zeros(len(keys), [("pad", "i1"), ("key", keys.dtype)])
    records["key"] = keys
    return records["key"]


def shifted(keys: Any) -> Any:
    """The same keys side by side, one byte behind an aligned address."""
    return np.frombuffer(b"\0" + keys.tobytes(), keys.dtype, offset=1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [unaligned, shifted])
@pytest.mark.parametrize("other", ["same kind", "f8"])
def test_buffers_need_not_be_aligned(kind: str, place: Any, other: str) -> None:
    random = np.random.default_rng(len(kind))
    columns = [np.sort(random.integers(0, 127, 300)).astype(kind) for _ in range(3)]
    if other != "same kind":
        columns.append(np.sort(random.integers(0, 99, 50)).astype(other))
    expected = reference.merge_order([column.tolist() for column in columns])
    assert merged([place(column) for column in columns]) == expected


@pytest.mark.parametrize(
    ("bad", "reverse"),
    [
        (np.array([1.0, np.nan]), False),
        (np.array([2.0, np.inf, np.nan, np.nan]), False),
        (np.array([1e300, -1e300]), False),
        (np.array([2**62, -(2**63)]), False),
        (np.array([2**62, -(2**63), -(2**63) + 5]), False),
        (np.array([2**64 - 9, 3], "u8"), False),
        (np.array([np.nan, 1.0]), True),
        (np.array([-1e300, 1e300, 1e299]), True),
        (np.array([-(2**62), 2**62]), True),
        (np.array([3, 2**64 - 9], "u8"), True),
    ],
)
def test_a_descent_over_more_than_half_of_all_keys_is_reported(
    bad: Any, reverse: bool
) -> None:
    """Less the least key, such a key wraps to what looks like a great one."""
    good = bad[:1].repeat(3)
    for keys in ([bad, good], [good, bad], [bad], [good, bad, good]):
        with pytest.raises(DisorderError) as raised:
            merge_order(*keys, reverse=reverse)
        assert keys[raised.value.input] is bad
        everything = sorted(
            (s, i) for s, key in enumerate(keys) for i in range(len(key))
        )
        assert sorted(merged(keys, reverse=reverse, check=False)) == everything


def test_one_key_broadcast_to_a_column_is_a_column() -> None:
    columns = [np.broadcast_to(np.int64(5), 40_000), np.arange(10), np.zeros(0)[::-1]]
    expected = reference.merge_order([column.tolist() for column in columns])
    assert merged(columns) == expected


def test_the_stride_of_a_column_too_short_to_use_it_may_be_anything() -> None:
    odd = np.lib.stride_tricks.as_strided(np.arange(1), (1,), (2**62,))
    source, index = merge_order(odd, np.arange(100_000))
    assert source[:3].tolist() == [0, 1, 1]
    assert index[:3].tolist() == [0, 0, 1]


@pytest.mark.parametrize("kind", [ctypes.c_long, ctypes.c_short, ctypes.c_double])
def test_buffers_that_name_no_strides_are_columns(kind: Any) -> None:
    keys = (kind * 3)(1, 5, 9), (kind * 2)(4, 5)
    source, index = np.empty(5, np.int32), np.empty(5, np.int64)
    merge_columns(keys, source, index, False, True)  # merge_order passes memoryviews
    assert source.tolist() == [0, 1, 0, 1, 0]
    assert index.tolist() == [0, 0, 1, 1, 2]
    assert merged(list(keys)) == list(zip(source, index, strict=True))


def test_keys_that_change_during_the_merge_do_no_harm() -> None:
    """Nothing locks a buffer: the order is then undefined, but not the memory."""
    columns = [np.arange(i, 150_000, 3) for i in range(3)]
    random = np.random.default_rng(0)
    over = threading.Event()

    def scribble() -> None:
        while not over.is_set():
            column = columns[random.integers(3)]
            column[random.integers(0, len(column), 500)] = random.integers(
                -(2**62), 2**62
            )

    thread = threading.Thread(target=scribble)
    thread.start()
    try:
        orders = [merge_order(*columns, check=False) for _ in range(30)]
    finally:
        over.set()
        thread.join()
    expected = np.repeat(np.arange(3), 50_000), np.tile(np.arange(50_000), 3)
    for source, index in orders:
        places = np.lexsort((index, source))
        np.testing.assert_array_equal(source[places], expected[0])
        np.testing.assert_array_equal(index[places], expected[1])


@pytest.mark.parametrize("keys", [None, 5, [], [b"ab"], (None,), (5,), ([1],), ("a",)])
def test_columns_are_made_of_a_tuple_of_buffers(keys: Any) -> None:
    with pytest.raises((TypeError, BufferError)):
        Columns(keys)


@pytest.mark.parametrize(
    ("source", "index", "error"),
    [
        (np.empty(2, "i4"), np.empty(3, "i8"), ValueError),
        (np.empty(3, "i4"), None, TypeError),
        (None, np.empty(3, "i8"), TypeError),
        (np.empty(3, "i8"), np.empty(3, "i8"), ValueError),
        (np.empty(6, "i4")[::2], np.empty(3, "i8"), ValueError),
        (b"abcdefghijkl", np.empty(3, "i8"), (BufferError, ValueError)),
        ([1, 2, 3], np.empty(3, "i8"), TypeError),
    ],
)
def test_the_order_is_written_only_where_it_fits(
    source: Any, index: Any, error: Any
) -> None:
    with pytest.raises(error):
        merge_columns((np.arange(3),), source, index, False, True)
