"""Frames of raw records with their times, beside the csv module.

Every contender of a group reads the same file to its end and keeps nothing. frames()
makes int64 times and views of raw records; csv.reader makes lists of all fields and no
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

from benchmarks.contest import Contender, Contest
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
