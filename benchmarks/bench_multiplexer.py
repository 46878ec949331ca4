"""Items through the sorted multiplexer, beside the pure-Python algorithm.

Both run synchronously over queues filled beforehand, so a round measures what an item
costs and no waiting. Groups: the kind of queue and the number of inputs.

    pytest benchmarks/bench_multiplexer.py --benchmark-columns=min,median
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from chronomux.queue import SortedQueueMultiplexer

ITEMS = 10_000  # few enough to be in the cache, like items that have just arrived


class ListQueue:
    """A queue in the memory of one thread: the least that get and put can cost."""

    def __init__(self) -> None:
        items: deque[Any] = deque()
        self.get = self.get_nowait = items.popleft
        self.put = self.put_nowait = items.append


KINDS: dict[str, Callable[[], Any]] = {"list": ListQueue, "simple": SimpleQueue}


def filled(kind: str, items: Iterable[Any]) -> Any:
    queue = KINDS[kind]()
    for item in items:
        queue.put(item)
    queue.put(Empty)
    return queue


def streams(inputs: int) -> list[list[dict[str, Any]]]:
    """Sorted streams that interleave at random."""
    rng = random.Random(inputs)
    times: list[list[float]] = [[] for _ in range(inputs)]
    for i in range(ITEMS):
        rng.choice(times).append(1.7e9 + i / 1000)
    return [
        [{"timestamp": time, "name": f"cpu{n}", "value": 0.5} for time in column]
        for n, column in enumerate(times)
    ]


def reference() -> Any:
    module = pytest.importorskip("benchmarks.reference.multiplexer")
    return module.SortedQueueMultiplexer(sort_key="timestamp")


def chronomux() -> Any:
    return SortedQueueMultiplexer(sort_key="timestamp")


def ready(make: Callable[[], Any], kind: str, columns: list[list[Any]]) -> Any:
    """A multiplexer with its queues registered, and its output."""
    multiplexer, output = make(), KINDS[kind]()
    multiplexer.output_queue(output)
    for column in columns:
        multiplexer.input_queue(filled(kind, column))
    return multiplexer, output


@pytest.mark.parametrize("make", [chronomux, reference])
@pytest.mark.parametrize("inputs", [2, 8, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_items_through_the_sorted_multiplexer(benchmark, kind, inputs, make):
    benchmark.group = f"multiplexer {kind} k={inputs}"
    columns = streams(inputs)
    outputs = []

    def setup() -> tuple[tuple[Any], dict[str, Any]]:
        multiplexer, output = ready(make, kind, columns)
        outputs[:] = [output]
        return (multiplexer,), {}

    benchmark.pedantic(lambda merge: merge._run_thread(), setup=setup, rounds=20)
    times = [outputs[0].get()["timestamp"] for _ in range(ITEMS)]
    assert times == sorted(times)
    assert outputs[0].get() is Empty
