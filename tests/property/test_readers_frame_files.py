"""frames() of a file: the times of its rows, however times look and blocks are cut."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux.readers import CSVReader
from chronomux.replay.input_file import InputFile

MISSING = -(2**63)
# Of all lengths, and some that are times only up to a delimiter in them.
TIMES = st.sampled_from(
    [
        *("1", "17", "170", "1700000000", "1700000000.5", "1700000000,5", " 5 ", "-3"),
        *("1700000000123456789", "1700000000999999999", "1800000000000000000"),
        *("0000000001700000000", "0999999999999999999", "9223372036854775807"),
        *("9223372036854775808", "9999999999999999999", "170000000012345678x"),
        *("2015-02-02 14:19", "2015-02-02 14:19:00", "2015-02-02 14:19:00,5"),
        *("2015-02-02T14:19:00.25Z", "", "x"),
    ]
)
ROWS = st.lists(
    st.tuples(TIMES, st.sampled_from(["", "5", "a,b;c", 'say "x"', "y\nz"])),
    max_size=40,
)
FORMATS = st.sampled_from(["auto", "epoch_s", "epoch_ns", "iso"])
QUOTINGS = st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames") / "rows.csv"


@given(
    ROWS,
    FORMATS,
    st.sampled_from(",;\t.:"),
    QUOTINGS,
    st.booleans(),
    st.sampled_from([1, 100, 5000, 1 << 18]),
)
def test_frames_of_a_file_have_the_times_of_its_rows(
    path: Path,
    rows: list[tuple[str, str]],
    form: str,
    delimiter: str,
    quoting: int,
    is_last: bool,
    block_bytes: int,
) -> None:
    text = io.StringIO(newline="")
    dialect: Any = {"delimiter": delimiter, "quoting": quoting}
    writer = csv.writer(text, **dialect)
    writer.writerow(["v", "t"] if is_last else ["t", "v"])
    writer.writerows(row[::-1] if is_last else row for row in rows)
    data = text.getvalue().encode()
    path.write_bytes(data)
    options = {
        "timestamp": "t",
        "timestamp_format": form,
        "on_error": "null",
        "delimiter": delimiter,
    }

    listed = CSVReader(io.BytesIO(data), rows="list", **options).reader
    expected = [MISSING if row[-1] is None else row[-1] for row in listed]
    file = InputFile(str(path), block_bytes=block_bytes)
    reader = CSVReader(file, **options)
    body, keys, lines = b"", [], []
    for frame in reader.frames():
        assert len(frame.offsets) == len(frame.keys) + 1 == len(reader.frame_lines) + 1
        body += bytes(frame.rows[frame.offsets[0] : frame.offsets[-1]])
        keys += frame.keys
        lines += reader.frame_lines
    file.close()
    assert keys == expected
    assert reader.header + body == data
    begins = [data[: -len(body)].count(b"\n") + 1] if keys else []
    for record in csv.reader(
        io.StringIO(body.decode(), newline=""), delimiter=delimiter
    ):
        begins.append(begins[-1] + 1 + sum(field.count("\n") for field in record))
    assert lines == begins[:-1]
