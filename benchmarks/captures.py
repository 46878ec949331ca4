"""CSV captures to read, made from a seed: the same on every machine, every time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["CAPTURES", "TIME_COLUMNS", "write_capture"]

SEED = 21
START = datetime(2015, 2, 2, 14, 19)
TEXTS = [
    "valve,opened",
    "closed by hand",
    "pressure drop",
    'see "log 7"',
    "reset,\nthen ok",
]


def telemetry(rng: random.Random, records: int) -> Iterator[list[Any]]:
    """11 columns, nothing quoted, epoch seconds with a fraction."""
    yield ["time", *(f"channel_{i}" for i in range(10))]
    for i in range(records):
        values = (f"{rng.gauss(20, 5):.3f}" for _ in range(10))
        yield [f"{1_422_886_740 + i / 20:.6f}", *values]


def occupancy(rng: random.Random, records: int) -> Iterator[list[Any]]:
    """8 columns, the first two quoted, ISO times: as R writes a data frame."""
    yield ["", "date", "temperature", "humidity", "light", "co2", "ratio", "occupancy"]
    for i in range(records):
        moment = START + timedelta(seconds=59.7 * i)
        values = (f"{rng.gauss(20, 5):.6f}" for _ in range(5))
        yield [
            f'"{i}"',
            f'"{moment:%Y-%m-%d %H:%M:%S}"',
            *values,
            str(rng.randrange(2)),
        ]


def remarks(rng: random.Random, records: int) -> Iterator[list[Any]]:
    """5 columns, all quoted; in some texts commas, doubled quotes and newlines."""
    yield ["time", "station", "author", "remark", "state"]
    for i in range(records):
        text = "; ".join(rng.choices(TEXTS, k=rng.randrange(1, 4))).replace('"', '""')
        moment = START + timedelta(seconds=i)
        row = [moment.isoformat(), f"st-{i % 50}", "j. doe", text, rng.choice("ok!")]
        yield [f'"{field}"' for field in row]


CAPTURES: dict[str, Callable[[random.Random, int], Iterator[list[Any]]]] = {
    "telemetry": telemetry,
    "occupancy": occupancy,
    "remarks": remarks,
}
TIME_COLUMNS = {"telemetry": "time", "occupancy": "date", "remarks": "time"}


def write_capture(folder: Path, kind: str, records: int) -> Path:
    """A file of that kind with so many records behind its header."""
    path = folder / f"{kind}.csv"
    rows = CAPTURES[kind](random.Random(SEED), records)
    path.write_text("".join(",".join(row) + "\n" for row in rows), "utf-8")
    return path
