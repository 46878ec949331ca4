"""CSVReader(rows='columns'): batches, types, times, Arrow, other processes' queues."""

from __future__ import annotations

import io
import queue
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import ReaderError, TimestampError
from chronomux.queue import Queue
from chronomux.readers import ColumnBatch, CSVReader

CSV = b"time,n,note\n1.5,1,a\n2,,b\nx,3,c\n"


def reader(data: bytes = CSV, **options: Any) -> CSVReader:
    return CSVReader(io.BytesIO(data), rows="columns", **options)


def test_a_file_becomes_batches_of_columns() -> None:
    source = reader(CSV.replace(b"x", b"3"))
    [batch] = source
    assert isinstance(batch, ColumnBatch)
    assert {name: list(batch[name]) for name in batch} == {
        "time": [1.5, 2.0, 3.0],
        "n": [1, None, 3],
        "note": ["a", "b", "c"],
    }
    assert source.stats.types == {"time": "float64", "n": "int64", "note": "str"}


def test_a_large_file_comes_in_several_batches() -> None:
    data = b"n,s\n" + b"".join(b"%d,x%d\n" % (i, i) for i in range(150_000))
    sizes = [batch.num_rows for batch in reader(data)]
    assert sum(sizes) == 150_000
    assert len(sizes) == 3


def test_times_are_a_column_of_nanoseconds() -> None:
    source = reader(timestamp="time", on_error="null")
    [batch] = source
    assert list(batch["timestamp"]) == [1_500_000_000, 2_000_000_000, None]
    assert list(batch["time"]) == ["1.5", "2", "x"]
    assert source.stats.bad_lines == [4]


def test_a_row_without_a_time_is_skipped_or_raises() -> None:
    assert [b.num_rows for b in reader(timestamp="time", on_error="skip")] == [2]
    rows = iter(reader(timestamp="time"))
    assert next(rows).num_rows == 2
    with pytest.raises(TimestampError, match=r"^<BytesIO>:4: "):
        next(rows)


def test_given_types_are_kept_and_checked() -> None:
    [batch] = reader(b"a,b\n1,2\n", types={"a": "str"})
    assert (batch["a"].type, batch["b"].type) == ("str", "int64")
    with pytest.raises(ReaderError, match=r"^<BytesIO>:2: 'a' in column 'note' is no"):
        list(reader(types={"note": "int64"}))
    with pytest.raises(ReaderError, match="has no column 'z' for types="):
        list(reader(types={"z": "str"}))
    with pytest.raises(ValueError, match="'int32'}: use one of 'int64'"):
        reader(types={"n": "int32"})
    with pytest.raises(ValueError, match="needs rows='columns'"):
        CSVReader(io.BytesIO(CSV), types={"n": "str"})


def test_row_names_and_a_mark_at_the_start() -> None:
    [batch] = reader(b"\xef\xbb\xbfa\nr1,1\nr2,2\n", row_names=True)
    assert list(batch[""]) == ["r1", "r2"]
    assert list(batch["a"]) == [1, 2]


def test_latin_text_is_text() -> None:
    [batch] = reader(b"a\n\xe9\n", encoding="latin-1")
    assert list(batch["a"]) == ["é"]


def test_text_that_arrow_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="columns cannot hold; use 'replace'"):
        reader(errors="surrogateescape")
    [batch] = reader(b"a\n\xff\n", errors="replace")
    assert list(batch["a"]) == ["\ufffd"]


def test_batches_go_through_queues() -> None:
    target = Queue()
    reader(CSV.replace(b"x", b"3"), queue=target).start()
    batch = target.get(timeout=10)
    assert list(batch["n"]) == [1, None, 3]
    assert target.get(timeout=10) is queue.Empty


def test_a_reader_is_an_arrow_stream(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    path = tmp_path / "f.csv"
    path.write_bytes(b"n,s\n" + b"".join(b"%d,x%d\n" % (i, i) for i in range(150_000)))
    frame = polars.DataFrame(CSVReader(path, rows="columns"))
    assert frame.shape == (150_000, 2)
    assert frame["n"].sum() == sum(range(150_000))
    assert frame["s"][-1] == "x149999"


@pytest.mark.parametrize(("data", "width"), [(b"", 0), (b"a,b\n", 2)])
def test_a_file_without_rows_is_a_stream_too(data: bytes, width: int) -> None:
    polars = pytest.importorskip("polars")
    assert polars.DataFrame(reader(data)).shape == (0, width)


def test_only_columns_are_a_stream() -> None:
    with pytest.raises(TypeError, match="only rows='columns' is an Arrow stream"):
        CSVReader(io.BytesIO(CSV)).__arrow_c_stream__()
