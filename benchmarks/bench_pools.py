"""The pools of MultiProcessing beside pathos' own: what a call costs, not its work.

Other processes do part of the work, so the clock is the wall's. The pools have two
workers each, hired before the clock starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pathos.pools import ProcessPool, ThreadPool

from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from chronomux.util import MultiProcessing

WORKERS = 2
PEERS = {"ProcessPool": ProcessPool, "ThreadPool": ThreadPool}
pytestmark = pytest.mark.benchmark(timer=time.perf_counter)


@pytest.fixture(params=PEERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pools(kind: str) -> Iterator[tuple[Any, Any]]:
    """Ours and pathos', at work already."""
    theirs = PEERS[kind](nodes=WORKERS, id="bench_pools")
    with getattr(MultiProcessing(), kind)(WORKERS) as ours:
        assert ours.map(abs, range(-9, 0)) == theirs.map(abs, range(-9, 0))
        yield ours, theirs
    theirs.terminate()
    theirs.clear()


def test_map_of_ints(
    contest: Contest, scale: Scale, kind: str, pools: tuple[Any, Any]
) -> None:
    numbers = list(range(scale(quick=20_000, full=200_000)))
    compete(
        contest,
        f"{kind} map of ints",
        [lambda pool=pool: pool.map(abs, numbers) for pool in pools],
        items=len(numbers),
    )


def test_map_of_a_closure_over_records(
    contest: Contest, scale: Scale, kind: str, pools: tuple[Any, Any]
) -> None:
    records = [
        {"time": n / 20, "source": "cpu", "value": n}
        for n in range(scale(quick=5_000, full=50_000))
    ]
    name = "time"
    compete(
        contest,
        f"{kind} map of a closure",
        [lambda pool=pool: pool.map(lambda r: r[name], records) for pool in pools],
        items=len(records),
    )


def test_imap_one_by_one(
    contest: Contest, scale: Scale, kind: str, pools: tuple[Any, Any]
) -> None:
    numbers = range(scale(quick=200, full=2_000))
    compete(
        contest,
        f"{kind} imap one by one",
        [lambda pool=pool: list(pool.imap(abs, numbers)) for pool in pools],
        items=len(numbers),
    )


def test_pipe(contest: Contest, kind: str, pools: tuple[Any, Any]) -> None:
    calls = 50
    compete(
        contest,
        f"{kind} pipe",
        [
            lambda pool=pool: [pool.pipe(abs, -1) for _ in range(calls)]
            for pool in pools
        ],
        items=calls,
    )


def compete(
    contest: Contest, group: str, calls: list[Callable[[], Any]], items: int
) -> None:
    ours, theirs = calls
    assert ours() == theirs()
    contest(group, ours, peers={"pathos": theirs}, items=items)
