"""CSVReader equals csv.DictReader; frames() hold the file's own bytes."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux.readers import CSVReader, FileReader, sources
from chronomux.types import Frame

TEXTS = st.text(st.sampled_from("ab1;,|\"'\\ \t\r\n\v\x1c\x85\u2028é😀"), max_size=60)
FMTPARAMS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;|\té"),
        "quotechar": st.sampled_from("\"'a"),
        "doublequote": st.booleans(),
        "escapechar": st.sampled_from([None, "\\", "b"]),
        "skipinitialspace": st.booleans(),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_NONE]),
        "strict": st.booleans(),
    }
)
RECORDS = st.lists(
    st.tuples(
        st.integers(-(10**9), 9 * 10**9),
        st.text(st.sampled_from("xy \n\r\",'é"), max_size=8),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n", "\r\n\n"]),
    ),
    max_size=30,
)


def outcome(rows: Any) -> list[Any]:
    """The rows as ordered pairs, and the kind of error that ended them."""
    found: list[Any] = []
    try:
        found.extend(list(row.items()) for row in rows)
    except ValueError:
        found.append("error")
    except csv.Error:
        found.append("error")
    return found


def joined(frames: list[Frame]) -> list[tuple[int, bytes]]:
    return [
        (key, frame.rows[start:end])
        for frame in frames
        for key, start, end in zip(
            frame.keys, frame.offsets, frame.offsets[1:], strict=False
        )
    ]


@given(TEXTS, FMTPARAMS, st.sampled_from([None, ["p", "q"]]), st.booleans())
def test_rows_equal_those_of_dict_reader(
    text: str, fmtparams: dict[str, Any], names: list[str] | None, rest: bool
) -> None:
    options = {
        "fieldnames": names,
        **({"restkey": "more", "restval": "-"} if rest else {}),
    }
    expected = csv.DictReader(io.StringIO(text, newline=""), **options, **fmtparams)
    reader = CSVReader(io.BytesIO(text.encode()), **options, **fmtparams)
    found = outcome(reader.reader)
    assert found == outcome(expected)
    if found[-1:] != ["error"]:
        assert reader.line_num == expected.reader.line_num


@given(TEXTS, st.integers(1, 8))
def test_blocks_of_any_size_give_the_lines_of_the_file(text: str, size: int) -> None:
    data = text.encode()
    expected = list(io.TextIOWrapper(io.BytesIO(data), "utf-8", newline=""))
    assert list(FileReader(Trickle(data, size))) == expected


@given(TEXTS, FMTPARAMS, st.integers(1, 8))
def test_blocks_of_any_size_give_the_same_rows(
    text: str, fmtparams: dict[str, Any], size: int
) -> None:
    data = text.encode()
    whole = outcome(CSVReader(io.BytesIO(data), **fmtparams))
    assert outcome(CSVReader(Trickle(data, size), **fmtparams)) == whole


@given(
    RECORDS,
    st.sampled_from([1, 7, 64, sources.BLOCK_BYTES]),
    st.sampled_from(
        ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-32-be", "gb18030"]
    ),
    st.booleans(),
)
def test_frames_hold_every_record_byte_for_byte(
    records: list[tuple[int, str, str]], size: int, encoding: str, quote_all: bool
) -> None:
    lines = [record_text(*record, quote_all) for record in records]
    header = "name,ts,n\n"
    data = (header + "".join(lines)).encode(encoding)
    reader = CSVReader(
        Trickle(data, size),
        timestamp="ts",
        timestamp_format="epoch_s",
        encoding=encoding,
    )
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    expected = [
        (time * 10**9, without_blank_lines(line).encode(plain))
        for (time, _, _), line in zip(records, lines, strict=True)
    ]
    assert joined(list(reader.frames())) == expected
    assert reader.header == header.encode(plain)


def record_text(time: int, text: str, end: str, quote_all: bool) -> str:
    out = io.StringIO()
    # csv.writer may leave the line end unquoted that is not its own.
    quoting = (
        csv.QUOTE_ALL if quote_all or set(text) & set("\r\n") else csv.QUOTE_MINIMAL
    )
    csv.writer(out, lineterminator=end, quoting=quoting).writerow([text, time, 1])
    return out.getvalue()


def without_blank_lines(record: str) -> str:
    for blank in ("\r\n\n", "\n\n"):
        if record.endswith(blank):
            return record[:-1]
    return record


@given(
    TEXTS,
    FMTPARAMS,
    st.sampled_from([0, 1, [0, 2]]),
    st.sampled_from(["skip", "null"]),
    st.sampled_from([1, 5, sources.BLOCK_BYTES]),
)
def test_frames_and_rows_agree_on_times_and_errors(
    text: str, fmtparams: dict[str, Any], columns: Any, on_error: Any, size: int
) -> None:
    def open_reader() -> CSVReader:
        return CSVReader(
            Trickle(text.encode(), size),
            fieldnames=["a", "b", "c"],
            timestamp=columns,
            on_error=on_error,
            **fmtparams,
        )

    by_rows, by_frames = open_reader(), open_reader()
    times: list[Any] = []
    keys: list[Any] = []
    try:
        times.extend(row["timestamp"] for row in by_rows)
    except ValueError:
        times.append("error")
    try:
        for frame in by_frames.frames():
            keys.extend(None if key == -(2**63) else key for key in frame.keys)
    except ValueError:
        keys.append("error")
    assert keys == times
    assert by_frames.stats == by_rows.stats


class Trickle(io.RawIOBase):
    """A file that gives at most `size` bytes a read."""

    def __init__(self, data: bytes, size: int) -> None:
        self._file = io.BytesIO(data)
        self._size = size

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(self._size if size < 0 else min(size, self._size))
