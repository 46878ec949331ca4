"""Merges of iterators: NaN beside keys that are objects, and iterators of any make."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from operator import itemgetter
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chronomux.queue import merge

NAN = float("nan")
NUMBERS: list[Any] = [2**70, -(2**70), Decimal(1), Fraction(1, 2), True, np.float64(-9)]


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("nan", [NAN, np.float64(NAN)], ids=["float", "numpy"])
@pytest.mark.parametrize("feed", [list, iter])
def test_nan_is_below_numbers_of_every_type(nan: Any, number: Any, feed: Any) -> None:
    columns = [[(number, 0)], [(nan, 1)], [(number, 2)], [(nan, 3)]]
    for reverse, expected in ((False, [1, 3, 0, 2]), (True, [0, 2, 1, 3])):
        merged = merge(*map(feed, columns), key=itemgetter(0), reverse=reverse)
        assert [item[1] for item in merged] == expected


@pytest.mark.parametrize("columns", list(itertools.permutations([[NAN], ["a"]])))
def test_nan_does_not_compare_with_what_is_no_number(columns: Any) -> None:
    with pytest.raises(TypeError, match="not supported between"):
        list(merge(*columns))


@pytest.mark.parametrize("feed", [list, iter])
def test_nan_that_is_no_float_is_left_to_its_own_less_than(feed: Any) -> None:
    # Unlike the sorted multiplexer, `merge` asks keys for `<` alone, as heapq.merge.
    with pytest.raises(InvalidOperation):
        list(merge(*map(feed, ([Decimal("NaN")], [Decimal(1)]))))
    nan = np.float32("nan")
    assert list(merge(*map(feed, ([nan], [np.float32(1)], [nan])))) == list(
        heapq.merge([nan], [np.float32(1)], [nan])
    )


class Countdown:
    """An iterator that is no iterable: `next` is all that the protocol asks for."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __next__(self) -> int:
        if self.count == 0:
            raise StopIteration
        self.count -= 1
        return -self.count


class Launch:
    def __iter__(self) -> Countdown:
        return Countdown(3)


def test_each_input_is_asked_for_its_iterator_once() -> None:
    assert list(merge(Launch(), iter([-2, 5]))) == [-2, -2, -1, 0, 5]


class Restarting:
    """An iterator that begins anew whenever it is asked for an iterator."""

    def __init__(self) -> None:
        self.items = iter([1, 2, 3])

    def __iter__(self) -> Restarting:
        self.items = iter([1, 2, 3])
        return self

    def __next__(self) -> int:
        return next(self.items)


def test_an_iterator_is_read_from_where_it_stands() -> None:
    assert list(merge(Restarting(), [2])) == [1, 2, 2, 3]


def test_items_of_one_input_need_not_be_of_one_kind() -> None:
    """Where the next item lies is foretold from the last two: a dict, or none."""

    class Row(dict[str, Any]):
        pass

    def rows(first: int) -> Iterator[Any]:
        for n in range(first, 600, 2):
            wide = {"t": n, **dict.fromkeys(map(str, range(n)))}
            of_an_object = vars(SimpleNamespace(t=n))
            yield [{"t": n}, wide, n, of_an_object, Row(t=n), (n,)][n // 2 % 6]

    def key(item: Any) -> Any:
        if isinstance(item, dict):
            return item["t"]
        return item[0] if isinstance(item, tuple) else item

    got = list(merge(rows(0), rows(1), key=key))
    assert got == list(heapq.merge(rows(0), rows(1), key=key))
    assert [key(item) for item in got] == list(range(600))
