"""Captures of any format: what they hold, and all of them as one stream of JSON lines.

`info` looks at headers and times; the peer does what it has to do for each packet, in
pure Python, and capinfos takes part where it is installed. `cat` reads, merges and
writes items; the peer is what a few lines of Python do with the same files, and must
write the same. The clock is the CPU time of this process and of its children, and the
files are in the page cache.
"""

from __future__ import annotations

import csv
import heapq
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

import chronomux
from benchmarks.bench_files import cpu_seconds
from benchmarks.bench_pcap import FORMATS, by_struct, capture
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from chronomux.replay import Catenation
from chronomux.writers import JSONLWriter

SECOND = 1_000_000_000
K = 4  # captures to be merged


@pytest.mark.benchmark(timer=cpu_seconds)
@pytest.mark.parametrize("format", FORMATS)
def test_info(contest: Contest, scale: Scale, tmp_path: Path, format: str) -> None:
    count = scale(quick=100_000, full=2_000_000)
    path = capture(tmp_path, format, count)

    def ours() -> tuple[int, int | None, int | None, bool | None]:
        with chronomux.open(path) as opened:
            [info] = opened.info()
        return info.records, info.first, info.last, info.in_order

    def capinfos() -> None:
        subprocess.run(
            ["capinfos", "-caeoM", str(path)], check=True, capture_output=True
        )

    assert ours() == noted(path) == (count, *ends(path), True)
    contest(
        f"info of {format}",
        ours,
        peers={
            "struct": lambda: noted(path),
            "capinfos": capinfos if shutil.which("capinfos") else None,
        },
        items=count,
    )


def noted(path: Path) -> tuple[int, int, int, bool]:
    """Number, first and last time, order: what `info` says of packets, and less."""
    count, in_order, latest = 0, True, 0
    first, last = 2**63, 0
    for time, _ in by_struct(path):
        in_order = in_order and time >= latest
        latest = time
        first, last = min(first, time), max(last, time)
        count += 1
    return count, first, last, in_order


def ends(path: Path) -> tuple[int, int]:
    times = [time for time, _ in by_struct(path)]
    return times[0], times[-1]


@pytest.mark.benchmark(timer=cpu_seconds)
@pytest.mark.parametrize("format", ["csv", "jsonl"])
def test_cat(contest: Contest, scale: Scale, tmp_path: Path, format: str) -> None:
    count = scale(quick=20_000, full=200_000)
    paths = [written(tmp_path, format, number, count // K) for number in range(K)]
    out = tmp_path / "out"

    def ours() -> None:
        with chronomux.open(paths) as opened, JSONLWriter(out) as writer:
            for item in Catenation(opened):
                writer.write(item)

    def python() -> None:
        with ExitStack() as files, out.open("w") as sink:
            read = by_csv if format == "csv" else by_json
            inputs = [read(files.enter_context(path.open())) for path in paths]
            encode = json.JSONEncoder(separators=(",", ":")).encode
            for row in heapq.merge(*inputs, key=itemgetter("timestamp")):
                sink.write(encode(row) + "\n")

    ours()
    expected = out.read_bytes()
    python()
    assert out.read_bytes() == expected
    assert expected.count(b"\n") == count
    contest(f"cat {format} k={K}", ours, peers={"Python": python}, items=count)


def written(folder: Path, format: str, number: int, count: int) -> Path:
    """One of the files to be merged, with times in whole seconds."""
    path = folder / f"{number}.{format}"
    rows = [
        {
            "time": str(1_700_000_000 + K * i + number),
            "level": f"{i % 90}.5",
            "state": "on",
        }
        for i in range(count)
    ]
    with path.open("w", newline="") as file:
        if format == "csv":
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return path


def by_csv(file: Any) -> Iterator[dict[str, Any]]:
    for row in csv.DictReader(file):
        row["timestamp"] = int(row["time"]) * SECOND
        yield row


def by_json(file: Any) -> Iterator[dict[str, Any]]:
    for line in file:
        row = json.loads(line)
        row["timestamp"] = int(row["time"]) * SECOND
        yield row
