"""What a map costs beside pathos' own."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chronomux.util import MultiProcessing

MOST = 2.0
ROUNDS = 5
NUMBERS = list(range(20_000))


@pytest.fixture
def pathos_pool() -> Iterator[Any]:
    from pathos.pools import ProcessPool

    pool = ProcessPool(nodes=2, id="cost")
    yield pool
    pool.terminate()
    pool.clear()


def test_map_over_20_000_ints_costs_at_most_twice_that_of_pathos(pathos_pool) -> None:
    with MultiProcessing().ProcessPool(2) as pool:
        ours = lambda: pool.map(abs, NUMBERS)  # noqa: E731
        theirs = lambda: pathos_pool.map(abs, NUMBERS)  # noqa: E731
        assert ours() == theirs() == NUMBERS
        rounds = [(seconds(ours), seconds(theirs)) for _ in range(ROUNDS)]
    ratio = statistics.median(a for a, _ in rounds) / statistics.median(
        b for _, b in rounds
    )
    assert ratio <= MOST, f"{ratio:.2f} times pathos' own: {rounds}"


def seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
