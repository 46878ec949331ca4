"""CSV rows beside the csv module and the table libraries that are installed.

Every contender of a group reads the same file to its end and keeps nothing. What makes
dicts or lists of strings competes: csv, and the libraries' rows of Python objects.
Three captures: telemetry (11 columns, nothing quoted), occupancy (8, two of them in
quotes, as R writes a data frame) and remarks (5, texts with commas, quotes, newlines).
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

from benchmarks.conftest import Scale
from benchmarks.contest import Contender, Contest
from chronomux._core.csv import structure
from chronomux.readers import CSVReader, csv_rows

try:
    import polars
except ImportError:
    polars = None

try:
    import pyarrow.csv as arrow_csv
except ImportError:
    arrow_csv = None

try:
    import pandas
except ImportError:
    pandas = None

try:
    import duckdb
except ImportError:
    duckdb = None

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


CAPTURES = {"telemetry": telemetry, "occupancy": occupancy, "remarks": remarks}
kinds = pytest.mark.parametrize("kind", CAPTURES)


@pytest.fixture
def records(scale: Scale) -> int:
    return scale(quick=50_000, full=500_000)


@pytest.fixture
def capture(tmp_path: Path, kind: str, records: int) -> Path:
    path = tmp_path / f"{kind}.csv"
    rows = CAPTURES[kind](random.Random(21), records)
    path.write_text("".join(",".join(row) + "\n" for row in rows), "utf-8")
    return path


def python_rows(make: Callable[..., Any], path: Path) -> Iterator[Any]:
    with open(path, encoding="utf-8", newline="") as file:
        yield from make(file)


def polars_rows(path: Path, named: bool) -> Iterator[Any]:
    return polars.read_csv(path, infer_schema=False).iter_rows(named=named)


def arrow_rows(path: Path) -> Iterator[Any]:
    options = arrow_csv.ParseOptions(newlines_in_values=True)
    return iter(arrow_csv.read_csv(path, parse_options=options).to_pylist())


def pandas_rows(path: Path) -> Iterator[Any]:
    table = pandas.read_csv(path, dtype=str, keep_default_na=False)
    return iter(table.to_dict("records"))


def duckdb_rows(path: Path) -> Iterator[Any]:
    return iter(duckdb.read_csv(str(path), all_varchar=True).fetchall())


def peer(library: Any, read: Callable[..., Iterator[Any]], *args: Any) -> Any:
    return None if library is None else consumed(lambda: read(*args))


@kinds
def test_dict_rows(contest: Contest, capture: Path, kind: str, records: int) -> None:
    def ours() -> Iterator[Any]:
        return CSVReader(capture).reader

    assert list(ours()) == list(python_rows(csv.DictReader, capture))
    contest(
        f"CSV dict rows, {kind}",
        consumed(ours),
        peers={
            "csv.DictReader": consumed(lambda: python_rows(csv.DictReader, capture)),
            "polars": peer(polars, polars_rows, capture, True),
            "pyarrow": peer(arrow_csv, arrow_rows, capture),
            "pandas": peer(pandas, pandas_rows, capture),
        },
        items=records,
    )


@kinds
def test_list_rows(contest: Contest, capture: Path, kind: str, records: int) -> None:
    assert list(csv_rows(capture)) == list(python_rows(csv.reader, capture))
    contest(
        f"CSV list rows, {kind}",
        consumed(lambda: csv_rows(capture)),
        peers={
            "csv.DictReader": consumed(lambda: python_rows(csv.DictReader, capture)),
            "csv.reader": consumed(lambda: python_rows(csv.reader, capture)),
            "polars": peer(polars, polars_rows, capture, False),
            "duckdb": peer(duckdb, duckdb_rows, capture),
        },
        items=records,
    )


@kinds
def test_lazy_rows(contest: Contest, capture: Path, kind: str, records: int) -> None:
    contest(
        f"CSV lazy rows, {kind}",
        consumed(lambda: CSVReader(capture, rows="lazy").reader),
        peers={
            "csv.DictReader": consumed(lambda: python_rows(csv.DictReader, capture)),
        },
        items=records,
    )


@kinds
def test_structure(contest: Contest, capture: Path, kind: str) -> None:
    data = capture.read_bytes()

    def by(way: str) -> Contender:
        return lambda: structure.count_ends(data, way=way)

    contest(
        f"CSV structure, {kind}",
        by(structure.WAY),
        peers={},
        yardsticks={
            "memcpy": lambda: bytearray(data),
            **{way: by(way) for way in structure.WAYS if way != structure.WAY},
        },
        items=len(data),
        note=f"by {structure.WAY}; an item is a byte",
    )


def consumed(read: Callable[[], Iterator[Any]]) -> Contender:
    return lambda: deque(read(), maxlen=0)
