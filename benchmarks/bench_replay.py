"""What it costs to play captures on time, and to check them.

The clock is CPU time: while nothing is due, nothing should be spent. The peer of a play
is the loop one writes oneself (`benchmarks/lateness.py` says how late both are). Beside
`check` stands `info`, which reads the same headers and times and compares less.
"""

from __future__ import annotations

import math
import time
from collections import deque
from functools import partial
from pathlib import Path

import pytest

import chronomux
from benchmarks.bench_captures import written
from benchmarks.bench_files import cpu_seconds
from benchmarks.bench_pcap import capture
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.lateness import SECOND, anchored, played

RATE = 10_000


@pytest.mark.parametrize("precision", ["sleep", "batch"])
def test_play_on_time(contest: Contest, scale: Scale, precision: str) -> None:
    count = scale(quick=1_000, full=10_000)
    step = SECOND // RATE
    contest(
        f"play {RATE:,}/s {precision}",
        lambda: deque(played(count, step, precision=precision), maxlen=0),
        peers={"anchored sleep": lambda: deque(anchored(count, step), maxlen=0)},
        items=count,
    )


def test_play_at_once(contest: Contest, scale: Scale) -> None:
    """At no limit of speed; a loop that looks at the clock for each is the peer."""
    count = scale(quick=20_000, full=200_000)
    contest(
        "play at once",
        lambda: deque(played(count, 1, speed=math.inf), maxlen=0),
        peers={"a loop and a clock": partial(by_clock, count)},
        items=count,
    )


def by_clock(count: int) -> None:
    """What nobody can do without: a cue, a look at the clock, a list."""
    cues = deque(maxlen=1024)  # type: ignore[var-annotated]
    now = time.monotonic_ns
    for number in range(count):
        cues.append((number, "ticks", number))
        assert now() > number


@pytest.mark.benchmark(timer=cpu_seconds)
@pytest.mark.parametrize("format", ["pcap", "csv"])
def test_check(contest: Contest, scale: Scale, tmp_path: Path, format: str) -> None:
    count = scale(quick=100_000, full=1_000_000)
    if format == "csv":
        path = written(tmp_path, format, 0, count)
    else:
        path = capture(tmp_path, format, count)

    def check() -> int:
        with chronomux.open(path) as opened:
            return opened.check(max_gap="1h").sources[0].records

    def info() -> int:
        with chronomux.open(path) as opened:
            return opened.info()[0].records

    assert check() == info() == count
    contest(f"check of {format}", check, peers={"chronomux info": info}, items=count)
