"""MergeHeap: lanes, errors, ownership. Its order: tests/property/test_heap_order.py."""

from __future__ import annotations

import gc
import random
import sys
import weakref
from collections.abc import Callable
from datetime import datetime, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from chronomux._core.heap import MergeHeap


def merged(*keys: Any, **options: bool) -> list[int]:
    heap = MergeHeap(**options)
    for i, key in enumerate(keys):
        heap.push(key, i, None)
        heap._check()
    return [heap.pop()[1] for _ in range(len(keys))]


def test_the_smaller_input_number_wins_a_tie_whatever_the_order_of_arrival():
    for reverse in (False, True):
        for key in (7, 7.0, "seven", Decimal(7), None):
            heap = MergeHeap(reverse=reverse)
            for i in (3, 0, 2, 1):
                heap.push(key, i, f"item {i}")
            assert [heap.pop()[1] for _ in range(4)] == [0, 1, 2, 3], (key, reverse)


def test_strings_tuples_and_datetimes_compare_as_objects():
    assert merged("b", "a", "c") == [1, 0, 2]
    assert merged((1, "b"), (1, "a"), (0, "z")) == [2, 1, 0]
    assert merged(datetime(2024, 2, 1), datetime(2023, 2, 1)) == [1, 0]


def test_none_and_nan_lie_below_objects_of_any_type():
    assert merged("a", None, float("nan"), "b") == [1, 2, 0, 3]
    assert merged("a", None, float("nan"), "b", reverse=True) == [3, 0, 1, 2]
    assert merged(2**80, Decimal("NaN"), -(2**80)) == [1, 2, 0]


def test_numpy_scalars_keep_their_order_and_their_nan():
    numpy = pytest.importorskip("numpy")
    f, i = numpy.float32, numpy.int64
    assert merged(f(2), f("nan"), i(1), f(0.5), 3) == [1, 3, 2, 0, 4]
    days = [numpy.datetime64(day) for day in ("2024-01-02", "2024-01-01")]
    assert merged(*days) == [1, 0]


def test_none_is_an_object_without_missing_keys():
    with pytest.raises(TypeError):
        merged(1, None, missing_lowest=False)
    with pytest.raises(TypeError):
        merged("a", float("nan"), missing_lowest=False)
    assert merged(1.0, float("nan"), -5, missing_lowest=False) == [1, 2, 0]


@pytest.mark.parametrize("number", [Decimal(-9), Fraction(-9), -(2**80), -9])
def test_nan_is_the_lowest_number_in_heapq_mode(number: Any):
    class Reading(float):
        """As numpy's float64 is: NaN, but of another class."""

    nan = float("nan")
    keys = [number, nan, Reading(nan), number]
    assert merged(*keys, missing_lowest=False) == [1, 2, 0, 3]
    assert merged(*keys, missing_lowest=False, reverse=True) == [0, 3, 1, 2]


def test_an_error_of_less_than_passes_through_and_names_the_clash():
    heap = MergeHeap()
    heap.push(5, 1, "five")
    with pytest.raises(TypeError):
        heap.push("six", 4, "six")
    assert heap.clash == (4, "six", 1, 5)
    heap._check()
    assert heap.peek() == (5, 1, "five")
    aware = datetime(2024, 1, 1, tzinfo=timezone.utc)
    with pytest.raises(TypeError):
        merged(datetime(2024, 1, 1), aware)


def test_only_less_than_is_asked_of_keys_in_heapq_mode():
    class OnlyLess:
        __hash__ = None

        def __init__(self, value: int) -> None:
            self.value = value

        def __lt__(self, other: Any) -> bool:
            return self.value < other.value

        def __eq__(self, other: object) -> bool:
            raise AssertionError("asked for ==")

        def __ne__(self, other: object) -> bool:
            raise AssertionError("asked for !=")

        def __float__(self) -> float:
            raise AssertionError("asked for a float")

    keys = [OnlyLess(value) for value in (2, 0, 2, 1)]
    assert merged(*keys, missing_lowest=False) == [1, 3, 0, 2]
    assert merged(*keys, missing_lowest=False, reverse=True) == [0, 2, 3, 1]


def test_an_empty_heap_raises_index_error():
    heap = MergeHeap()
    for call in (heap.pop, heap.pop_item, heap.peek, lambda: heap.replace(1, 0, None)):
        with pytest.raises(IndexError):
            call()


MEDDLING: dict[str, Callable[[MergeHeap], object]] = {
    "pop": MergeHeap.pop,
    "clear": MergeHeap.clear,
    "push a number": lambda heap: heap.push(1, 7, None),
    "replace by a number": lambda heap: heap.replace(1, 0, None),
}


@pytest.mark.parametrize("meddling", MEDDLING)
@pytest.mark.parametrize("beside", [0, "an object"])
def test_a_comparison_that_changes_the_heap_is_refused(meddling: str, beside: Any):
    heap = MergeHeap()

    class Meddler:
        def __lt__(self, other: Any) -> bool:
            MEDDLING[meddling](heap)
            return True

        __gt__ = __lt__

    heap.push(beside, 0, None)
    with pytest.raises(RuntimeError, match="changed by a comparison"):
        heap.push(Meddler(), 1, None)
    heap._check()
    assert heap.peek() == (beside, 0, None)
    assert len(heap) == 1


def test_a_heap_grows_and_shrinks_in_any_order_of_arrival():
    generator = random.Random(5)
    heap, inside = MergeHeap(), {}
    for number in range(600):
        if inside and generator.random() < (0.2 if number < 300 else 0.7):
            least = min(inside.items(), key=lambda entry: (entry[1], entry[0]))
            assert heap.pop() == (least[1], least[0], str(least[0]))
            del inside[least[0]]
        else:
            inside[number] = generator.randrange(50)
            heap.push(inside[number], number, str(number))
        heap._check()
        assert len(heap) == len(inside)
    assert len(inside) > 16, "the tree has several levels"


def test_a_cleared_heap_is_as_good_as_new():
    heap = MergeHeap()
    for _ in range(2):
        for i, key in enumerate([2, 1.5, None, Decimal(1), 3]):
            heap.push(key, i, None)
        assert heap.peek()[1] == 2
        heap.clear()
        heap._check()
        assert len(heap) == 0
    heap.push("text", 0, None)
    assert heap.pop() == ("text", 0, None)


def test_objects_come_and_go_among_numbers():
    heap = MergeHeap()
    for i, key in enumerate([5, Decimal("2.5"), 7, Fraction(1, 2), None]):
        heap.push(key, i, None)
        heap._check()
    assert [heap.pop()[1] for _ in range(2)] == [4, 3]
    heap.replace(Decimal(6), 1, None)
    heap._check()
    heap.push(5.5, 3, None)
    heap._check()
    assert [heap.pop()[1] for _ in range(4)] == [0, 3, 1, 2]


def test_a_tie_of_numbers_goes_to_the_smaller_input_whichever_is_replaced():
    heap = MergeHeap()
    for i in (70, 3, 2**52, 0, 12):
        heap.push(1, i, None)
    heap.replace(1.0, 0, None)
    assert heap.peek()[1] == 0
    heap.replace(2, 0, None)
    inputs = []
    while heap:
        inputs.append(heap.pop()[1])
        heap._check()
    assert inputs == [3, 12, 70, 2**52, 0]


@pytest.mark.parametrize("number", [-1, -(2**40), 2**53 - 1, 2**60])
def test_an_input_number_that_would_not_fit_beside_the_key_is_refused(number):
    heap = MergeHeap()
    heap.push(1, 0, None)
    with pytest.raises(ValueError, match=str(number)):
        heap.push(2, number, None)
    with pytest.raises(ValueError, match=str(number)):
        heap.replace(2, number, None)
    heap._check()
    assert heap.peek() == (1, 0, None)


def test_an_item_that_dies_may_change_the_heap():
    heap = MergeHeap()

    class Mortal:
        def __del__(self) -> None:
            heap._check()
            heap.push(heap.peek()[0], 99, "last words")

    heap.push(1, 0, Mortal())
    heap.push(2, 1, None)
    heap.replace(3, 0, None)
    heap._check()
    assert [heap.pop() for _ in range(len(heap))] == [
        (2, 1, None),
        (2, 99, "last words"),
        (3, 0, None),
    ]


def test_a_key_that_empties_the_heap_while_it_is_looked_at_replaces_nothing():
    heap = MergeHeap()

    class Emptier:
        def __float__(self) -> float:
            raise AssertionError("asked for a float")

        def __ne__(self, other: object) -> bool:
            heap.clear()
            return False

        __hash__ = None

    heap.push(1, 0, None)
    with pytest.raises(IndexError):
        heap.replace(Emptier(), 0, None)
    heap._check()
    assert merged(2, 1) == [1, 0]


def test_objects_are_released_when_they_leave_and_when_the_heap_dies():
    class Item:
        pass

    items = [Item() for _ in range(20)]
    counts = [sys.getrefcount(item) for item in items]
    heap = MergeHeap()
    for i in range(20):
        heap.push(i % 7, i, items[i])
    heap.replace(3, 0, None)
    for _ in range(5):
        heap.pop()
    heap.clear()
    heap._check()
    assert [sys.getrefcount(item) for item in items] == counts
    heap.push(0, 0, items[0])
    del heap
    assert [sys.getrefcount(item) for item in items] == counts


def test_failed_operations_keep_no_reference():
    key, item = "later", object()
    counts = sys.getrefcount(key), sys.getrefcount(item)
    heap = MergeHeap()
    heap.push(1, 0, None)
    heap.push(2, 1, None)
    for _ in range(10):
        with pytest.raises(TypeError):
            heap.push(key, 2, item)
        with pytest.raises(TypeError):
            heap.replace(key, 0, item)
    heap._check()
    heap.clear()
    assert (sys.getrefcount(key), sys.getrefcount(item)) == counts


def test_the_collector_sees_a_cycle_through_the_heap():
    class Holder:
        heap: MergeHeap

    holder = Holder()
    holder.heap = MergeHeap()
    holder.heap.push(1, 0, holder)
    gone = weakref.ref(holder)
    del holder
    gc.collect()
    assert gone() is None
