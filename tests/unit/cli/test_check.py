"""`chronomux check`: what it prints, and the exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chronomux.cli import main
from tests.captures import pcap_header, pcap_record

PAIRS = "kind=ask => kind=reply within 2s same n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n1,a\n1,a\n3,b\n2,c\n20,d\n")
    Path("ok.csv").write_bytes(b"time,v\n1,a\n2,a\n3,b\n")
    Path("log.jsonl").write_text('{"time": 1, "kind": "ask", "n": 1}\n')
    return tmp_path


def test_nothing_wrong_is_0(capsys: Any) -> None:
    assert main(["check", "ok.csv", "--max-gap", "5s"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0].split()[:3] == ["SOURCE", "FORMAT", "RECORDS"]
    assert out.endswith("no findings\n")
    assert err == ""


def test_findings_are_1_and_have_their_places(capsys: Any) -> None:
    Path("r.scl").write_text("rule=never(when=(v=zz))")
    argv = ["check", "a.csv", "log.jsonl", "--max-gap", "5s", "--rules", "r.scl"]
    assert main([*argv, "--expect", PAIRS]) == 1
    out = capsys.readouterr().out
    assert "gap: a.csv, record 5, 1970-01-01T00:00:20Z: 17 s without" in out
    assert "rule: 'never' never matched" in out
    assert "missing: log.jsonl, record 1, 1970-01-01T00:00:01Z: no response" in out
    assert out.splitlines()[-1].startswith("5 findings: 1 gap, 1 record out of order")


def test_the_window_allows_records_to_be_late(capsys: Any) -> None:
    Path("late.csv").write_bytes(b"time\n1\n3\n2\n")
    assert main(["check", "late.csv"]) == 1
    assert main(["check", "late.csv", "--window", "1s"]) == 0


def test_a_file_that_is_cut_is_2_and_the_others_are_told_of(capsys: Any) -> None:
    Path("cut.pcap").write_bytes(pcap_header() + pcap_record(b"p", 1) + b"\0")
    assert main(["check", "cut.pcap", "ok.csv"]) == 2
    out, err = capsys.readouterr()
    assert [row.split()[:3] for row in out.splitlines()[1:3]] == [
        ["cut.pcap", "pcap", "1"],
        ["ok.csv", "csv", "3"],
    ]
    assert "unreadable: cut.pcap@41" in out
    assert err.startswith("chronomux: cut.pcap@41")


def test_json_has_the_same_in_int_ns(capsys: Any) -> None:
    assert main(["check", "--json", "--most", "1", "a.csv"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"]["disorder"] == 1
    assert report["sources"][0]["largest_step_back"] == 10**9
    assert [one["kind"] for one in report["findings"]] == ["disorder", "duplicate"]


def test_a_page_appears_and_says_which_command_made_it(capsys: Any) -> None:
    assert main(["check", "a.csv", "--max-gap", "5s", "--report", "out.html"]) == 1
    page = Path("out.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<code>chronomux check a.csv --max-gap 5s --report out.html</code>" in page
    assert main(["check", "a.csv", "--report", "a.csv"]) == 2
    assert "a.csv: is also an input" in capsys.readouterr().err


@pytest.mark.parametrize(
    "argv",
    [
        ["missing.csv"],
        ["ok.csv", "--max-gap", "5 x"],
        ["ok.csv", "--rules", "missing.scl"],
        ["ok.csv", "--expect", "a=b"],
        ["ok.csv", "--most", "-1"],
    ],
)
def test_what_cannot_be_done_is_2_and_said(capsys: Any, argv: list[str]) -> None:
    assert main(["check", *argv]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("chronomux: ")


def test_help_has_examples(capsys: Any) -> None:
    assert main(["check", "--help"]) == 0
    assert "within 2s same id" in capsys.readouterr().out


def test_ctrl_c_is_130_and_says_nothing(folder: Path) -> None:
    os.mkfifo("pipe")
    command = [sys.executable, "-m", "chronomux", "check", "--input-format", "csv"]
    child = subprocess.Popen(
        [*command, "pipe"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        with open("pipe", "wb") as pipe:  # waits until the child has opened it
            pipe.write(b"time,v\n1,a\n")
            pipe.flush()
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
    finally:
        child.kill()
        child.wait()
    assert (child.returncode, out, err) == (130, b"", b"")
