"""Queues between processes, beside their peers: transport, latency, memory.

The wall's clock and the CPU time of all processes that take part run in the same
rounds; rows are made before. That each contender delivers what was put, once and in
order, is looked at before it is timed.
"""

from __future__ import annotations

import mmap
import multiprocessing
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

import numpy as np
import pytest

import chronomux
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.crew import Crew
from benchmarks.lines import Line
from benchmarks.ratios import OURS
from benchmarks.roles import CONSUMERS, ITEMS, PRODUCERS, Kit, Role

PEERS = ["multiprocessing.Queue", "faster-fifo", "pyzmq", "pipe, pickled batches"]
CONSUMER = CONSUMERS[0]
IDLE_QUEUES = 1_000


class Tally:
    """A clock that goes by what a round says of itself."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


MEDIAN, NINETY_NINTH = Tally(), Tally()


class Transport:
    """Rounds from producers to one consumer."""

    def __init__(self, crew: Crew, producers: int, n: int, many: bool) -> None:
        self.crew = crew
        self.producers = PRODUCERS[:producers]
        self.n = n
        self.many = many

    def load(self, kind: str) -> None:
        order = ("load", kind, self.n, len(self.producers), False)
        self.crew.do(dict.fromkeys(self.producers, order))

    def round(self, contender: str, keep: int | None = 0) -> list[Any]:
        orders: dict[int, tuple[Any, ...]] = {
            CONSUMER: ("receive", contender, self.n, self.many, keep)
        }
        orders.update(dict.fromkeys(self.producers, ("send", contender, self.many)))
        received: list[Any] = self.crew.do(orders)[CONSUMER]
        return received


@pytest.mark.benchmark(timer=time.perf_counter)
@pytest.mark.parametrize("producers", [1, 4])
@pytest.mark.parametrize("calls", ["put/get", "put_many/get_many"])
@pytest.mark.parametrize("kind", ITEMS)
def test_transport(
    contest: Contest,
    scale: Scale,
    crew: Crew,
    lines: dict[str, Line],
    kind: str,
    calls: str,
    producers: int,
) -> None:
    if kind == "1 MB array":
        n = scale(quick=16, full=100)
    else:
        n = scale(quick=8_000, full=50_000)
    transport = Transport(crew, producers, n, calls != "put/get")
    check_transport(transport, kind, lines)
    transport.load(kind)
    group = f"queue {kind}, {calls}, {producers} to 1"
    contest(
        f"{group}, wall",
        lambda: transport.round(OURS),
        peers={
            name: (lambda name=name: transport.round(name)) if name in lines else None
            for name in PEERS
        },
        items=n,
        rounds=scale(quick=6, full=12),
        second=(f"{group}, CPU", crew.cpu_seconds),
    )


def test_a_large_array_in_one_thread(contest: Contest, scale: Scale) -> None:
    """Put and get by turns: nobody waits, so what is left is what copying costs. Nobody
    does with less than one copy into shared memory and one out of it."""
    (array,) = ITEMS["1 MB array"](1, 1)[0]
    count = scale(quick=20, full=100)
    memory = mmap.mmap(-1, array.nbytes)
    between = np.frombuffer(memory, dtype=array.dtype)

    def copy_twice() -> None:
        for _ in range(count):
            between[:] = array
            between.copy()

    def put_and_get(queue: Any) -> Callable[[], None]:
        def call() -> None:
            for _ in range(count):
                queue.put(array)
                queue.get()

        return call

    contest(
        "queue 1 MB array, one thread",
        put_and_get(chronomux.Queue()),
        peers={"multiprocessing.Queue": put_and_get(multiprocessing.Queue())},
        yardsticks={"memcpy in and out": copy_twice},
        items=count,
    )


def check_transport(transport: Transport, kind: str, lines: dict[str, Line]) -> None:
    """Everyone delivers all items, those of one producer in order."""
    small = Transport(transport.crew, len(transport.producers), 0, transport.many)
    small.n = 8 if kind == "1 MB array" else 1_000
    small.load(kind)
    expected = list(chain.from_iterable(ITEMS[kind](small.n, len(small.producers))))
    small.n = len(expected)
    for name in lines:
        received = small.round(name, keep=None)
        if len(small.producers) == 1:
            assert same(received, expected), name
        else:
            assert same(in_some_order(received), in_some_order(expected)), name


def same(items: list[Any], others: list[Any]) -> bool:
    return len(items) == len(others) and all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(items, others, strict=True)
    )


def in_some_order(items: list[Any]) -> list[Any]:
    return sorted(items, key=repr)


@pytest.mark.benchmark(timer=MEDIAN)
def test_latency_of_a_lone_item(contest: Contest, scale: Scale, crew: Crew) -> None:
    """Best of three rounds: whatever else runs makes any of them worse."""
    count = scale(quick=200, full=1_000)
    crew.do({PRODUCERS[0]: ("load", "6-key dict", 1, 1, False)})

    def lone(contender: str) -> None:
        seconds = crew.do(
            {
                CONSUMER: ("receive_lone", contender, count),
                PRODUCERS[0]: ("send_lone", contender, count),
            }
        )[CONSUMER]
        MEDIAN.seconds += seconds[count // 2]
        NINETY_NINTH.seconds += seconds[count * 99 // 100]

    peer = "multiprocessing.Queue"
    contest(
        "lone item, p50, wall",
        lambda: lone(OURS),
        peers={peer: lambda: lone(peer)},
        rounds=3,
        second=("lone item, p99, wall", NINETY_NINTH),
    )


def test_making_queues(contest: Contest) -> None:
    count = 50
    context = multiprocessing.get_context("spawn")
    with Crew(1, Role, Kit()) as fresh:
        order = ("memory_of_queues", IDLE_QUEUES)
        new, used = fresh.do({0: order})[0]
    contest(
        "make queues",
        lambda: [chronomux.Queue() for _ in range(count)],
        peers={
            "multiprocessing.Queue": lambda: [context.Queue() for _ in range(count)]
        },
        items=count,
        rounds=8,
        note=f"{IDLE_QUEUES:,} idle queues take {new / 1e6:.1f} MB of memory, "
        f"{used / 1e6:.1f} MB after an item went through each",
    )
