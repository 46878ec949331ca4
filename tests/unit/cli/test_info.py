"""`chronomux info`: a row a capture, and what it says on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chronomux.cli import main
from tests.captures import pcap_header, pcap_record


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n1,a\n3,b\n2,c\n")
    step = [pcap_record(b"p", 0), pcap_record(b"p", 46 * 31_557_600)]
    Path("b.pcap").write_bytes(pcap_header() + b"".join(step))
    return tmp_path


def test_a_row_is_a_source(folder: Path, capsys: Any) -> None:
    assert main(["info", "a.csv", "b.pcap"]) == 0
    out, err = capsys.readouterr()
    head, *rows = out.splitlines()
    assert head.split()[:4] == ["SOURCE", "FORMAT", "RECORDS", "FIRST"]
    assert [row.split()[:3] for row in rows] == [
        ["a.csv", "csv", "3"],
        ["b.pcap", "pcap", "2"],
    ]
    assert " no " in rows[0]
    assert " yes " in rows[1]
    assert rows[1].count("46 y") == 2, "duration and gap"
    assert err == ""


def test_json_has_the_same_in_int_ns(folder: Path, capsys: Any) -> None:
    assert main(["info", "--json", "."]) == 0
    csv, pcap = json.loads(capsys.readouterr().out)
    assert (csv["records"], csv["last"], csv["in_order"]) == (3, 3 * 10**9, False)
    assert (pcap["duration"], pcap["interfaces"]) == (46 * 31_557_600 * 10**9, 1)


def test_a_broken_file_is_2_and_told_of_as_far_as_it_goes(
    folder: Path, capsys: Any
) -> None:
    Path("cut.pcap").write_bytes(pcap_header() + pcap_record(b"p", 1) + b"\0")
    assert main(["info", "cut.pcap", "a.csv"]) == 2
    out, err = capsys.readouterr()
    assert [row.split()[:3] for row in out.splitlines()[1:]] == [
        ["cut.pcap", "pcap", "1"],
        ["a.csv", "csv", "3"],
    ]
    assert err.startswith("chronomux: cut.pcap@41: the file ends")
    assert err.count("\n") == 1


def test_times_are_read_as_asked(folder: Path, capsys: Any) -> None:
    Path("w.csv").write_bytes(b"Date,Time\n01.02.2026,10:00:00\n")
    options = ["-t", "Date,Time", "--format", "%d.%m.%Y %H:%M:%S", "--tz", "Asia/Tokyo"]
    assert main(["info", "w.csv", *options]) == 0
    assert "2026-02-01T01:00:00Z" in capsys.readouterr().out


def test_stdin_needs_its_format(folder: Path) -> None:
    command = [sys.executable, "-m", "chronomux", "info", "-"]
    data = Path("a.csv").read_bytes()
    done = subprocess.run(command, input=data, capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"<stdin>: is of no known format" in done.stderr
    command += ["--input-format", "csv"]
    done = subprocess.run(command, input=data, capture_output=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"<stdin>  csv" in done.stdout


def test_what_is_left_out_is_said_unless_quiet(folder: Path, capsys: Any) -> None:
    Path("notes.txt").write_bytes(b"x\n")
    for options, said in ([], True), (["-q"], False):
        assert main(["info", ".", *options]) == 0
        assert ("notes.txt: left out" in capsys.readouterr().err) == said


@pytest.mark.parametrize(
    "argv",
    [
        ["missing.csv"],
        ["no*.csv"],
        ["a.csv", "--input-format", "x"],
        ["a.csv", "a.csv"],
    ],
)
def test_what_cannot_be_opened_is_2_and_one_line(
    folder: Path, capsys: Any, argv: list[str]
) -> None:
    assert main(["info", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("chronomux: ")
    assert err.count("\n") == 1


def test_help_has_examples_and_says_in_which_order_files_come(capsys: Any) -> None:
    assert main(["info", "--help"]) == 0
    out = capsys.readouterr().out
    assert "examples:" in out
    assert "in the order of their paths" in out
