"""Inputs gathered from other projects' suites, and real recordings."""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import ReaderError, TimestampError
from chronomux.readers import CSVReader, csv_rows

AIR_QUALITY: dict[str, Any] = {
    "timestamp": ["Date", "Time"],
    "timestamp_format": "%d/%m/%Y %H.%M.%S",
}
OCCUPANCY_ROWS = {"datatest.txt": 2665, "datatest2.txt": 9752, "datatraining.txt": 8143}


@pytest.fixture
def large_fields() -> Iterator[None]:
    """As in the runs of csv that gave the expected rows."""
    before = csv.field_size_limit(2**30)
    yield
    csv.field_size_limit(before)


def csv_cases(conformance: Path) -> list[dict[str, Any]]:
    paths = sorted((conformance / "csv").glob("*.json"))
    cases = [json.loads(path.read_text("utf-8")) for path in paths]
    if sys.version_info < (3, 11):
        # There csv takes no NUL, and so neither do rows.
        folder = conformance / "csv"
        return [c for c in cases if b"\0" not in (folder / c["file"]).read_bytes()]
    return cases


def read(path: Path, case: dict[str, Any]) -> tuple[list[str] | None, list[Any]]:
    reader = CSVReader(
        path,
        encoding=case["encoding"],
        errors=case["decode_errors"],
        **case["fmtparams"],
    )
    rows = [[list(pair) for pair in row.items()] for row in reader.reader]
    return reader.fieldnames, rows


def check_case(path: Path, case: dict[str, Any]) -> None:
    expected = case["dict_reader"]
    if "error" in expected:
        with pytest.raises(ReaderError, match=f"^{path}:"):
            read(path, case)
        return
    names, rows = read(path, case)
    if "rows_sha256" in expected:
        digest = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
        assert (len(rows), digest) == (expected["n_rows"], expected["rows_sha256"])
    elif "utf-8" in case["encoding"] and path.read_bytes().startswith(b"\xef\xbb\xbf"):
        # The expected rows were read with the mark left in the first name.
        with open(path, encoding="utf-8-sig", newline="") as file:
            marked = csv.DictReader(file, **case["fmtparams"])
            assert rows == [[list(pair) for pair in row.items()] for row in marked]
            assert names == marked.fieldnames
    else:
        assert (names, rows) == (expected["fieldnames"], expected["rows"])


def test_rows_equal_dict_readers_on_every_gathered_case(
    conformance: Path, large_fields: None
) -> None:
    cases = csv_cases(conformance)
    assert len(cases) >= 100
    wrong = []
    for case in cases:
        try:
            check_case(conformance / "csv" / case["file"], case)
        except (AssertionError, ReaderError) as error:
            wrong.append(f"{case['name']}: {error}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("strict", [False, True])
def test_lists_and_errors_equal_csv_readers_on_every_gathered_case(
    conformance: Path, strict: bool
) -> None:
    cases = csv_cases(conformance)
    wrong = []
    for case in cases:
        expected = case["csv_reader_strict" if strict else "csv_reader"]
        path = conformance / "csv" / case["file"]
        if case["encoding"] == "utf-8" and path.read_bytes().startswith(
            b"\xef\xbb\xbf"
        ):
            continue  # the expected rows have the mark in the first field
        found = lists(path, case, strict)
        if "error" in expected:
            kind, _, words = expected["error"].partition(": ")
            if kind == "UnicodeDecodeError":
                words = words.split("decode ")[1].split(" in ")[0]
            if not str(found).startswith(f"{path}:") or words not in str(found):
                wrong.append(f"{case['name']}: {found!r}, not {expected['error']}")
        elif "rows_sha256" in expected:
            digest = hashlib.sha256(json.dumps(found).encode()).hexdigest()
            if digest != expected["rows_sha256"]:
                wrong.append(f"{case['name']}: other rows")
        elif found != expected["rows"]:
            wrong.append(f"{case['name']}: {found!r}, not {expected['rows']!r}")
    assert not wrong, "\n".join(wrong)


def lists(path: Path, case: dict[str, Any], strict: bool) -> Any:
    """All rows, or the error that ended them."""
    options = {**case["fmtparams"], **({"strict": True} if strict else {})}
    try:
        return list(
            csv_rows(
                path,
                encoding=case["encoding"],
                errors=case["decode_errors"],
                **options,
            )
        )
    except ReaderError as error:
        return error


def test_frames_hold_the_file_byte_for_byte_on_every_gathered_case(
    conformance: Path, large_fields: None
) -> None:
    checked = 0
    for case in csv_cases(conformance):
        numbers = case["fmtparams"].get("quoting") == csv.QUOTE_NONNUMERIC
        if case["gzip"] or case["encoding"] == "utf-16" or numbers:
            continue
        path = conformance / "csv" / case["file"]
        options = case["fmtparams"]
        with CSVReader(
            path, timestamp=0, on_error="null", errors="replace", **options
        ) as r:
            if not r.fieldnames:
                continue
            rows = b"".join(frame.rows for frame in r.frames())
            # Only blank lines are left out, and they hold nothing but line ends.
            data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
            assert strip_ends(r.header + rows) == strip_ends(data), case["name"]
        checked += 1
    assert checked >= 80


def strip_ends(data: bytes) -> bytes:
    return data.replace(b"\r", b"").replace(b"\n", b"")


@pytest.mark.parametrize("timestamp", ["date", 1])
def test_occupancy_recordings_read_as_20560_rows_with_row_names(
    conformance: Path, timestamp: str | int
) -> None:
    folder = conformance / "uci"
    for name, count in OCCUPANCY_ROWS.items():
        reader = CSVReader(folder / name, timestamp=timestamp, row_names=True)
        rows = list(reader.reader)
        assert len(rows) == count
        assert list(rows[0]) == [*(reader.fieldnames or ()), "timestamp"]
        assert list(rows[0])[:2] == ["", "date"]
        times = [row["timestamp"] for row in rows]
        assert times == sorted(times)
        assert None not in rows[0]
    assert sum(OCCUPANCY_ROWS.values()) == 20_560


def test_occupancy_frames_are_the_files_own_bytes(conformance: Path) -> None:
    folder = conformance / "uci"
    total = 0
    for name in OCCUPANCY_ROWS:
        reader = CSVReader(folder / name, timestamp="date", row_names=True)
        frames = list(reader.frames())
        total += sum(len(frame.keys) for frame in frames)
        rows = b"".join(frame.rows for frame in frames)
        assert reader.header + rows == (folder / name).read_bytes()
        by_row = CSVReader(folder / name, timestamp="date", row_names=True).reader
        assert [key for frame in frames for key in frame.keys] == [
            row["timestamp"] for row in by_row
        ]
    assert total == 20_560


def test_first_occupancy_time_is_exact(conformance: Path) -> None:
    path = conformance / "uci" / "datatest.txt"
    with CSVReader(path, timestamp="date", row_names=True) as reader:
        row = next(reader.reader)
    assert row[""] == "140"
    assert row["date"] == "2015-02-02 14:19:00"
    assert row["timestamp"] == 1_422_886_740 * 10**9


def test_air_quality_raises_at_the_first_bad_line(conformance: Path) -> None:
    path = conformance / "uci" / "AirQualityUCI.csv"
    for iterate in (lambda r: list(r.reader), lambda r: list(r.frames())):
        with pytest.raises(TimestampError) as caught:
            iterate(CSVReader(path, **AIR_QUALITY))
        assert str(caught.value) == (
            f"{path}:4889: time '30/09/2004 09.00.00.-200' is not %d/%m/%Y %H.%M.%S; "
            "use on_error='skip' to go on"
        )


@pytest.mark.parametrize(("on_error", "count"), [("skip", 9355), ("null", 9357)])
def test_air_quality_counts_and_locates_both_bad_lines(
    conformance: Path,
    caplog: pytest.LogCaptureFixture,
    on_error: Any,
    count: int,
) -> None:
    path = conformance / "uci" / "AirQualityUCI.csv"
    by_row = CSVReader(path, on_error=on_error, **AIR_QUALITY)
    by_frame = CSVReader(path, on_error=on_error, **AIR_QUALITY)
    with caplog.at_level(logging.WARNING, "chronomux"):
        times = [row["timestamp"] for row in by_row.reader]
        keys = [key for frame in by_frame.frames() for key in frame.keys]
    assert len(times) == len(keys) == count
    assert keys == [-(2**63) if time is None else time for time in times]
    for reader in (by_row, by_frame):
        assert reader.stats.bad_times == 2
        assert reader.stats.bad_lines == [4889, 7716]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: 2 records have no readable time (on_error={on_error!r}), "
        "first in line 4889"
    ] * 2


def test_a_single_digit_hour_is_a_time_when_the_pattern_says_so(
    conformance: Path,
) -> None:
    path = conformance / "uci" / "AirQualityUCI.csv"
    options = {**AIR_QUALITY, "timestamp_format": "%d/%m/%Y %-H.%M.%S"}
    reader = CSVReader(path, on_error="skip", **options)
    assert sum(len(frame.keys) for frame in reader.frames()) == 9356
    assert reader.stats.bad_lines == [4889]


TIMES = {
    "146-own-ts_forms": [
        *(1_700_000_000 * 10**9, 1_700_000_000_500_000_000),
        *(1_700_000_000_123_456_789, None, -1_500_000_000, None, None),
        *(1_700_000_001 * 10**9, 1_700_000_001 * 10**9, None),
    ],
    "147-own-iso_forms": [
        *(1_422_886_740 * 10**9, 1_422_886_740 * 10**9, 1_422_883_140_123_456_000),
        *(None, 1_422_835_200 * 10**9, None, None, 1_422_886_800 * 10**9),
        *(1_422_886_740_123_456_789, None),
    ],
    "149-own-dst_order": [1_698_548_399 * 10**9, 1_698_544_800 * 10**9],
}


@pytest.mark.parametrize("name", TIMES)
def test_forms_of_times_are_read_exactly_or_refused(
    conformance: Path, name: str
) -> None:
    path = conformance / "csv" / f"{name}.csv"
    reader = CSVReader(path, timestamp="ts", on_error="null")
    assert [row["timestamp"] for row in reader.reader] == TIMES[name]
    frames = CSVReader(path, timestamp="ts", on_error="null").frames()
    keys = [key for frame in frames for key in frame.keys]
    assert keys == [-(2**63) if time is None else time for time in TIMES[name]]


def test_naive_times_step_back_in_a_zone_that_sets_its_clocks_back(
    conformance: Path,
) -> None:
    path = conformance / "csv" / "149-own-dst_order.csv"
    reader = CSVReader(path, timestamp="ts", tz="Europe/Berlin")
    times = [row["timestamp"] for row in reader.reader]
    # Both are taken for the first of their hour: 02:00 CEST is 00:00 UTC.
    assert times == [1_698_541_199 * 10**9, 1_698_537_600 * 10**9]
