"""Frames of raw records with their times, beside the csv module.

Every contender of a group reads the same file to its end and keeps nothing. frames()
makes int64 times and views of raw records; csv.reader makes lists of all fields and no
times, and is the least that any reader built on the csv module costs.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.captures import TIME_COLUMNS, write_capture
from benchmarks.contest import Contender, Contest
from chronomux.readers import CSVReader

RECORDS = 20_000


def csv_rows(make: Callable[..., Any], path: Path) -> Iterator[Any]:
    with open(path, encoding="utf-8", newline="") as file:
        yield from make(file)


def frames(path: Path, column: str) -> Iterator[Any]:
    return CSVReader(path, timestamp=column).frames()


@pytest.mark.parametrize("kind", ["telemetry", "occupancy"])
def test_frames(contest: Contest, tmp_path: Path, kind: str) -> None:
    path, column = write_capture(tmp_path, kind, RECORDS), TIME_COLUMNS[kind]
    assert sum(len(frame.keys) for frame in frames(path, column)) == RECORDS
    contest(
        f"frames, {kind}",
        consumed(lambda: frames(path, column)),
        peers={"csv.reader": consumed(lambda: csv_rows(csv.reader, path))},
        items=RECORDS,
    )


def consumed(read: Callable[[], Iterator[Any]]) -> Contender:
    return lambda: deque(read(), maxlen=0)
