"""From four producers through a sorted multiplexer to one and three consumers.

The multiplexer has a process of its own, and so has each producer and consumer; every
consumer gets all items. The peer is the same algorithm in pure Python between queues of
multiprocessing.
"""

from __future__ import annotations

import time
from itertools import chain
from operator import itemgetter
from typing import Any

import pytest

from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.crew import Crew
from benchmarks.ratios import OURS
from benchmarks.roles import (
    CONSUMERS,
    HUB,
    MULTIPLEXERS,
    PRODUCERS,
    REFERENCE,
    records,
)

KIND = "6-key dict"


class Pipeline:
    """Rounds from the producers to some of the consumers."""

    def __init__(self, crew: Crew, consumers: int, n: int, many: bool) -> None:
        self.crew = crew
        self.consumers = CONSUMERS[:consumers]
        self.n = n
        self.many = many

    def load(self) -> None:
        order = ("load", KIND, self.n, len(PRODUCERS), True)
        self.crew.do(dict.fromkeys(PRODUCERS, order))

    def round(self, contender: str, keep: int | None = 0) -> list[list[Any]]:
        drain = ("drain", contender, self.n, self.many, keep)
        orders: dict[int, tuple[Any, ...]] = dict.fromkeys(self.consumers, drain)
        orders[HUB] = ("merge", contender, len(self.consumers))
        orders.update(dict.fromkeys(PRODUCERS, ("feed", contender, self.many)))
        answers = self.crew.do(orders)
        return [answers[consumer] for consumer in self.consumers]


@pytest.mark.benchmark(timer=time.perf_counter)
@pytest.mark.parametrize("consumers", [1, 3])
@pytest.mark.parametrize("calls", ["put/get", "put_many/get_many"])
def test_end_to_end(
    contest: Contest, scale: Scale, crew: Crew, calls: str, consumers: int
) -> None:
    n = scale(quick=5_000, full=50_000)
    pipeline = Pipeline(crew, consumers, n, calls != "put/get")
    present = [name for name, multiplexer in MULTIPLEXERS.items() if multiplexer]
    check_end_to_end(pipeline, present)
    pipeline.load()
    group = f"pipeline {calls}, 4 to {consumers}"
    contest(
        f"{group}, wall",
        lambda: pipeline.round(OURS),
        peers={
            REFERENCE: (lambda: pipeline.round(REFERENCE))
            if REFERENCE in present
            else None
        },
        items=n,
        rounds=scale(quick=6, full=12),
        second=(f"{group}, CPU", crew.cpu_seconds),
    )


def check_end_to_end(pipeline: Pipeline, contenders: list[str]) -> None:
    """Every consumer gets all items in order."""
    small = Pipeline(pipeline.crew, len(pipeline.consumers), 1_000, pipeline.many)
    small.load()
    inputs = records(small.n, len(PRODUCERS))
    expected = sorted(chain.from_iterable(inputs), key=itemgetter("time"))
    for name in contenders:
        for received in small.round(name, keep=None):
            assert received[:-1] == expected, name
