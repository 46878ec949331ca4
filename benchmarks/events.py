"""Seeded events and rules to measure with.

Events have 6 to 10 leaf keys of 20 paths, eight of them nested; rules ask for two or
three. Paths and values follow a Zipf law, in rules as in events: a few are in nearly
all, most in hardly any.
"""

from __future__ import annotations

import random
from bisect import bisect
from itertools import accumulate
from typing import Any, TypeAlias

Event: TypeAlias = dict[str, Any]

PATHS = [f"key{i}" for i in range(12)] + [f"group{i % 4}.key{i}" for i in range(8)]
VALUES = [f"value-{i}" for i in range(2_000)]


class Zipf:
    """Items by rank: the n-th n to the power of `exponent` times as rare."""

    def __init__(self, items: list[str], exponent: float, rng: random.Random) -> None:
        self.items, self.rng = items, rng
        self.weights = list(accumulate((i + 1) ** -exponent for i in range(len(items))))

    def one(self) -> str:
        return self.items[bisect(self.weights, self.rng.random() * self.weights[-1])]

    def several(self, count: int) -> list[str]:
        """So many different ones."""
        chosen: dict[str, None] = {}
        while len(chosen) < count:
            chosen[self.one()] = None
        return list(chosen)


class Workload:
    """Rules and events of one seed."""

    def __init__(self, seed: int = 21) -> None:
        self.rng = random.Random(seed)
        self.paths = Zipf(PATHS, 0.5, self.rng)
        self.values = Zipf(VALUES, 1.0, self.rng)

    def rules(self, n: int) -> list[Event]:
        return [self.rule() for _ in range(n)]

    def rule(self) -> Event:
        paths = self.paths.several(self.rng.choice([2, 3]))
        return {path: self.values.one() for path in paths}

    def events(self, n: int) -> list[Event]:
        return [self.event() for _ in range(n)]

    def event(self) -> Event:
        event: Event = {}
        for path in self.paths.several(self.rng.randint(6, 10)):
            *above, name = path.split(".")
            place = event.setdefault(above[0], {}) if above else event
            place[name] = self.values.one()
        return event


def on_one_field(n: int) -> list[Event]:
    """Each rule another value of the same path."""
    return [{"key0": f"value-{i}"} for i in range(n)]


def sharing_a_hot_value(n: int) -> list[Event]:
    """All rules ask for what every event has, and for one thing that few have."""
    return [{"key0": "value-0", "key1": f"value-{i % 2_000}"} for i in range(n)]


def of_low_cardinality(n: int) -> list[Event]:
    """Two fields of 300 values each: neither alone tells much."""
    return [
        {"key0": f"value-{i % 300}", "key1": f"value-{i // 300 % 300}"}
        for i in range(n)
    ]


def of_long_lists(workload: Workload, n: int) -> list[Event]:
    """Any of 50 values, and one more thing."""
    return [
        {"key0": workload.values.several(50), "key1": workload.values.one()}
        for _ in range(n)
    ]
