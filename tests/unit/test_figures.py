"""The README's figures: printed with machine and command, written between markers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import figures, tables
from tests.benchmark_reports import entry, race, report, written


def test_figures_name_machine_date_command_and_ratio() -> None:
    made = report(
        entry("a", 2e-6, items=1000, peers={"slow": [6e-6], "slower": [1e-5]}),
        entry("b", 0.5, peers={"slow": [1.0]}),
        numpy="2.0",
        polars=None,
    )
    text = figures.block(made)
    assert "python benchmarks/figures.py --scale quick" in text
    assert "A (`benchmarks/bench_made_up.py`):" in text
    assert "B (`benchmarks/bench_made_up.py`):" in text
    machine = "Made Up 1, 2 cores, Linux x86_64, CPython 3.11.2, numpy 2.0; 2024-02-29"
    assert machine in text
    assert "| a | **2 ns** | 6 ns (3x) | 10 ns (5x) |" in text
    assert "| b | **500 ms** | 1 s (2x) |" in text


def test_groups_of_one_test_function_share_a_table() -> None:
    one, other = race("a k=2", 3.0), entry("a k=8", 1.0, peers={"fast": [0.5]})
    for number, made in enumerate((one, other)):
        made["fullname"] = f"benchmarks/bench_x.py::test_merge_of_it[{number}]"
    text = figures.block(report(one, other))
    assert text.count("Merge of it (`benchmarks/bench_x.py`):") == 1
    assert "| a k=2 | **1 s** | 3 s (3x) | - |" in text
    assert "| a k=8 | **1 s** | - | 500 ms (0.5x) |" in text


def test_what_a_group_has_to_say_besides_times_stands_below_its_table() -> None:
    text = figures.block(report(entry("a", 1.0, note="10 MB of memory")))
    assert text.index("| a | **1 s** |") < text.index("a: 10 MB of memory.")


def test_figures_are_written_between_the_markers_and_nowhere_else(
    tmp_path: Path,
) -> None:
    path = written(tmp_path / "bench.json", json.dumps(report(race("a", 3.0))))
    old = f"before\n{figures.BEGIN}\nold\n{figures.END}\nafter\n"
    readme = written(tmp_path / "README.md", old)
    command = ["--reuse", "--json", str(path), "--write", str(readme)]
    assert figures.main(command) == 0
    text = readme.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{figures.BEGIN}\n")
    assert text.endswith(f"{figures.END}\nafter\n")
    assert "old" not in text
    assert figures.main(command) == 0
    assert readme.read_text(encoding="utf-8") == text, "writing again changes nothing"


def test_readme_without_markers_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "bench.json", json.dumps(report(race("a", 3.0))))
    for text in ("plain\n", f"{figures.END}\n{figures.BEGIN}\n"):
        readme = written(tmp_path / "README.md", text)
        command = ["--reuse", "--json", str(path), "--write", str(readme)]
        assert figures.main(command) == 2
        assert readme.read_text(encoding="utf-8") == text
        assert str(readme) in capsys.readouterr().err


def test_a_time_that_rounds_up_to_the_next_unit_is_in_it():
    assert tables.duration(999.6e-9, 1) == "1 us"
    assert tables.duration(999.4e-9, 1) == "999 ns"
