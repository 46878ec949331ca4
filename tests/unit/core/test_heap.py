"""MergeHeap: lanes, errors, ownership. Its order: tests/property/test_heap_order.py."""

from __future__ import annotations

import gc
import sys
import weakref
from datetime import datetime, timezone
from decimal import Decimal
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


def test_a_comparison_that_changes_the_heap_is_refused():
    heap = MergeHeap()

    class Meddler:
        def __lt__(self, other: Any) -> bool:
            heap.pop()
            return True

    heap.push(Meddler(), 0, None)
    with pytest.raises(RuntimeError, match="changed by a comparison"):
        heap.push(Meddler(), 1, None)
    assert len(heap) == 1


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
