"""What a reader gives away: frames of raw records, and rows on a queue.

Every contender of a group reads the same file to its end and keeps nothing. frames()
makes int64 times and views of raw records; csv.reader makes lists of all fields and no
times, and is the least that any reader built on the csv module costs.

Rows go onto a `chronomux.Queue` in one process, and another takes them all as dicts.
The peer puts the dicts that the same reader gives. What the reader's process computes
is measured, and how long both take together: most of that is the consumer's.
"""

from __future__ import annotations

import csv
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import Scale
from benchmarks.contest import Contender, Contest
from benchmarks.crew import Crew
from benchmarks.ratios import OURS
from chronomux.queue import Queue
from chronomux.readers import CSVReader

RECORDS = 20_000
START = datetime(2015, 2, 2, 14, 19)


def telemetry(rng: random.Random) -> Iterator[list[str]]:
    """11 columns, nothing quoted, epoch seconds with a fraction."""
    yield ["time", *(f"channel_{i}" for i in range(10))]
    for i in range(RECORDS):
        values = (f"{rng.gauss(20, 5):.3f}" for _ in range(10))
        yield [f"{1_422_886_740 + i / 20:.6f}", *values]


def occupancy(rng: random.Random) -> Iterator[list[str]]:
    """8 columns, the first two quoted, ISO times: as R writes a data frame."""
    yield ["", "date", "temperature", "humidity", "light", "co2", "ratio", "occupancy"]
    for i in range(RECORDS):
        moment = START + timedelta(seconds=59.7 * i)
        values = (f"{rng.gauss(20, 5):.6f}" for _ in range(5))
        yield [
            f'"{i}"',
            f'"{moment:%Y-%m-%d %H:%M:%S}"',
            *values,
            str(rng.randrange(2)),
        ]


CAPTURES = {"telemetry": (telemetry, "time"), "occupancy": (occupancy, "date")}


def capture(folder: Path, kind: str) -> tuple[Path, str]:
    """A file of that kind, and its column of times."""
    make, column = CAPTURES[kind]
    path = folder / f"{kind}.csv"
    lines = [",".join(row) + "\n" for row in make(random.Random(21))]
    path.write_text("".join(lines), "utf-8")
    return path, column


def csv_rows(make: Callable[..., Any], path: Path) -> Iterator[Any]:
    with open(path, encoding="utf-8", newline="") as file:
        yield from make(file)


def frames(path: Path, column: str) -> Iterator[Any]:
    return CSVReader(path, timestamp=column).frames()


@pytest.mark.parametrize("kind", CAPTURES)
def test_frames(contest: Contest, tmp_path: Path, kind: str) -> None:
    path, column = capture(tmp_path, kind)
    assert sum(len(frame.keys) for frame in frames(path, column)) == RECORDS
    contest(
        f"frames, {kind}",
        consumed(lambda: frames(path, column)),
        peers={"csv.reader": consumed(lambda: csv_rows(csv.reader, path))},
        items=RECORDS,
    )


def consumed(read: Callable[[], Iterator[Any]]) -> Contender:
    return lambda: deque(read(), maxlen=0)


# ---- Rows on a queue


def rows_as_bytes(queue: Queue, path: Path, options: dict[str, Any]) -> None:
    CSVReader(path, queue, **options).start()


def dicts_one_by_one(queue: Queue, path: Path, options: dict[str, Any]) -> None:
    deque(map(queue.put, CSVReader(path, **options).reader), 0)
    queue.put(queue.Empty)


def dicts_in_batches(queue: Queue, path: Path, options: dict[str, Any]) -> None:
    queue.put_many(CSVReader(path, **options).reader)
    queue.put(queue.Empty)


WAYS = {
    OURS: rows_as_bytes,
    "put": dicts_one_by_one,
    "put_many": dicts_in_batches,
}


class Role:
    """One end of a queue: the reader's, or the consumer's."""

    def __init__(self, number: int, queue: Queue) -> None:
        self.queue = queue

    def send(self, way: str, path: Path, options: dict[str, Any]) -> float:
        """CPU seconds until all is put and has been sent."""
        began = time.process_time()
        WAYS[way](self.queue, path, options)
        self.queue.flush()
        return time.process_time() - began

    def receive(self) -> int:
        """How many rows there were."""
        count = 0
        while (items := self.queue.get_many())[-1] is not Queue.Empty:
            count += len(items)
        return count + len(items) - 1


class Tally:
    """A clock that goes by what the reader's process says."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.benchmark(timer=time.perf_counter)
@pytest.mark.parametrize("timed", [False, True], ids=["no times", "times"])
@pytest.mark.parametrize("kind", CAPTURES)
def test_rows_onto_a_queue(
    contest: Contest, scale: Scale, tmp_path: Path, kind: str, timed: bool
) -> None:
    path, column = capture(tmp_path, kind)
    options = {"timestamp": column} if timed else {}
    cpu = Tally()
    with Crew(2, Role, Queue()) as crew:

        def send(way: str) -> None:
            orders = {0: ("send", way, path, options), 1: ("receive",)}
            answers = crew.do(orders)
            assert answers[1] == RECORDS
            cpu.seconds += answers[0]

        group = f"rows to a queue, {kind}{', with times' if timed else ''}"
        contest(
            f"{group}, wall",
            lambda: send(OURS),
            peers={"put": lambda: send("put")},
            yardsticks={"put_many": lambda: send("put_many")},
            items=RECORDS,
            rounds=scale(quick=6, full=20),
            second=(f"{group}, CPU", cpu),
        )
