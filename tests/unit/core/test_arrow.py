"""Columns taken by other libraries through the Arrow PyCapsule interface."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from chronomux._core.csv.arrow import export_array, export_schema, export_stream
from chronomux._core.csv.typed_column import TypedColumn
from chronomux.readers.column_batch import ColumnBatch


def batch(rows: int = 3) -> ColumnBatch:
    numbers = TypedColumn("n", "int64")
    floats = TypedColumn("f", "float64")
    times = TypedColumn("t", "timestamp")
    texts = TypedColumn("s", "str")
    for i in range(rows):
        assert numbers.add(b"" if i % 3 == 2 else b"%d" % i)
        assert floats.add(b"%d.5" % i)
        assert times.add(b"%d" % (i * 10**9))
        assert texts.add("é".encode() * i)
    return ColumnBatch([numbers, floats, times, texts], rows)


class Stream:
    """What has only the stream method, as a reader of columns has."""

    def __init__(self, batches: Iterator[ColumnBatch]) -> None:
        self.batches = batches

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        parts = ((part.columns, part.num_rows) for part in self.batches)
        return export_stream(batch(0).columns, parts)


def columns_of(frame: Any) -> list[list[Any]]:
    return [list(frame["n"]), list(frame["f"]), list(frame["s"])]


EXPECTED = [[0, 1, None], [0.5, 1.5, 2.5], ["", "é", "éé"]]


def test_polars_takes_a_batch() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(batch())
    gc.collect()
    assert columns_of(frame) == EXPECTED
    assert frame["t"].dtype == polars.Datetime("ns", "UTC")
    assert frame["t"].to_physical().to_list() == [0, 10**9, 2 * 10**9]


def test_polars_takes_a_stream() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(Stream(batch(n) for n in (3, 0, 3)))
    assert columns_of(frame) == [values * 2 for values in EXPECTED]


def test_pyarrow_takes_a_batch_and_a_stream() -> None:
    pyarrow = pytest.importorskip("pyarrow")
    taken = pyarrow.record_batch(batch())
    gc.collect()
    taken.validate(full=True)
    assert [taken[name].to_pylist() for name in "nfs"] == EXPECTED
    assert str(taken.schema.field("t").type) == "timestamp[ns, tz=UTC]"
    table = pyarrow.table(Stream(batch(n) for n in (3, 0, 3)))
    table.validate(full=True)
    assert table["n"].to_pylist() == EXPECTED[0] * 2


def test_duckdb_reads_a_stream() -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    source = Stream(iter([batch(), batch()]))  # noqa: F841 - found by its name
    assert duckdb.sql("select sum(n), sum(f) from source").fetchall() == [(2, 9.0)]


def test_pandas_takes_a_stream() -> None:
    pandas = pytest.importorskip("pandas")
    if not hasattr(pandas.DataFrame, "from_arrow"):
        pytest.skip("this pandas takes nothing from Arrow")
    frame = pandas.DataFrame.from_arrow(Stream(iter([batch()])))
    assert list(frame["f"]) == EXPECTED[1]


def test_an_error_in_the_stream_reaches_its_reader() -> None:
    polars = pytest.importorskip("polars")

    def failing() -> Iterator[ColumnBatch]:
        yield batch()
        raise ValueError("data.csv:4: damaged")

    with pytest.raises(Exception, match=r"ValueError: data\.csv:4: damaged"):
        polars.DataFrame(Stream(failing()))


def test_capsules_that_nobody_takes_free_what_they_hold() -> None:
    made = batch()
    for _ in range(3):
        schema, array = made.__arrow_c_array__()
        stream = Stream(iter([made])).__arrow_c_stream__()
        with pytest.raises(BufferError, match="in use"):
            made["s"].add(b"")
        del schema, array, stream
    gc.collect()
    assert made["s"].add(b"")


def test_a_batch_without_columns_is_a_batch() -> None:
    polars = pytest.importorskip("polars")
    assert export_schema([]) is not None
    assert export_array([], 0) is not None
    assert polars.DataFrame(ColumnBatch([], 0)).shape == (0, 0)


def test_a_batch_is_a_mapping_of_columns() -> None:
    made = batch()
    assert list(made) == ["n", "f", "t", "s"]
    assert len(made) == 4
    assert list(made.rows())[2] == {"n": None, "f": 2.5, "t": 2 * 10**9, "s": "éé"}
