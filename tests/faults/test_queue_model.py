"""Random operations of six processes, one at a time, against a model."""

from __future__ import annotations

import itertools
import multiprocessing
import queue
import random
import time
from collections import deque
from multiprocessing.connection import Connection
from typing import Any

import pytest

from chronomux.queue import Queue
from tests.faults.queue_peers import Peer, entry_of, large, small, start

PEERS = 6
MASK = (1 << 32) - 1


def obey(shared: Queue, orders: Connection) -> None:
    """Carry out calls of the queue; items go over as what entry_of says of them."""
    while True:
        name, arguments = orders.recv()
        try:
            if name == "put":
                make, me, number = arguments
                answer: Any = shared.put(make(me, number), timeout=0.01)
            elif name == "put_many":
                make, me, numbers = arguments
                answer = shared.put_many([make(me, n) for n in numbers], timeout=0.01)
            elif name == "get":
                answer = [entry_of(shared.get(*arguments))]
            elif name == "get_many":
                answer = [entry_of(item) for item in shared.get_many(*arguments)]
            else:
                answer = getattr(shared, name)()
        except (queue.Empty, queue.Full) as error:
            answer = type(error)
        orders.send(answer)


class Model:
    """What is on a queue: of each producer the numbers in the order they were put.

    Of two producers either may come first: each sends its items in batches.
    """

    def __init__(self, seed: int, **options: Any) -> None:
        self.random = random.Random(seed)
        self.queue = Queue(**options)
        self.waiting: dict[int, deque[int]] = {}
        self.ids = itertools.count()
        self.peers: list[tuple[int, Peer, Connection]] = []
        self.numbers = itertools.count()
        self.steps = 0
        for _ in range(PEERS):
            self.hire()

    def hire(self) -> None:
        mine, theirs = multiprocessing.Pipe()
        self.peers.append((next(self.ids), start(obey, self.queue, theirs), mine))
        self.waiting[self.peers[-1][0]] = deque()
        theirs.close()

    def close(self) -> None:
        for _, peer, orders in self.peers:
            peer.kill()
            orders.close()

    @property
    def count(self) -> int:
        return sum(map(len, self.waiting.values()))

    def ask(self, orders: Connection, name: str, *arguments: Any) -> Any:
        orders.send((name, arguments))
        assert orders.poll(20), f"{name} hangs after {self.steps} steps"
        return orders.recv()

    def step(self) -> None:
        self.steps += 1
        place = self.random.randrange(PEERS)
        deed = self.random.choices(
            [self.put, self.put_many, self.get, self.get_many, self.count_them,
             self.kill], [30, 8, 30, 8, 10, 1])[0]  # fmt: skip
        deed(place)

    def put(self, place: int) -> None:
        me, _, orders = self.peers[place]
        number, make = next(self.numbers), self.random.choice([small] * 9 + [large])
        answer = self.ask(orders, "put", make, me, number)
        full = 0 < self.queue.maxsize <= self.count
        assert answer == (queue.Full if full else None), (answer, self.count)
        if not full:
            self.waiting[me].append(number)

    def put_many(self, place: int) -> None:
        me, _, orders = self.peers[place]
        numbers = list(itertools.islice(self.numbers, self.random.randrange(1, 400)))
        answer = self.ask(orders, "put_many", small, me, numbers)
        room = len(numbers)
        if self.queue.maxsize:
            room = min(room, self.queue.maxsize - self.count)
        assert answer == (queue.Full if room < len(numbers) else None)
        self.waiting[me] += numbers[:room]

    def get(self, place: int) -> None:
        if self.count:
            self.got(self.ask(self.peers[place][2], "get", True, 20))
        else:
            answer = self.ask(
                self.peers[place][2], "get", self.random.random() < 0.1, 0.01
            )
            assert answer is queue.Empty

    def get_many(self, place: int) -> None:
        most = self.random.choice([1, 2, 30, 1000])
        if self.count:
            entries = self.ask(self.peers[place][2], "get_many", most, True, 20)
            assert 1 <= len(entries) <= most
            self.got(entries)

    def got(self, entries: list[int]) -> None:
        for entry in entries:
            me, number = divmod(entry, 1 << 32)
            assert self.waiting[me].popleft() == number

    def count_them(self, place: int) -> None:
        orders = self.peers[place][2]
        assert self.ask(orders, "qsize") == self.count
        assert self.ask(orders, "full") == (0 < self.queue.maxsize <= self.count)
        self.flush(place)
        if not self.count:
            assert self.ask(orders, "empty")

    def flush(self, place: int) -> None:
        """It may take that somebody else gets what is in the way."""
        orders = self.peers[place][2]
        orders.send(("flush", ()))
        end = time.monotonic() + 20
        while not orders.poll(0.005):
            assert time.monotonic() < end, f"flush hangs after {self.steps} steps"
            self.get_many((place + 1) % PEERS)
        assert orders.recv() is None

    def kill(self, place: int) -> None:
        """What was flushed must not go with it."""
        self.flush(place)
        _, peer, orders = self.peers.pop(place)
        peer.kill()
        orders.close()
        self.hire()


KINDS: dict[str, dict[str, Any]] = {
    "unbounded": {},
    "bounded": {"maxsize": 50},
    "one": {"maxsize": 1},
    "small ring": {"ring_bytes": 1 << 14},
    "small and bounded": {"maxsize": 300, "ring_bytes": 1 << 14},
}


def run(seed: int, steps: float, seconds: float, **options: Any) -> int:
    model = Model(seed, **options)
    end = time.monotonic() + seconds
    try:
        while model.steps < steps and time.monotonic() < end:
            model.step()
        while model.count:
            model.get(0)
        model.count_them(1)
    finally:
        model.close()
    return model.steps


@pytest.mark.parametrize("kind", KINDS)
def test_random_operations_agree_with_the_model(kind: str) -> None:
    assert run(len(kind), 300, 60, **KINDS[kind]) == 300


@pytest.mark.deep
@pytest.mark.parametrize("kind", KINDS)
def test_ten_minutes_of_random_operations_agree_with_the_model(kind: str) -> None:
    assert run(1, float("inf"), 120, **KINDS[kind]) > 10_000
