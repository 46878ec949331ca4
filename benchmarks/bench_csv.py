"""CSV rows beside the csv module and the table libraries that are installed.

Every contender of a group reads the same file to its end and keeps nothing. What makes
dicts or lists of strings competes: csv, and the libraries' rows of Python objects. Of
columns the libraries' own tables are made, by all the threads they take.
Three captures: telemetry (11 columns, nothing quoted), occupancy (8, two of them in
quotes, as R writes a data frame) and remarks (5, texts with commas, quotes, newlines).
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.captures import CAPTURES, write_capture
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

kinds = pytest.mark.parametrize("kind", CAPTURES)


@pytest.fixture
def records(scale: Scale) -> int:
    return scale(quick=50_000, full=500_000)


@pytest.fixture
def capture(tmp_path: Path, kind: str, records: int) -> Path:
    return write_capture(tmp_path, kind, records)


def python_rows(make: Callable[..., Any], path: Path) -> Iterator[Any]:
    with open(path, encoding="utf-8", newline="") as file:
        yield from make(file)


def polars_rows(path: Path, named: bool) -> Iterator[Any]:
    return polars.read_csv(path, infer_schema=False).iter_rows(named=named)


def arrow_table(path: Path) -> Any:
    options = arrow_csv.ParseOptions(newlines_in_values=True)
    return arrow_csv.read_csv(path, parse_options=options)


def arrow_rows(path: Path) -> Iterator[Any]:
    return iter(arrow_table(path).to_pylist())


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
def test_columns(contest: Contest, capture: Path, kind: str, records: int) -> None:
    def ours() -> Iterator[Any]:
        return CSVReader(capture, rows="columns").reader

    assert sum(batch.num_rows for batch in ours()) == records
    contest(
        f"CSV columns, {kind}",
        consumed(ours),
        peers={
            "csv.reader": consumed(lambda: python_rows(csv.reader, capture)),
            "polars": polars and (lambda: polars.read_csv(capture)),
            "pyarrow": arrow_csv and (lambda: arrow_table(capture)),
            "pandas": pandas and (lambda: pandas.read_csv(capture)),
            "duckdb": duckdb and (lambda: duckdb.read_csv(str(capture)).fetchnumpy()),
        },
        items=records,
        note="csv.reader makes lists of text, and no number",
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
