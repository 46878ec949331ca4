"""Merges of lists, tuples and arrays: what reading them in blocks must not change."""

from __future__ import annotations

import array
import copy
import heapq
import pickle
import random
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

import numpy as np
import pytest

from chronomux._core.blocks import Blocks
from chronomux._core.getter import Getter
from chronomux._core.merge_items import BlockMerge
from chronomux.queue import merge

LONG = 5_000  # more than is known of an input at a time


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize(
    "disorder", ["backwards", "shuffled", "one early", "one late", "NaN"]
)
def test_no_item_of_an_unsorted_list_is_lost(
    disorder: str, k: int, reverse: bool
) -> None:
    columns: list[list[tuple[float, int]]] = []
    for s in range(k):
        keys: list[float] = [float(t) for t in range(s, LONG * k, k)]
        if disorder == "backwards":
            keys.reverse()
        elif disorder == "shuffled":
            random.Random(s).shuffle(keys)
        elif disorder == "one early":
            keys[s] = 1e9
        elif disorder == "one late":
            keys[2047 - s] = -1e300
        else:
            keys[-1] = keys[77] = float("nan")
        columns.append([(key, s) for key in keys])
    got = list(merge(*columns, key=itemgetter(0), reverse=reverse))
    items = [item for column in columns for item in column]
    assert sorted(map(id, got)) == sorted(map(id, items))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupt_does_not_wait_until_its_item_is_due(error: Any) -> None:
    def key(item: int) -> int:
        if item == 700:
            raise error
        return item

    merged = merge(list(range(LONG)), [3], key=key)
    with pytest.raises(error):
        next(merged)
    assert list(merged) == []


def test_many_short_lists_need_little_memory() -> None:
    lists = [[t] for t in range(20_000)]
    tracemalloc.start()
    try:
        merged = merge(*lists)
        assert next(merged) == 0
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 500 * len(lists)
    assert list(merged) == list(range(1, len(lists)))


@pytest.mark.parametrize(
    "columns",
    [
        [np.array(["2020", "2022"], "M8[ns]"), np.array(["2019", "2021"], "M8[us]")],
        [np.array(["1970-02"], "M8[ns]"), np.array(["1970-01-20"], "M8[ps]")],
        [np.array([3, 5], "m8[ns]"), np.array([1, 2], "m8[10ns]")],
        [np.array([3, 5], "M8[ns]"), np.array([4, 5], "M8[ns]")],
        [np.array([3, 5], ">M8[ns]"), np.array([4, 5], "M8[ns]")],
    ],
    ids=["ns, us", "ns, ps", "durations", "one unit", "byte orders"],
)
def test_times_of_different_units_merge_by_time(columns: Any) -> None:
    assert list(merge(*columns)) == list(heapq.merge(*columns))
    assert list(merge(*columns, key=lambda time: time)) == list(heapq.merge(*columns))


@pytest.mark.parametrize("other", [[5], array.array("q", [5]), np.array([5])])
def test_times_and_numbers_do_not_compare(other: Any) -> None:
    times = np.array(["1970-01-02"], "M8[ns]")
    for columns in ([times, other], [other, times]):
        with pytest.raises(TypeError):
            list(merge(*columns))


def test_a_program_without_numpy_merges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert list(merge(iter([1, 3]), range(2, 5))) == [1, 2, 3, 3, 4]


class Wicked:
    """An item whose end runs foreign code."""

    def __init__(self, time: float, at_end: Callable[[], Any]) -> None:
        self.time = time
        self.at_end = at_end

    def __del__(self) -> None:
        self.at_end()


@pytest.mark.parametrize("taken", [0, 1, 700])
@pytest.mark.parametrize("feed", [list, tuple, iter])
def test_items_may_use_the_merge_when_they_die(feed: Any, taken: int) -> None:
    seen: list[Any] = []

    def at_end() -> None:
        seen.append(next(merged, None))
        seen.append(merged.close())

    def quiet() -> None:
        pass

    # Not all of them: the end of one brings about that of the next, a call deeper.
    rows = [
        [Wicked(t, quiet if t % 50 else at_end) for t in range(s, 1000, 3)]
        for s in range(3)
    ]
    merged: Any = merge(*map(feed, rows), key=lambda row: row.time)
    for _ in range(taken):
        next(merged)
    for column in rows:
        column.clear()
    merged.close()
    merged.close()
    assert list(merged) == []
    assert seen


@pytest.mark.parametrize("act", ["clear", "extend", "pop", "replace", "sort", "insert"])
@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_key_that_changes_the_lists_does_no_harm(act: str, k: int) -> None:
    generator = random.Random(act)
    lists = [[[t] for t in range(s, 3_000, k)] for s in range(k)]
    budget = 6_000

    def key(item: list[int]) -> int:
        nonlocal budget
        budget -= 1
        items = generator.choice(lists)
        if budget > 0 and generator.random() < 0.05:
            if act == "clear":
                items.clear()
            elif act == "extend":
                items.extend([[9_999] for _ in range(30)])
            elif act == "pop":
                del items[-generator.randint(1, 50) :]
            elif act == "replace":
                items[:] = [[t] for t in range(2_500)]
            elif act == "sort":
                items.sort()
            else:
                items.insert(0, [0])
        return item[0]

    for item in merge(*lists, key=key):
        assert len(item) == 1
        if budget < 0:
            break


def test_a_merge_read_by_several_threads_gives_each_item_once() -> None:
    lists = [list(range(s, 30_000, 3)) for s in range(3)]
    merged = merge(*lists, key=lambda item: item)
    got: list[list[int]] = [[] for _ in range(4)]

    def read(mine: list[int]) -> None:
        while True:
            try:
                mine.append(next(merged))
            except StopIteration:
                return
            except ValueError:  # another one reads on just now
                continue

    threads = [threading.Thread(target=read, args=(mine,)) for mine in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item for mine in got for item in mine) == list(range(30_000))


class Shouting(dict[str, Any]):
    """A dict that answers for keys it does not have."""

    def __missing__(self, key: str) -> int:
        return 10


@pytest.mark.parametrize("feed", [list, tuple, iter])
def test_itemgetter_keys_do_what_calling_them_does(feed: Any) -> None:
    rows: list[list[dict[Any, Any]]] = [
        [{"t": 1, "u": 0}, Shouting(u=0), {"t": 12, "u": 1}],
        [Shouting(t=2, u=5), {"t": 11, "u": 5}],
    ]
    for key in (itemgetter("t"), itemgetter("t", "u"), itemgetter("u")):
        expected = list(heapq.merge(*rows, key=key))
        assert list(merge(*map(feed, rows), key=key)) == expected
    with pytest.raises(KeyError, match="v"):
        list(merge(feed([{"t": 1}]), feed([{"t": 1}]), key=itemgetter("v")))
    with pytest.raises(TypeError, match="unhashable"):
        list(merge(feed([{"t": 1}]), feed([{"t": 1}]), key=itemgetter([])))
    nameless = [{None: 1}, {None: 2}]
    assert list(merge(feed(nameless), feed([]), key=itemgetter(None))) == nameless


ARGUMENTS: list[Any] = [None, 5, b"ab", [None] * 2, [5, 5], ["ab"] * 2, [{1: 1}] * 2]


@pytest.mark.parametrize("sequences", ARGUMENTS)
def test_what_has_no_blocks_is_refused(sequences: Any) -> None:
    with pytest.raises((TypeError, AttributeError, KeyError)):
        list(BlockMerge(sequences, None, False))


@pytest.mark.parametrize("made", [Blocks, Getter, BlockMerge])
def test_compiled_classes_need_their_arguments(made: Any) -> None:
    with pytest.raises(TypeError):
        made()
    with pytest.raises(TypeError):
        made.__new__(made)


def test_a_merge_cannot_be_copied() -> None:
    def both() -> Iterator[Any]:
        yield merge([1], [2])
        yield merge(iter([1]), iter([2]))

    for merged in both():
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError):
                attempt(merged)
        assert list(merged) == [1, 2]
