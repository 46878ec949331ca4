"""The merge beside its peers: key columns, lists of records, lazy iterators.

Every contender must give the same answer before it is timed. Peers are used as their
documentation suggests and given the cheaper way where there is a choice.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, product, zip_longest
from operator import is_, itemgetter
from typing import TypeAlias

import numpy as np
import pytest

import chronomux
from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contender, Contest
from benchmarks.data import Keys, Pattern, Record
from benchmarks.ratios import OURS

try:
    import polars
except ImportError:
    polars = None

try:
    from cytoolz import merge_sorted
except ImportError:
    merge_sorted = None

# Each merge_sorted rewrites whole frames: at k = 1,024 it takes minutes.
MOST_POLARS_FRAMES = 64
COLUMN_SHAPES: list[tuple[int, Pattern]] = [
    (2, "interleaved"),
    (8, "interleaved"),
    (64, "interleaved"),
    (1024, "interleaved"),
    (8, "bursty"),
]
LIST_SHAPES: list[tuple[int, Pattern]] = [*COLUMN_SHAPES, (1024, "bursty")]
Merge: TypeAlias = Callable[[], Iterable[Record]]
by_time = itemgetter("time")


@pytest.mark.parametrize(("k", "pattern"), COLUMN_SHAPES)
def test_order_of_int64_keys(
    contest: Contest, scale: Scale, k: int, pattern: Pattern
) -> None:
    # Bursts are cheap for everyone, so that caches decide: at 1e6 keys numpy's sort
    # stays in them and looks twice as good as at the 4e6 that the targets speak of.
    quick = 1_000_000 if pattern == "interleaved" else 4_000_000
    n = scale(quick=quick, full=4_000_000)
    columns = data.key_columns(n, k, pattern)
    peers: dict[str, Contender | None] = {"numpy": numpy_order(columns)}
    if k <= MOST_POLARS_FRAMES:
        peers["polars"] = polars and polars_order(columns)
    assert_same_order(columns, peers)
    contest(
        f"merge_order k={k} {pattern}",
        lambda: chronomux.merge_order(*columns),
        peers=peers,
        yardsticks={
            "memcpy": memcpy(columns),
            f"{OURS} check=False": lambda: chronomux.merge_order(*columns, check=False),
        },
        items=n,
    )


@pytest.mark.parametrize(("k", "pattern"), LIST_SHAPES)
def test_merge_of_lists(
    contest: Contest, scale: Scale, k: int, pattern: Pattern
) -> None:
    n = scale(quick=200_000, full=1_000_000)
    lists = data.record_lists(n, k, pattern)
    merges = {
        OURS: lambda: chronomux.merge(*lists, key=by_time),
        "heapq.merge": lambda: heapq.merge(*lists, key=by_time),
        "cytoolz": merge_sorted and (lambda: merge_sorted(*lists, key=by_time)),
        "sorted(chain)": lambda: sorted(chain.from_iterable(lists), key=by_time),
    }
    run_merges(contest, f"merge lists k={k} {pattern}", merges, n)


@pytest.mark.parametrize(
    ("k", "records"),
    [*product([2, 8, 64], ["recent", "cold"]), (8, "scattered")],
)
def test_merge_of_generators(
    contest: Contest, scale: Scale, k: int, records: str
) -> None:
    """Generators, as live sources are: there is nothing to take in blocks.

    Recent records are in the cache, as those that were just made or received. Cold ones
    are not: the next record is known only when the one before it was merged, so that
    some four misses a record come one after the other, unless someone foretells from an
    input's last records where its next one lies. Of scattered records nobody can: they
    were made in random order.
    """
    n = 10_000 if records == "recent" else scale(quick=200_000, full=1_000_000)
    lists = data.record_lists(n, k, "interleaved")
    if records == "scattered":
        lists = data.scattered(lists)
    run_lazy(contest, f"merge generators k={k}, {records} records", lists, generator, n)


def test_merge_of_list_iterators(contest: Contest, scale: Scale) -> None:
    """The lightest lazy input there is: the merge itself weighs most here."""
    n = scale(quick=200_000, full=1_000_000)
    lists = data.record_lists(n, 8, "interleaved")
    run_lazy(contest, "merge list iterators k=8", lists, iter, n)


def generator(records: list[Record]) -> Iterator[Record]:
    yield from records


def run_lazy(
    contest: Contest,
    group: str,
    lists: list[list[Record]],
    feed: Callable[[list[Record]], Iterator[Record]],
    n: int,
) -> None:
    """Merge fresh iterators: each call is billed for making its own."""
    merges = {
        OURS: lambda: chronomux.merge(*map(feed, lists), key=by_time),
        "heapq.merge": lambda: heapq.merge(*map(feed, lists), key=by_time),
        "cytoolz": merge_sorted
        and (lambda: merge_sorted(*map(feed, lists), key=by_time)),
    }
    # What a merge cannot avoid: the iterators and the keys, one input after the other;
    # the keys in the order of the merge; the iterators and the keys in that order, by
    # loops in C that know it beforehand.
    merged = list(heapq.merge(*lists, key=by_time))
    order = data.input_numbers(n, len(lists), "interleaved").tolist()
    yardsticks = {
        "no merge": consumed(
            lambda: map(by_time, chain.from_iterable(map(feed, lists)))
        ),
        "keys in order": consumed(lambda: map(by_time, merged)),
        "read in order": consumed(lambda: read_in_order([*map(feed, lists)], order)),
    }
    run_merges(contest, group, merges, n, yardsticks=yardsticks)


def read_in_order(
    iterators: list[Iterator[Record]], order: list[int]
) -> Iterator[object]:
    return map(by_time, map(next, map(iterators.__getitem__, order)))


def run_merges(
    contest: Contest,
    group: str,
    merges: dict[str, Merge | None],
    n: int,
    yardsticks: dict[str, Contender] | None = None,
) -> None:
    """Check that all merges agree, then measure how fast their items can be had.

    Everyone is consumed by deque(maxlen=0), a loop in C that keeps nothing. list()
    would bill the lazy merges for growing a list, which sorted() has made already and
    would then copy; a Python `for` would add the same 20 ns to all and hide what
    differs.
    """
    expected = list(merges["heapq.merge"]())
    for name, merge in merges.items():
        if merge is not None:
            got = list(merge())
            assert len(got) == n, f"{name}: {len(got)} items of {n}"
            assert all(map(is_, got, expected)), f"{name}: not in heapq.merge's order"
    del expected, got
    calls = {name: merge and consumed(merge) for name, merge in merges.items()}
    ours = calls.pop(OURS)
    contest(group, ours, peers=calls, yardsticks=yardsticks, items=n)


def consumed(merge: Callable[[], Iterable[object]]) -> Contender:
    return lambda: deque(merge(), maxlen=0)


def numpy_order(columns: list[Keys]) -> Contender:
    """Sort everything stably and look the sources up.

    It numbers the rows through instead of writing (source, index) pairs: less to write
    than we have. The table of sources is made beforehand.
    """
    lengths = [len(column) for column in columns]
    source_of_row = np.repeat(np.arange(len(columns), dtype=np.int32), lengths)

    def order() -> tuple[np.ndarray, np.ndarray]:
        rows = np.argsort(np.concatenate(columns), kind="stable")
        return source_of_row.take(rows), rows

    return order


def polars_order(columns: list[Keys]) -> Contender:
    """Merge frames of (key, row) two by two, in rounds, in one lazy query.

    A chain that adds frame after frame to what is merged already is four times as
    slow at k = 64.
    """
    starts = np.cumsum([0, *map(len, columns)])
    frames = [
        polars.LazyFrame({"key": column, "row": np.arange(start, start + len(column))})
        for column, start in zip(columns, starts[:-1], strict=True)
    ]

    def order() -> tuple[np.ndarray, np.ndarray]:
        merging = frames
        while len(merging) > 1:
            pairs = zip_longest(merging[::2], merging[1::2])
            merging = [a if b is None else a.merge_sorted(b, "key") for a, b in pairs]
        merged = merging[0].collect()
        return merged["key"].to_numpy(), merged["row"].to_numpy()

    return order


def memcpy(columns: list[Keys]) -> Contender:
    """Read keys and write an order once: a merge without comparisons."""
    keys = np.concatenate(columns)
    source = np.zeros(len(keys), dtype=np.int32)
    index = np.zeros(len(keys), dtype=np.int64)
    return lambda: (keys.copy(), source.copy(), index.copy())


def assert_same_order(columns: list[Keys], peers: dict[str, Contender | None]) -> None:
    """Ours and the peers' rows, numbered through all columns, are the same."""
    starts = np.cumsum([0, *map(len, columns)])
    source, index = chronomux.merge_order(*columns)
    expected = starts[source] + index
    for name, order in peers.items():
        if order is not None:
            _, rows = order()
            assert np.array_equal(rows, expected), f"{name}: another order than ours"
