"""Fuzz targets of the CSV reader: any bytes give what the slow way gives, or an error.

They are meant for the sanitize build, which ends at the first byte read or written out
of bounds; a few hundred executions each run in every suite. `pytest -m deep` runs each
for CHRONOMUX_FUZZ_SECONDS (60 if it is not set) from execution CHRONOMUX_FUZZ_FROM on.
"""

from __future__ import annotations

import codecs
import csv
import io
import logging
import math
import os
import pickle
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chronomux._core.csv import structure
from chronomux.readers import CSVReader, csv_rows, time_parser
from chronomux.readers.decompress import compression_of
from tests.changing_file import ChangingFile
from tests.fuzzing import Pieces, Target, run, run_for
from tests.property.test_readers_csv_rows import PARAMETERS, outcomes
from tests.property.test_readers_times import FORMATS, ZONES, outcome

EXECUTIONS = 120
NAMES = ["a", "b", "c", "d", "b"]
ESCAPED: dict[str, Any] = {"errors": "surrogateescape"}


@pytest.fixture(autouse=True)
def quiet() -> Any:
    """A million warnings would be kept for the report of a failure."""
    logger = logging.getLogger("chronomux")
    logger.disabled = True
    yield
    logger.disabled = False


def text_of(
    data: bytes, encoding: str = "utf-8", errors: str = "surrogateescape"
) -> str:
    if encoding == "utf-8":
        data = data.removeprefix(codecs.BOM_UTF8)
    return data.decode(encoding, errors)


def any_format(rng: random.Random, *, ascii_only: bool = False) -> dict[str, Any]:
    """Parameters of a dialect, mostly the usual ones; those of csv.reader it takes."""
    while True:
        chosen = {
            name: rng.choice(values)
            for name, values in PARAMETERS.items()
            if rng.random() < 0.15
        }
        if ascii_only and "é" in chosen.values():
            continue
        try:
            csv.reader((), **chosen)
        except (TypeError, ValueError):
            continue
        return chosen


def records_of(reader: Any) -> list[Any]:
    """What a reader gives, and the error that ends it."""
    found: list[Any] = []
    try:
        found.extend(reader)
    except (ValueError, csv.Error) as error:
        found.append(str(error))
    return found


# ---- Targets


def fuzz_structure(data: bytes, rng: random.Random) -> None:
    """Every set of instructions finds the same ends, at bytes that can be ends."""
    options: dict[str, Any] = {
        "delimiter": rng.choice(",;\t\0"),
        "quotechar": rng.choice(['"', "'", None]),
    }
    cuts = (options["delimiter"] + "\r\n").encode()
    first, *others = structure.WAYS
    found = structure.find_ends(data, way=first, **options)
    row_ends = structure.find_row_ends(data, way=first, **options)
    lines = structure.count_lines(data, first)
    assert set(np.frombuffer(data, np.uint8)[found[0]].tolist()) <= set(cuts)
    assert row_ends[0].tolist() == [found[0][count - 1] for count in found[1]]
    assert lines == data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    for way in others:
        assert structure.find_ends(data, way=way, **options) == found, way
        assert structure.find_row_ends(data, way=way, **options) == row_ends, way
        assert structure.count_lines(data, way) == lines, way
        if not found[2]:
            counts = structure.count_ends(data, way=way, **options)
            assert counts == (len(found[0]), len(found[1])), way


def fuzz_rows(data: bytes, rng: random.Random) -> None:
    """Rows, lines and errors are those of csv.reader for the decoded text."""
    if compression_of(data):
        return
    encoding = rng.choice(["utf-8", "utf-8", "latin-1", "cp1252"])
    errors = rng.choice(["surrogateescape", "replace", "ignore"])
    # What only csv can read has its mark dropped behind bytes that are left out, too.
    format = any_format(rng, ascii_only=errors == "ignore")
    limit = rng.choice([None, None, 9, 100])
    expected = csv.reader(text_lines(text_of(data, encoding, errors)), **format)
    before = csv.field_size_limit(limit or 1 << 24)
    try:
        wanted = outcomes(expected)
        rows = csv_rows(
            Pieces(data, rng),
            encoding=encoding,
            errors=errors,
            field_size_limit=limit or 1 << 24,
            **format,
        )
        options = encoding, errors, format, limit
        assert repr(outcomes(rows)) == repr(wanted), options  # nan is nan
    finally:
        csv.field_size_limit(before)


def text_lines(text: str) -> io.StringIO:
    return io.StringIO(text, newline="")


def fuzz_mappings(data: bytes, rng: random.Random) -> None:
    """Lazy rows are the dicts that DictRows makes, also when the reader is gone."""
    data = data[:100_000]  # every row is looked at in several ways
    options: dict[str, Any] = {
        "fieldnames": rng.choice([None, NAMES]),
        "restkey": rng.choice([None, "b", "rest"]),
        **any_format(rng, ascii_only=True),
        **ESCAPED,
    }
    expected = records_of(CSVReader(Pieces(data, rng), **options))
    rows = records_of(CSVReader(Pieces(data, rng), rows="lazy", **options))
    dicts = [row if isinstance(row, str) else dict(row) for row in rows]
    assert repr(dicts) == repr(expected), options
    for row in rng.choices(rows, k=min(len(rows), 20)):
        if isinstance(row, str):
            continue
        same = pickle.loads(pickle.dumps(row))
        assert type(same) is dict
        assert len(row) == len(same)
        assert repr(row) == f"LazyRow({same!r})"
        assert repr({**row}) == repr(row | {}) == repr(same)
        assert [repr(row[key]) for key in row] == list(map(repr, same.values()))


def fuzz_columns(data: bytes, rng: random.Random) -> None:
    """Columns hold the texts of the rows, or the numbers that those are."""
    if compression_of(data):
        return
    data = data[:300_000]  # every value is looked at in Python
    names = [f"column {i}" for i in range(rng.randrange(1, 6))]
    format = {**any_format(rng, ascii_only=True), "quoting": csv.QUOTE_MINIMAL}
    options: dict[str, Any] = {"errors": "replace", "fieldnames": names, **format}
    expected, error = padded_rows(data, len(names), format)
    for types in [dict.fromkeys(names, "str"), None]:
        reader = CSVReader(Pieces(data, rng), rows="columns", types=types, **options)
        *batches, last = [*records_of(reader), None]
        if isinstance(last, str):
            assert error or types is None, last
        rows: list[tuple[Any, ...]] = []
        for batch in batches:
            if isinstance(batch, str):
                assert error or types is None, batch
                continue
            copies = pickle.loads(pickle.dumps(batch))
            assert repr(list(copies.rows())) == repr(list(batch.rows()))  # nan is nan
            batch.__arrow_c_array__()
            rows += zip(*batch.columns, strict=True)
        if types is not None or not isinstance((batches or [None])[-1], str):
            assert len(rows) == len(expected), options
        for row, texts in zip(rows, expected, strict=False):
            assert all(map(is_value_of, row, texts)), (row, texts, options)


def padded_rows(data: bytes, width: int, format: dict[str, Any]) -> Any:
    """Rows as csv.reader gives them, made as long as there are names; and any error."""
    rows: list[list[str | None]] = []
    try:
        for row in csv.reader(text_lines(text_of(data, errors="replace")), **format):
            if len(row) > width:
                return rows, True
            if row:
                rows.append([*row, *[None] * (width - len(row))])
    except csv.Error:
        return rows, True
    return rows, False


def is_value_of(value: Any, text: str | None) -> bool:
    if text is None or value is None:
        return value is None and not text
    if isinstance(value, str):
        return value == text
    wanted = type(value)(text)
    return bool(value == wanted) or (math.isnan(value) and math.isnan(wanted))


def fuzz_times(data: bytes, rng: random.Random) -> None:
    """The compiled parsers read what the slow ones read, alone and as a column."""
    cut = data[:4000].replace(b'"', b",").replace(b"\n", b",").replace(b";", b",")
    texts = [field.decode("utf-8", "replace") for field in cut.split(b",")[:60]]
    format, zone = rng.choice(FORMATS), rng.choice(ZONES)
    slow = time_parser(format, zone).slow
    expected = [outcome(slow, text) for text in texts]
    parse = time_parser(format, zone)
    assert [outcome(parse, text) for text in texts] == expected, (format, zone)
    fields = [text.encode() for text in texts]
    ends = np.cumsum([len(field) for field in fields])
    starts = np.concatenate([[0], ends[:-1]])
    times = np.empty(len(fields), np.int64)
    unread = parse.column(b"".join(fields), starts, ends, times)
    for number, ns in enumerate(expected):
        assert number in unread or times[number] == ns, (texts[number], format, zone)


def fuzz_frames(data: bytes, rng: random.Random) -> None:
    """Frames hold the records of the file, in its bytes, with the times of the rows."""
    options: dict[str, Any] = {
        "fieldnames": ["a", "b", "c"],
        "timestamp": rng.choice([0, 1, [0, 2]]),
        "on_error": rng.choice(["null", "skip"]),
        "timestamp_format": rng.choice(["auto", "auto", "epoch_s", "iso"]),
        **any_format(rng, ascii_only=True),
        "quoting": rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_NONE]),
        **ESCAPED,
    }
    if compression_of(data):
        return
    by_rows = CSVReader(Pieces(data, rng), **options)
    by_frames = CSVReader(Pieces(data, rng), **options)
    times = [
        row if isinstance(row, str) else row["timestamp"] for row in records_of(by_rows)
    ]
    keys: list[Any] = []
    place, line = len(data) - len(data.removeprefix(codecs.BOM_UTF8)), 1
    try:
        for frame in by_frames.frames():
            keys += [None if key == -(2**63) else key for key in frame.keys]
            assert len(frame.offsets) == len(frame.keys) + 1
            if options["on_error"] == "null":
                begun = by_frames.frame_lines
                place, line = after_records(data, place, line, frame, begun)
    except ValueError as error:
        keys.append(str(error))
    assert keys == times, options
    assert by_frames.stats == by_rows.stats, options


def after_records(
    data: bytes, place: int, line: int, frame: Any, lines: Any
) -> tuple[int, int]:
    """Place and line behind the records of a frame, which follow one another."""
    for number, (begin, end) in enumerate(pairwise(frame.offsets)):
        record = bytes(frame.rows[begin:end])
        blank = place
        while data[place : place + 1] in (b"\r", b"\n"):
            place += 1
        line += line_breaks(data[blank:place])
        assert record, "an empty record"
        assert data.startswith(record, place), (number, record, place)
        assert lines[number] == line, (number, record)
        line += line_breaks(record)
        place += len(record)
    return place, line


def line_breaks(data: bytes) -> int:
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def follow_in(folder: Path) -> Target:
    """A followed file gives its whole lines, however it grows, is cut or replaced."""

    def fuzz_follow(data: bytes, rng: random.Random) -> None:
        path = folder / "log"
        file = ChangingFile(path, data, rng)
        reader: Any = CSVReader(path, rows="list", follow=True, **ESCAPED)
        reader._stopping = file
        found = records_of(reader)
        lines = text_lines(file.given.decode("utf-8", "surrogateescape"))
        expected = records_of(csv.reader(lines))
        # Python 3.10 ends at a NUL, each of them with its own words.
        if not (expected and isinstance(expected[-1], str)):
            assert found == expected[1:], file.given

    return fuzz_follow


TARGETS: dict[str, Target] = {
    "structure": fuzz_structure,
    "rows": fuzz_rows,
    "mappings": fuzz_mappings,
    "columns": fuzz_columns,
    "times": fuzz_times,
    "frames": fuzz_frames,
}


def target_of(name: str, folder: Path) -> Target:
    return follow_in(folder) if name == "follow" else TARGETS[name]


names = pytest.mark.parametrize("name", [*TARGETS, "follow"])


@names
def test_damaged_csv_gives_what_the_slow_way_gives(name: str, tmp_path: Path) -> None:
    assert run(name, target_of(name, tmp_path), range(EXECUTIONS)) == EXECUTIONS


@pytest.mark.deep
@names
def test_much_damaged_csv_gives_what_the_slow_way_gives(
    name: str, tmp_path: Path
) -> None:
    seconds = float(os.environ.get("CHRONOMUX_FUZZ_SECONDS", "60"))
    first = int(os.environ.get("CHRONOMUX_FUZZ_FROM", EXECUTIONS))
    assert run_for(name, target_of(name, tmp_path), seconds, first) > 0
