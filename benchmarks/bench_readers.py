"""Readers beside the csv module: dict rows, and frames of raw records with their times.

    pytest benchmarks/bench_readers.py --benchmark-group-by=group

Every contender of a group reads the same file to its end and keeps nothing. frames()
makes int64 times and copies raw records; csv.reader makes lists of all fields and no
times, and is the least that any reader built on the csv module costs.
"""

from __future__ import annotations

import csv
import random
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

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


@pytest.fixture(params=[telemetry, occupancy], ids=lambda make: make.__name__)
def capture(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, str]:
    """The name of a kind of capture, a file of it, and its column of times."""
    make = request.param
    path = tmp_path / f"{make.__name__}.csv"
    lines = [",".join(row) + "\n" for row in make(random.Random(21))]
    path.write_text("".join(lines), "utf-8")
    return make.__name__, path, "time" if make is telemetry else "date"


def csv_rows(make: Callable[..., Any]) -> Callable[[Path, str], Iterator[Any]]:
    def rows(path: Path, column: str) -> Iterator[Any]:
        with open(path, encoding="utf-8", newline="") as file:
            yield from make(file)

    return rows


def dict_rows(path: Path, column: str) -> Iterator[Any]:
    return CSVReader(path).reader


def timed_rows(path: Path, column: str) -> Iterator[Any]:
    return CSVReader(path, timestamp=column).reader


def frames(path: Path, column: str) -> Iterator[Any]:
    return CSVReader(path, timestamp=column).frames()


Read = Callable[[Path, str], Iterator[Any]]
ROWS: dict[str, Read] = {
    "chronomux": dict_rows,
    "chronomux with times": timed_rows,
    "csv.DictReader": csv_rows(csv.DictReader),
}
FRAMES: dict[str, Read] = {"chronomux": frames, "csv.reader": csv_rows(csv.reader)}


@pytest.mark.parametrize("name", ROWS)
def test_dict_rows(benchmark: Any, capture: tuple[str, Path, str], name: str) -> None:
    kind, path, column = capture
    assert sum(1 for _ in ROWS[name](path, column)) == RECORDS
    benchmark.group = f"dict rows, {kind}"
    benchmark(lambda: deque(ROWS[name](path, column), maxlen=0))


@pytest.mark.parametrize("name", FRAMES)
def test_frames(benchmark: Any, capture: tuple[str, Path, str], name: str) -> None:
    kind, path, column = capture
    found = sum(len(getattr(part, "keys", "1")) for part in FRAMES[name](path, column))
    assert found == RECORDS + (name == "csv.reader")  # which counts the header
    benchmark.group = f"frames, {kind}"
    benchmark(lambda: deque(FRAMES[name](path, column), maxlen=0))
