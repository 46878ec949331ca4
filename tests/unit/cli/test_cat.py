"""`chronomux cat`: one stream of JSON lines or CSV."""

from __future__ import annotations

import csv
import gzip
import io
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

QUERY = bytes.fromhex("4500001c00010000401100007f0000017f0000011000003500080000")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n1,7\n3,b\n")
    Path("b.jsonl").write_bytes(b'{"timestamp": 3, "v": [1, {"x": null}]}\n')
    Path("c.scl").write_bytes(b"2 type=command v=7.5 w=12345678901234567890\n")
    Path("d.pcap").write_bytes(
        pcap_header(linktype=101) + pcap_record(QUERY, 2, 500_000)
    )
    Path("late.csv").write_bytes(b"time,v\n2,m\n1,n\n4,o\n")
    return tmp_path


def lines_of(capsys: Any, *argv: str, code: int = 0) -> list[Any]:
    assert main(["cat", *argv]) == code
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_all_formats_are_one_stream_of_json_lines(folder: Path, capsys: Any) -> None:
    got = lines_of(capsys, "a.csv", "b.jsonl", "c.scl", "d.pcap")
    assert got == [
        {"time": "1", "v": "7", "timestamp": 10**9},
        {
            "timestamp": 2 * 10**9,
            "type": "command",
            "v": 7.5,
            "w": 12345678901234567890,
        },
        {
            "timestamp": 2_500_000_000,
            "interface": 0,
            "linktype": 101,
            "length": 28,
            "data": QUERY.hex(),
        },
        {"time": "3", "v": "b", "timestamp": 3 * 10**9},
        {"timestamp": 3 * 10**9, "v": [1, {"x": None}]},
    ]


def test_a_folder_is_read_and_files_are_named(folder: Path, capsys: Any) -> None:
    os.remove("late.csv")
    got = lines_of(capsys, ".", "--source-key", "file")
    assert [line["file"] for line in got] == [
        *("./a.csv", "./c.scl", "./d.pcap", "./a.csv", "./b.jsonl")
    ]
    assert main(["cat", "a.csv", "--source-key", "v"]) == 2
    assert "a.csv: has a 'v' already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "values"),
    [
        (["--where", "v=7"], ["7"]),
        (["--where", "v=above(bound=7)"], [7.5]),
        (["--exclude", "type=command", "--start", "2"], ["b", [1, {"x": None}]]),
        (["--where", 'v="7" v=b'], ["7", "b"]),
        (["--start", "+1s", "--end", "+2s"], [7.5]),
        (["-n", "2"], ["7", 7.5]),
        (["-n", "0"], []),
    ],
)
def test_only_what_is_wanted_comes(
    folder: Path, capsys: Any, options: list[str], values: list[Any]
) -> None:
    got = lines_of(capsys, "a.csv", "b.jsonl", "c.scl", *options)
    assert [line["v"] for line in got] == values


def test_layers_of_packets_can_be_asked_for_and_written(
    folder: Path, capsys: Any
) -> None:
    options = ["--where", "udp=(dstport=53)"]
    (plain,) = lines_of(capsys, "d.pcap", *options)
    assert "udp" not in plain
    (line,) = lines_of(capsys, "d.pcap", "--layers", *options)
    assert line["udp"]["dstport"] == 53
    assert line["ip"]["dst"] == "127.0.0.1"


def test_csv_has_the_columns_of_the_first_record(folder: Path, capsys: Any) -> None:
    assert main(["cat", "d.pcap", "--to", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["data"] == QUERY.hex()
    assert main(["cat", "a.csv", "c.scl", "--to", "csv"]) == 2
    err = capsys.readouterr().err
    assert "key 'type'" in err
    assert "--columns" in err


def test_csv_has_the_columns_that_are_asked_for(folder: Path, capsys: Any) -> None:
    files = ["a.csv", "b.jsonl", "c.scl"]
    assert main(["cat", *files, "--to", "csv", "--columns", "v,type"]) == 0
    assert capsys.readouterr().out == (
        'v,type\n7,\n7.5,command\nb,\n"[1, {""x"": null}]",\n'
    )
    assert main(["cat", "a.csv", "--columns", "v"]) == 2


def test_the_name_of_the_output_says_what_is_written(folder: Path, capsys: Any) -> None:
    assert main(["cat", "a.csv", "-o", "out.csv.gz"]) == 0
    assert gzip.decompress(Path("out.csv.gz").read_bytes()) == (
        b"time,v,timestamp\n1,7,1000000000\n3,b,3000000000\n"
    )
    assert main(["cat", "a.csv", "-o", "a.csv"]) == 2
    assert "is also an input" in capsys.readouterr().err
    assert Path("a.csv").read_bytes() == b"time,v\n1,7\n3,b\n"


def test_records_that_are_late_are_said_and_the_code_is_1(
    folder: Path, capsys: Any
) -> None:
    assert main(["cat", "late.csv", "a.csv"]) == 1
    out, err = capsys.readouterr()
    assert [json.loads(line)["v"] for line in out.splitlines()] == [*"7mnbo"]
    assert err == (
        "chronomux: late.csv: 1 record older than one before; each came as soon as it "
        "could\n"
    )
    assert main(["cat", "-q", "late.csv", "a.csv"]) == 1
    assert capsys.readouterr().err == ""


def test_a_time_that_cannot_be_read_is_dealt_with(folder: Path, capsys: Any) -> None:
    Path("dirty.csv").write_bytes(b"time,v\n1,a\nnever,b\n2,c\n")
    assert main(["cat", "dirty.csv"]) == 2
    assert "dirty.csv:3: " in capsys.readouterr().err
    got = lines_of(capsys, "dirty.csv", "--on-error", "skip")
    assert [line["v"] for line in got] == ["a", "c"]
    got = lines_of(capsys, "dirty.csv", "--on-error", "null")
    assert [line["timestamp"] for line in got] == [10**9, None, 2 * 10**9]


def test_an_error_leaves_no_output(folder: Path, capsys: Any) -> None:
    Path("cut.pcap").write_bytes(pcap_header() + pcap_record(b"p", 1) + b"\0")
    assert main(["cat", "cut.pcap", "-o", "out.jsonl"]) == 2
    assert "cut.pcap@41" in capsys.readouterr().err
    assert not Path("out.jsonl").exists()
    assert not list(folder.glob(".chronomux*"))


@pytest.mark.parametrize(
    "options", [["-n", "-1"], ["--where", "(("], ["--start", "x"], ["--to", "x"]]
)
def test_wrong_options_are_2(folder: Path, capsys: Any, options: list[str]) -> None:
    assert main(["cat", "a.csv", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err


def started(*argv: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "chronomux", "cat", *argv]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_reader_that_leaves_and_ctrl_c_are_quiet(folder: Path) -> None:
    rows = b"".join(b"%d,x\n" % number for number in range(30_000))
    Path("big.csv").write_bytes(b"time,v\n" + rows)
    for number, code in (None, 0), (signal.SIGINT, 130):
        process = started("big.csv")
        assert process.stdout is not None
        assert process.stderr is not None
        with process, process.stdout, process.stderr:
            assert process.stdout.readline()
            if number is not None:
                process.send_signal(number)  # while it waits for somebody to read on
            else:
                process.stdout.close()
            assert process.wait(60) == code
            assert process.stderr.read() == b""
