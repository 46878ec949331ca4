"""`chronomux plot`: lanes as text, SVG, a page and PNG."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import chronomux
from chronomux.cli import main
from chronomux.replay.checks.plotting import ASCII_BLOCKS, as_text


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    even = "".join(f"{1000 + n},x\n" for n in range(800))
    Path("even.csv").write_text(f"time,v\n{even}")
    Path("late.csv").write_text(
        "time,v\n" + "".join(f"{1000 + n // 9},{n}\n" for n in range(400, 7000, 3))
    )
    return tmp_path


def test_lanes_on_a_terminal_are_as_high_as_there_are_records(capsys: Any) -> None:
    assert main(["plot", "even.csv", "late.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("even.csv: 800 records from 1970-01-01T00:16:40Z to ")
    assert set(lines[1]) <= set("▇█")
    assert len(lines[1]) == 80
    assert lines[2].startswith("late.csv: 2200 records")
    assert lines[3].startswith("    ")
    assert lines[3][6] in "▅▆▇█"
    assert lines[4].split() == ["1970-01-01T00:16:40Z", "1970-01-01T00:29:59Z"]
    assert len(lines[4]) == 80


def test_an_axis_that_is_broken_is_said_to_be_and_marks_are_letters(
    capsys: Any,
) -> None:
    Path("wild.csv").write_text(
        "time,v\n0,a\n" + "".join(f"{1_700_000_000 + n},x\n" for n in (0, 1, 2, 9, 8))
    )
    assert main(["plot", "--max-gap", "5s", "wild.csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "/" in lines[1]
    assert set(lines[2]) - {" "} <= set("GD*")
    assert {"G", "*"} & set(lines[2])
    assert lines[-1].startswith("The axis of time is broken where nothing was recorded")


def test_a_terminal_without_blocks_gets_other_signs() -> None:
    text = as_text(chronomux.check("even.csv"), 40, ASCII_BLOCKS)
    assert set(text.splitlines()[1]) <= set("%@")


def test_svg_is_one_drawing_with_a_lane_a_source() -> None:
    Path("<b>&.csv").write_text("time,v\n1,a\n2,b\n")
    assert main(["plot", "-o", "out.svg", "even.csv", "late.csv", "<b>&.csv"]) == 0
    root = ElementTree.fromstring(Path("out.svg").read_text())
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert len(root.findall(f"{space}svg")) == 3
    titles = [title.text for title in root.iter(f"{space}title")]
    assert titles == ["even.csv", "late.csv", "<b>&.csv"]


def test_a_page_has_a_figure_a_source() -> None:
    assert main(["plot", "-o", "out.html", "even.csv", "late.csv"]) == 0
    page = Path("out.html").read_text()
    assert page.count("<figure>") == page.count("<svg") == 2
    assert "http" not in page, "it loads nothing"


def test_png_says_what_it_needs(capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main(["plot", "-o", "out.png", "even.csv"]) == 2
    assert "pip install 'chronomux[plot]'" in capsys.readouterr().err
    assert not Path("out.png").exists()


def test_png_by_matplotlib() -> None:
    pytest.importorskip("matplotlib")
    Path("$x$.csv").write_text("time,v\n1,a\n100000000,b\n")
    assert (
        main(["plot", "--max-gap", "1h", "-o", "out.png", "even.csv", "$x$.csv"]) == 0
    )
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")


def test_files_without_times_or_records_are_named(capsys: Any) -> None:
    Path("empty.csv").write_text("time,v\n")
    assert main(["plot", "empty.csv"]) == 0
    assert capsys.readouterr().out == (
        "empty.csv: 0 records, none of them with a time.\n"
    )
    assert main(["plot", "-o", "out.svg", "empty.csv"]) == 0
    ElementTree.fromstring(Path("out.svg").read_text())


def test_what_cannot_be_drawn_is_2_and_says_so(capsys: Any) -> None:
    assert main(["plot", "-o", "out.gif", "even.csv"]) == 2
    assert "-o out.gif: give a name in .png, .svg or .html" in capsys.readouterr().err
    assert main(["plot", "nowhere.csv"]) == 2
    Path("cut.pcap").write_bytes(b"\xd4\xc3\xb2\xa1")
    assert main(["plot", "cut.pcap"]) == 2
    assert "cut.pcap" in capsys.readouterr().err
