"""One queue in one process does what a list does, whatever the order of calls."""

from __future__ import annotations

import pickle
import queue
from collections import deque
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from chronomux.queue import Queue

PATIENCE = 20.0  # seconds for what the feeder has to bring in
SIZES = [0, 1, 7, 100, 1000, 2500, 20_000]


def item_of(number: int, kind: str, size: int) -> Any:
    """Items of each size that differ from each other."""
    if kind == "bytes":
        return number.to_bytes(4, "little") + b"x" * size
    if kind == "dict":
        return {"n": number, "text": "x" * size}
    if kind == "whole":
        return {"n": number, "nested": [("x" * size,)]}
    return number


kinds = st.sampled_from(["bytes", "dict", "whole", "int"])
items = st.tuples(kinds, st.sampled_from(SIZES))


class OneQueue(RuleBasedStateMachine):
    """The model: a deque of what was put and not taken."""

    def __init__(self) -> None:
        super().__init__()
        self.model: deque[Any] = deque()
        self.made = 0

    @initialize(
        maxsize=st.sampled_from([0, 0, 5, 300]),
        ring_bytes=st.sampled_from([4096, 4104, 5000, 1 << 16]),
    )
    def begin(self, maxsize: int, ring_bytes: int) -> None:
        self.maxsize, self.ring_bytes = maxsize, ring_bytes
        self.queue = Queue(maxsize, ring_bytes=ring_bytes)

    def teardown(self) -> None:
        if hasattr(self, "queue"):
            assert self.take(len(self.model)) == list(self.model)
            assert self.queue.empty()
            self.queue.close()
            self.queue.join_thread()

    def take(self, count: int) -> list[Any]:
        return [self.queue.get(timeout=PATIENCE) for _ in range(count)]

    def new(self, kind: str, size: int) -> Any:
        self.made += 1
        return item_of(self.made, kind, size)

    def room(self) -> int:
        return self.maxsize - len(self.model) if self.maxsize else 1 << 30

    @rule(what=items)
    def put(self, what: tuple[str, int]) -> None:
        item = self.new(*what)
        if self.room():
            self.queue.put(item, timeout=PATIENCE)
            self.model.append(item)
        else:
            with pytest.raises(queue.Full):
                self.queue.put_nowait(item)

    @rule(what=items, count=st.sampled_from([0, 1, 5, 300]))
    def put_many(self, what: tuple[str, int], count: int) -> None:
        kind, size = what
        many = [
            self.new(kind, size if count < 10 else size % 101) for _ in range(count)
        ]
        fit = many[: self.room()]
        try:
            self.queue.put_many(many, timeout=PATIENCE if fit == many else 0.001)
        except queue.Full:
            assert len(fit) < len(many)
        else:
            assert fit == many
        self.model.extend(fit)

    @rule(most=st.sampled_from([1, 2, 10, 1000]))
    def get(self, most: int) -> None:
        count = min(most, len(self.model))
        assert self.take(count) == [self.model.popleft() for _ in range(count)]

    @rule(most=st.sampled_from([1, 2, 10, 1000]))
    def get_many(self, most: int) -> None:
        """As many calls as it takes: how many each call gives is a matter of time."""
        got: list[Any] = []
        count = min(most, len(self.model))
        while len(got) < count:
            some = self.queue.get_many(count - len(got), timeout=PATIENCE)
            assert 1 <= len(some) <= count - len(got)
            got += some
        assert got == [self.model.popleft() for _ in got]

    @rule()
    def get_from_nothing(self) -> None:
        if not self.model:
            with pytest.raises(queue.Empty):
                self.queue.get_nowait()

    @rule()
    def flush(self) -> None:
        """What fits the ring: nobody else would make room for more."""
        if sum(len(pickle.dumps(i)) + 200 for i in self.model) < self.ring_bytes // 4:
            self.queue.flush()
            assert self.queue.empty() == (not self.model)

    @invariant()
    def counts(self) -> None:
        if hasattr(self, "queue"):
            assert self.queue.qsize() == len(self.model)
            assert self.queue.full() == (self.room() <= 0)


TestOneQueue = OneQueue.TestCase
TestOneQueue.settings = settings(stateful_step_count=25)
