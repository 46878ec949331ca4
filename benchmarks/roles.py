"""What the workers of a crew do in the benchmarks of queues.

Workers 0 to 3 produce, 4 to 6 consume, 7 runs the multiplexer. Items are made by
`load`, before any clock starts.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

import numpy as np
import psutil

import chronomux
from benchmarks import data
from benchmarks.lines import Line, OurLine, QueueLine, make_lines
from benchmarks.ratios import OURS
from chronomux.queue import SortedQueueMultiplexer

try:
    from benchmarks.reference.multiplexer import SortedQueueMultiplexer as PurePython
except ImportError:  # no sortedcontainers
    PurePython = None

PRODUCERS = range(4)
CONSUMERS = range(4, 7)
HUB = 7
SIZE = 8
SORT_KEY = "time"
REFERENCE = "pure Python over multiprocessing.Queue"
MULTIPLEXERS = {OURS: SortedQueueMultiplexer, REFERENCE: PurePython}
APART = 0.0015  # seconds between two lone items


def records(n: int, producers: int) -> list[list[Any]]:
    return [list(rows) for rows in data.record_lists(n, producers, "interleaved")]


def byte_strings(n: int, producers: int) -> list[list[Any]]:
    each = n // producers
    return [
        [i.to_bytes(8, "little") + bytes(92) for i in range(each)]
        for _ in range(producers)
    ]


def arrays(n: int, producers: int) -> list[list[Any]]:
    """1 MB each. A few that come again and again: all of them would fill the memory."""
    some = [np.full(125_000, i, dtype=np.float64) for i in range(4)]
    return [[some[i % 4] for i in range(n // producers)] for _ in range(producers)]


ITEMS: dict[str, Callable[[int, int], list[list[Any]]]] = {
    "6-key dict": records,
    "100 bytes": byte_strings,
    "1 MB array": arrays,
}


@dataclass
class Kit:
    """The queues of all contenders, as all workers have them."""

    transport: dict[str, Line] = field(default_factory=dict)
    inputs: dict[str, list[QueueLine]] = field(default_factory=dict)
    outputs: dict[str, list[QueueLine]] = field(default_factory=dict)


def make_kit(folder: Path) -> Kit:
    context = multiprocessing.get_context("spawn")
    return Kit(
        make_lines(len(PRODUCERS), folder),
        {
            OURS: [OurLine(chronomux.Queue(sort_key=SORT_KEY)) for _ in PRODUCERS],
            REFERENCE: [QueueLine(context.Queue()) for _ in PRODUCERS],
        },
        {
            OURS: [OurLine(chronomux.Queue()) for _ in CONSUMERS],
            REFERENCE: [QueueLine(context.Queue()) for _ in CONSUMERS],
        },
    )


class Role:
    """One worker. many: with put_many and get_many. keep: see `Line`."""

    def __init__(self, number: int, kit: Kit) -> None:
        self.number = number
        self.kit = kit
        self.items: list[Any] = []

    def load(self, kind: str, n: int, producers: int, end: bool) -> None:
        """Make this producer's share of `n` items; `end`: and Empty after them."""
        self.items = ITEMS[kind](n, producers)[self.number]
        if end:
            self.items.append(Empty)

    def send(self, contender: str, many: bool) -> None:
        self._send(self.kit.transport[contender], many)

    def receive(
        self, contender: str, count: int, many: bool, keep: int | None = 0
    ) -> list[Any]:
        return list(_receive(self.kit.transport[contender], count, many, keep))

    # From producers through a multiplexer to consumers

    def feed(self, contender: str, many: bool) -> None:
        self._send(self.kit.inputs[contender][self.number], many)

    def merge(self, contender: str, consumers: int) -> None:
        multiplexer = MULTIPLEXERS[contender](sort_key=SORT_KEY)
        for line in self.kit.inputs[contender]:
            multiplexer.input_queue(line.queue)
        for line in self.kit.outputs[contender][:consumers]:
            multiplexer.output_queue(line.queue)
        multiplexer._run_thread()

    def drain(
        self, contender: str, count: int, many: bool, keep: int | None = 0
    ) -> list[Any]:
        """`count` items and Empty."""
        line = self.kit.outputs[contender][self.number - CONSUMERS.start]
        return list(_receive(line, count + 1, many, keep))

    def _send(self, line: Line, many: bool) -> None:
        (line.send_many if many else line.send)(self.number, self.items)

    # Items one by one

    def send_lone(self, contender: str, count: int) -> None:
        line = self.kit.transport[contender]
        for _ in range(count):
            time.sleep(APART)
            line.send(self.number, [{**self.items[0], "time": time.monotonic()}])

    def receive_lone(self, contender: str, count: int) -> list[float]:
        """Seconds from put to get, sorted. One clock serves all processes."""
        line = self.kit.transport[contender]
        return sorted(_age(line.receive(1, None)[0]) for _ in range(count))

    # Many queues in one process

    def memory_of_queues(self, count: int) -> tuple[int, int]:
        """Bytes of memory, resident, that so many queues add: new, and after one item
        went through each."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        before = psutil.Process().memory_info().rss
        queues = [chronomux.Queue() for _ in range(count)]
        new = psutil.Process().memory_info().rss
        for queue in queues:
            queue.put(1)
            queue.get()
        return new - before, psutil.Process().memory_info().rss - before


def _age(record: data.Record) -> float:
    return time.monotonic() - record["time"]


def _receive(line: Line, count: int, many: bool, keep: int | None) -> deque[Any]:
    return (line.receive_many if many else line.receive)(count, keep)
