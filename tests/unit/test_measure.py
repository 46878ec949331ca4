"""Benchmarks run in a process of their own that fails aloud and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from benchmarks import measure
from benchmarks.measure import MeasureError

# Brings benchmarks/conftest.py along, and has no tests of its own.
NO_TESTS = "benchmarks/__init__.py"
QUICK = """
import time
import pytest
from benchmarks.conftest import contest, scale  # fixtures of that folder's tests only

# So is the clock.
@pytest.mark.benchmark(timer=time.perf_counter)
def test_ours(contest, scale):
    size = scale(quick=100, full=200)
    contest("made up", lambda: size, peers={"none": None, "sum": lambda: 1}, items=size)
"""
HANGS = """
import subprocess, sys, time

def test_hangs():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open({pids!r}, "w") as file:
        file.write(str(child.pid))
    time.sleep(600)
"""


def test_report_holds_groups_scale_and_peers_but_no_host_name(tmp_path: Path) -> None:
    bench = tmp_path / "bench_quick.py"
    bench.write_text(QUICK)
    report = measure.measure([NO_TESTS, str(bench)], scale="full")
    (entry,) = report["benchmarks"]
    assert entry["group"] == "made up"
    assert entry["extra_info"]["items"] == 200
    assert entry["extra_info"]["missing"] == ["none"]
    rounds = entry["stats"]["rounds"]
    assert len(entry["extra_info"]["peers"]["sum"]) == rounds
    assert report["machine_info"]["scale"] == "full"
    assert report["machine_info"]["peers"]["numpy"]
    assert "node" not in report["machine_info"]


def test_benchmark_that_cannot_run_raises_with_the_output_of_pytest() -> None:
    with pytest.raises(MeasureError, match=r"no_such_test(.|\n)*status 4"):
        measure.measure(["benchmarks/bench_merge.py::no_such_test"])


def test_benchmark_that_hangs_is_ended_with_its_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = tmp_path / "pids"
    bench = tmp_path / "bench_hangs.py"
    bench.write_text(HANGS.format(pids=str(pids)))
    # On a loaded machine the hang may not have begun before the first deadline.
    for seconds in (4.0, 8.0, 16.0, 32.0):
        monkeypatch.setitem(measure.DEADLINE_SECONDS, "quick", seconds)
        with pytest.raises(MeasureError, match=f"deadline: {seconds:g} s"):
            measure.measure([NO_TESTS, str(bench)])
        if pids.exists():
            break
    assert is_gone(int(pids.read_text()))


def is_gone(pid: int) -> bool:
    """True once the process has ended, zombie or not, within ten seconds."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return True
        process.wait(10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return process.status() == psutil.STATUS_ZOMBIE
    return True
