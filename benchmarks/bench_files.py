"""Sorted CSV captures to one file, beside what a shell or a few lines of Python do.

Every contender must write the same records before it is timed. Peers get files without
a header, in which the order of whole lines is the order of (time, input), so that
`sort -m` need not look for a field. The clock is the CPU time of this process and of
its children; all files are in the page cache.

Merging and copying by themselves are measured on the same records in memory, cut into
frames as a reader makes them; there the peers have lists of lines.
"""

from __future__ import annotations

import heapq
import os
import resource
import subprocess
import time
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.data import Pattern
from chronomux.replay import merge_files
from chronomux.replay.merging.timeline import Merge, Piece
from chronomux.types import Frame

try:
    import polars
except ImportError:
    polars = None
try:
    import duckdb
except ImportError:
    duckdb = None

K = 8
FRAME_RECORDS = 24_000  # of a mebibyte
RECORD_BYTES = 44
HEADER = "time,input,sequence,value\n"


def cpu_seconds() -> float:
    """User and system time of this process and the children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.mark.benchmark(timer=cpu_seconds)
@pytest.mark.parametrize("pattern", ["interleaved", "bursty"])
def test_merge_of_csv_files(
    contest: Contest, scale: Scale, tmp_path: Path, pattern: Pattern
) -> None:
    n = scale(quick=400_000, full=1_000_000)
    captures, bodies = write_captures(tmp_path, n, pattern)
    out = tmp_path / "out"

    def ours() -> None:
        merge_files(captures, out, timestamp="time", timestamp_format="epoch_ns")

    def sort_m() -> None:
        command = ["sort", "-m", "-o", str(out), *map(str, bodies)]
        subprocess.run(command, check=True, env={**os.environ, "LC_ALL": "C"})

    def heapq_merge() -> None:
        with ExitStack() as files, out.open("wb") as sink:
            inputs = [files.enter_context(body.open("rb")) for body in bodies]
            sink.writelines(heapq.merge(*inputs))

    def polars_merge() -> None:
        polars.concat([polars.scan_csv(path) for path in captures]).sort(
            "time", maintain_order=True
        ).sink_csv(out)

    def duckdb_merge() -> None:
        names = [str(path) for path in captures]
        rows = f"SELECT * FROM read_csv({names}, header=true) ORDER BY time"
        duckdb.sql(f"COPY ({rows}) TO '{out}' (HEADER)")

    def cat() -> None:
        command = ["cat", *map(str, bodies)]
        with out.open("wb") as sink:
            subprocess.run(command, check=True, stdout=sink)

    ours()
    expected = out.read_bytes().removeprefix(HEADER.encode())
    assert len(expected.splitlines()) == n
    for peer in (sort_m, heapq_merge):
        peer()
        assert out.read_bytes() == expected
    contest(
        f"merge CSV files k={K} {pattern}",
        ours,
        peers={
            "sort -m": sort_m,
            "heapq.merge": heapq_merge,
            "polars": None if polars is None else polars_merge,
            "duckdb": None if duckdb is None else duckdb_merge,
        },
        yardsticks={"cat": cat},
        items=n,
    )


@pytest.mark.parametrize("pattern", ["interleaved", "bursty"])
def test_merge_of_rows_in_memory(
    contest: Contest, scale: Scale, tmp_path: Path, pattern: Pattern
) -> None:
    n = scale(quick=200_000, full=1_000_000)
    _, bodies = write_captures(tmp_path, n, pattern)
    rows = [body.read_bytes() for body in bodies]
    columns = data.key_columns(n, K, pattern)
    sources = [pieces(*source) for source in zip(columns, rows, strict=True)]
    lines = [body.splitlines(keepends=True) for body in rows]

    def ours() -> int:
        merge = Merge([iter(source) for source in sources])
        return sum(len(block) for block in merge.blocks([b""] * K))

    merge = Merge([iter(source) for source in sources])
    whole = b"".join(map(bytes, merge.blocks([b""] * K)))
    assert whole == b"".join(heapq.merge(*lines))
    contest(
        f"merge CSV rows k={K} {pattern}",
        ours,
        peers={
            "heapq.merge": lambda: b"".join(heapq.merge(*lines)),
            "sorted": lambda: b"".join(sorted(chain.from_iterable(lines))),
        },
        yardsticks={"join": lambda: b"".join(rows)},
        items=n,
    )


def pieces(keys: data.Keys, rows: bytes) -> list[Piece]:
    """The records of one input as frames; every record has the same size."""
    cut = []
    for start in range(0, len(keys), FRAME_RECORDS):
        part = np.ascontiguousarray(keys[start : start + FRAME_RECORDS])
        offsets = np.arange(len(part) + 1) * RECORD_BYTES
        begin = start * RECORD_BYTES
        body = rows[begin : begin + len(part) * RECORD_BYTES]
        frame = Frame._make((part, offsets, body))
        cut.append(Piece(frame, part, 0, len(part)))
    return cut


def write_captures(
    folder: Path, n: int, pattern: Pattern
) -> tuple[list[Path], list[Path]]:
    """`n` records of 44 bytes as K captures, and the same without their headers."""
    captures, bodies = [], []
    for number, column in enumerate(data.key_columns(n, K, pattern)):
        body = "".join(
            f"{key},{number:02d},{sequence:09d},{sequence % 1000:010d}\n"
            for sequence, key in enumerate(column.tolist())
        )
        captures.append(folder / f"{number}.csv")
        bodies.append(folder / f"{number}.txt")
        captures[-1].write_text(HEADER + body)
        bodies[-1].write_text(body)
    return captures, bodies
