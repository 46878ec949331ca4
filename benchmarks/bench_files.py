"""Sorted CSV captures to one file, beside what a shell or a few lines of Python do.

Every contender must write the same records before it is timed. Peers get files without
a header, in which the order of whole lines is the order of (time, input), so that
`sort -m` need not look for a field. The clock is the CPU time of this process and of
its children; all files are in the page cache.
"""

from __future__ import annotations

import heapq
import os
import resource
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.data import Pattern
from chronomux.replay import merge_files

K = 8
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
    n = scale(quick=100_000, full=1_000_000)
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
        peers={"sort -m": sort_m, "heapq.merge": heapq_merge},
        yardsticks={"cat": cat},
        items=n,
    )


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
