"""Run benchmarks through pytest in a process of their own, and read the report."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from benchmarks.ratios import Report, ReportError

ROOT = Path(__file__).resolve().parent.parent
SUITES = "benchmarks"
# As an error, "nothing to save" would hide why nothing was measured.
QUIET = ("-W", "ignore::pytest_benchmark.logger.PytestBenchmarkWarning")
# Far above the five minutes a quick run may take: this only ends what hangs.
DEADLINE_SECONDS = {"quick": 1200.0, "full": 3600.0}


class MeasureError(RuntimeError):
    """The benchmarks did not run to their end; the message is pytest's output."""


def measure(tests: Sequence[str] = (SUITES,), scale: str = "quick") -> Report:
    """Measure the tests named (files or node ids) and return pytest-benchmark's report.

    `MeasureError` if a benchmark fails: a contender that gives a wrong answer has no
    time to speak of.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        _run_pytest([*tests, f"--scale={scale}", f"--benchmark-json={path}"], scale)
        if not path.exists():
            raise MeasureError(f"nothing was measured in {' '.join(tests)}")
        return load(path)


def load(path: Path) -> Report:
    """A report from a JSON file; `ReportError` if it is none."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: {error.strerror}; measure first") from error
    except ValueError as error:
        raise ReportError(f"{path}: not JSON ({error})") from error
    if not isinstance(report, dict) or "benchmarks" not in report:
        raise ReportError(f"{path}: not a report of pytest-benchmark")
    return report


def save(report: Report, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _run_pytest(arguments: list[str], scale: str) -> None:
    command = [sys.executable, "-m", "pytest", "-v", "--color=no", *QUIET, *arguments]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # Benchmarks start processes of their own: end them with their parent.
        start_new_session=True,
    ) as child:
        deadline = threading.Timer(DEADLINE_SECONDS[scale], _end, [child])
        deadline.start()
        try:
            output = _follow(child)
        finally:
            deadline.cancel()
            if child.poll() is None:
                _end(child)
    if child.returncode:
        status = f"status {child.returncode}"
        if child.returncode == -signal.SIGKILL:
            status += f" (deadline: {DEADLINE_SECONDS[scale]:g} s)"
        raise MeasureError(f"{output}\npytest ended with {status}")


def _follow(child: subprocess.Popen[str]) -> str:
    """Everything the child prints; on a terminal, also where it is."""
    assert child.stdout is not None
    lines = []
    for line in child.stdout:
        lines.append(line)
        if sys.stderr.isatty() and "::" in line:
            sys.stderr.write(f"\r\x1b[K{line.split(' ')[0]}"[:79])
            sys.stderr.flush()
    child.wait()
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    return "".join(lines)


def _end(child: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
