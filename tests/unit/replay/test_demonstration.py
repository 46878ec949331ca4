"""The demo's parts, and the demo on other captures than the shipped ones."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from chronomux.replay import SourceCount, demonstration


def test_a_count_knows_first_last_rate_and_steps_back():
    count = SourceCount("a")
    assert (count.rows, count.rate) == (0, 0.0)
    for moment in (10, 12, 11, 14):
        count.add(moment * 10**9)
    assert (count.rows, count.first, count.last) == (4, 10 * 10**9, 14 * 10**9)
    assert (count.backward, count.rate) == (1, 0.75)


def test_bursts_are_replayed_with_their_gaps_only_faster(monkeypatch):
    slept = []
    monkeypatch.setattr(demonstration, "time", SimpleNamespace(sleep=slept.append))
    replay = demonstration._Replay("late", speed=10.0)
    for arrived in ("100.0", "100.001", "102.0", "102.05", "103.0"):
        item = replay({"arrived": arrived, "x": "1"})
        assert item == {"source": "late", "arrived": arrived, "x": "1"}
    assert [pause for pause in slept if pause] == pytest.approx([0.2, 0.1])


def test_captures_without_arrivals_are_not_held_up(monkeypatch):
    monkeypatch.setattr(demonstration, "time", SimpleNamespace(sleep=pytest.fail))
    assert demonstration._Replay("a", 1.0)({"t": "5"}) == {"source": "a", "t": "5"}


def demonstrate(tmp_path, **contents):
    """Demonstrate captures in a process of its own; what it printed last."""
    for name, text in contents.items():
        (tmp_path / f"{name}.csv").write_text(text)
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from chronomux.replay import demonstrate\n"
        "shown = []\n"
        "paths = [Path(name) for name in sys.argv[1:]]\n"
        "done = demonstrate(paths, shown.append)\n"
        "counts = [(s.source, s.rows, s.backward) for s in done.sources]\n"
        "print(counts, done.everything.backward)\n"
        "print([item['x'] for item in shown])\n"
    )
    paths = [str(tmp_path / f"{name}.csv") for name in contents]
    return subprocess.run(
        [sys.executable, "-c", code, *paths], capture_output=True, text=True, timeout=60
    )


def test_steps_back_within_a_source_are_counted(tmp_path):
    done = demonstrate(tmp_path, a="time,x\n1,a1\n3,a3\n2,a2\n", b="time,x\n4,b4\n")
    assert done.stdout.splitlines() == [
        "[('a', 3, 1), ('b', 1, 0)] 1",
        "['a1', 'a3', 'a2', 'b4']",
    ], done.stderr


def test_an_empty_capture_does_not_hold_up_the_others(tmp_path):
    done = demonstrate(tmp_path, a="time,x\n", b="time,x\n4,b4\n")
    assert done.stdout.splitlines()[-1] == "['b4']", done.stderr


def test_what_fails_in_a_condition_is_raised(tmp_path):
    done = demonstrate(tmp_path, memory="time,x,dirty\n1,a1,5\n2,a2,much\n")
    assert done.returncode == 1
    assert "ValueError: invalid literal" in done.stderr


def test_what_ends_a_reader_early_is_raised(tmp_path):
    done = demonstrate(tmp_path, a="time,x\n1,a1\n", b="time,x\nnever,b\n")
    assert done.returncode == 1
    assert "TimestampError" in done.stderr
    assert "b.csv:2" in done.stderr
