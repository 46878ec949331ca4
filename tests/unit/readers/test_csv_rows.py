"""csv_rows: an iterator like csv.reader's, over whatever holds CSV."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import CSVError, ReaderError
from chronomux.readers import CSVReader, csv_rows

TEXT = 'a,b\r\n"1,5","x\ny"\n\n"z""z",é\n'
ROWS = [["a", "b"], ["1,5", "x\ny"], [], ['z"z', "é"]]


def test_rows_come_from_paths_bytes_files_and_lines(tmp_path: Path) -> None:
    data = TEXT.encode()
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    zipped = tmp_path / "a.csv.gz"
    zipped.write_bytes(gzip.compress(data))
    sources: list[Any] = [
        path,
        str(path),
        zipped,
        data,
        bytearray(data),
        memoryview(data),
        io.BytesIO(data),
        io.StringIO(TEXT, newline=""),
        TEXT.splitlines(keepends=True),
        iter(TEXT.splitlines(keepends=True)),
    ]
    for source in sources:
        assert list(csv_rows(source)) == ROWS, source
    with open(path, "rb") as binary, open(path, encoding="utf-8", newline="") as text:
        assert list(csv_rows(binary)) == list(csv_rows(text)) == ROWS


def test_rows_know_their_line_and_dialect() -> None:
    rows = csv_rows(TEXT.encode())
    expected = csv.reader(io.StringIO(TEXT, newline=""))
    for row in expected:
        assert next(rows) == row
        assert rows.line_num == expected.line_num
    assert rows.dialect.delimiter == ","
    assert csv_rows(b"", "excel-tab").dialect.delimiter == "\t"
    assert csv_rows(b"", delimiter=";").dialect.delimiter == ";"
    assert next(rows, None) is None


def test_errors_are_those_of_csv_with_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a\n"b"c\nd\n')
    rows = csv_rows(path, strict=True)
    assert next(rows) == ["a"]
    with pytest.raises(csv.Error) as caught:
        next(rows)
    assert str(caught.value) == f"{path}:2: ',' expected after '\"'"
    assert isinstance(caught.value, CSVError)
    assert isinstance(caught.value, ReaderError)
    assert next(rows) == ["d"]  # csv.reader goes on as well
    rows = csv_rows(b"1,2\n3,x\n", quoting=csv.QUOTE_NONNUMERIC)
    assert next(rows) == [1.0, 2.0]
    with pytest.raises(ReaderError, match=r"^<BytesIO>:2: could not convert .*'x'$"):
        next(rows)


def test_what_is_no_number_ends_its_row_in_its_line() -> None:
    rows = csv_rows(b'1,x,"a\nb",2\n3,"c\nd",4\n', quoting=csv.QUOTE_NONNUMERIC)
    with pytest.raises(ReaderError, match=r"^<BytesIO>:1: could not convert .*'x'$"):
        next(rows)
    # As for csv.reader, the next line begins a row, though this one was in quotes.
    with pytest.raises(ReaderError, match=r"^<BytesIO>:2: could not convert .*'b\"'$"):
        next(rows)
    assert list(rows) == [[3.0, "c\nd", 4.0]]


def test_undecodable_bytes_are_located_behind_the_rows_before_them() -> None:
    data = 'a,"é\né"\nb,c\nd\né,'.encode() + b"\xff,x\n"
    rows = csv_rows(data)
    assert [next(rows), next(rows), next(rows)] == [["a", "é\né"], ["b", "c"], ["d"]]
    with pytest.raises(ReaderError, match=r"^<BytesIO>:5:3: byte 0xff is not utf-8"):
        next(rows)
    with pytest.raises(ReaderError, match=r"^<BytesIO>:1:1: byte 0x80 is not ascii"):
        next(csv_rows(b"\x80\n", encoding="ascii"))
    assert next(csv_rows(b"\x80,\xe9\n", encoding="cp1252")) == ["€", "é"]


def test_a_byte_order_mark_is_dropped_wherever_blocks_end() -> None:
    for data in (
        b"\xef\xbb\xbfa\n",
        b"\xef\xbb\xbf",
        b"\xef\xbb",
        "\ufeffa".encode("utf-16"),
    ):
        codec = "utf-16" if data.startswith(b"\xff") else "utf-8"
        rows = csv_rows(Trickle(data), encoding=codec, errors="replace")
        text = data.decode(codec, "replace").removeprefix("\ufeff")
        assert list(rows) == list(csv.reader([text] if text else []))


class Trickle(io.BytesIO):
    """Gives one byte a read."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(1, 1 if size is None else size))

    read1 = read  # type: ignore[assignment]


def test_a_field_may_be_as_long_as_its_limit() -> None:
    field = "é" * 100
    data = f'a\n"{field}"\n{field}\n'.encode()
    assert list(csv_rows(data, field_size_limit=100)) == [["a"], [field], [field]]
    rows = csv_rows(data, field_size_limit=99)
    assert next(rows) == ["a"]
    with pytest.raises(CSVError, match=r":2: field larger than field limit \(99\)$"):
        next(rows)
    with pytest.raises(CSVError, match=r":3: field larger than field limit \(9\)$"):
        list(CSVReader(io.BytesIO(b"k,l\n1,2\n3," + b"x" * 10), field_size_limit=9))


def test_a_quote_that_is_never_closed_costs_no_more_than_the_limit() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1, /) -> bytes:
            self.given += size != 0
            lines = b"x\n" * 50_000 if size else b""
            return b'"' + lines if size and self.given == 1 else lines

    source = Endless()
    with pytest.raises(CSVError, match="field larger than field limit"):
        next(csv_rows(source, field_size_limit=1_000_000))
    assert source.given < 30


@pytest.mark.parametrize("delimiter", [",", "§"])
def test_an_abandoned_file_is_closed(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\nb\n" * 100_000)
    rows = csv_rows(path, delimiter=delimiter)
    assert next(rows) == ["a"]
    del rows  # a warning of an open file would be an error


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"delimiter": "ab"}, TypeError),
        ({"no_such_option": 1}, TypeError),
        ({"dialect": "no-such-dialect"}, csv.Error),
        ({"encoding": "no-such-encoding"}, LookupError),
    ],
)
def test_wrong_options_are_refused(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        csv_rows(b"a\n", **options)


def test_lists_of_a_reader_begin_behind_the_header() -> None:
    data = b"t,v\n1,x\n\n2\n3,y,z\n"
    reader = CSVReader(io.BytesIO(data), rows="list")
    assert reader.fieldnames == ["t", "v"]
    assert list(reader) == [["1", "x"], [], ["2"], ["3", "y", "z"]]
    timed = CSVReader(io.BytesIO(data), rows="list", timestamp="t")
    assert [row[-1] for row in timed] == [10**9, 2 * 10**9, 3 * 10**9]
    with pytest.raises(ValueError, match="rows='tuple': use"):
        CSVReader(io.BytesIO(data), rows="tuple")  # type: ignore[arg-type]
