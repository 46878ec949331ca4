"""`chronomux demo`: what it prints and in which order."""

from __future__ import annotations

import csv
import os
import pty
import re
import subprocess
import sys

import pytest

from chronomux.samples import FOLDER, captures

DEMO = [sys.executable, "-m", "chronomux", "demo"]
ROW = re.compile(r"^(\d\d:\d\d:\d\d\.\d{6}) (\w+) +\w+=")
TABLE = re.compile(r"^(\w+) +(\d+)  (\S+)  (\S+) +([\d.]+)/s$")
RULE = re.compile(r"^(\w+(?: \w+)+) +(\d+)  \d\d:.*/s$", re.MULTILINE)
PACKETS = (FOLDER / "instrument.pcap").read_bytes().count(b"type=")
ROWS = {
    "commands": 240,
    "cpu": 2400,
    "instrument": PACKETS,
    "memory": 600,
    "network": 240,
    "scheduler": 600,
}
TOTAL = sum(ROWS.values())


@pytest.fixture(scope="module")
def demo():
    return subprocess.run(DEMO, capture_output=True, text=True, timeout=120)


def test_it_prints_every_record_in_the_order_of_time(demo):
    assert (demo.returncode, demo.stderr) == (0, "")
    rows = [found for line in demo.stdout.splitlines() if (found := ROW.match(line))]
    times = [row[1] for row in rows]
    assert times == sorted(times)
    sources = [row[2] for row in rows]
    assert {source: sources.count(source) for source in set(sources)} == ROWS


def test_a_table_says_what_came_from_each_source(demo):
    lines = demo.stdout.splitlines()
    table = {found[1]: found for line in lines if (found := TABLE.match(line))}
    assert {source: int(found[2]) for source, found in table.items()} == ROWS
    for source, found in table.items():
        mine = [
            row[1] for line in lines if (row := ROW.match(line)) and row[2] == source
        ]
        assert (found[3], found[4]) == (mine[0], mine[-1])
    rates = {source: float(found[5]) for source, found in table.items()}
    assert 3.5 < rates.pop("instrument") < 4
    assert list(rates.values()) == [2, 20, 5, 2, 5]
    assert lines[-1] == f"{TOTAL} rows reached all listeners, in the order of time."


def test_the_table_says_what_met_each_condition_of_the_event_manager(demo):
    much = sum(int(row["dirty"]) > 1 << 16 for row in rows_of("memory"))
    assert 0 < much < ROWS["memory"]
    counted = dict(RULE.findall(demo.stdout))
    assert {name: int(count) for name, count in counted.items()} == {
        "came late": ROWS["scheduler"],
        "much to write": much,
        "of the processor": ROWS["cpu"] + ROWS["scheduler"],
        "told to open": (FOLDER / "commands.scl").read_text().count("action=open"),
        "answers sent": (FOLDER / "instrument.pcap").read_bytes().count(b"response"),
    }


def rows_of(capture):
    (path,) = [path for path in captures() if path.stem == capture]
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_rows_carry_the_fields_of_the_captures(demo):
    for path in captures(".csv"):
        header, first = path.read_text().splitlines()[:2]
        fields = dict(zip(header.split(","), first.split(","), strict=True))
        shown = [f"{k}={v}" for k, v in fields.items() if k not in ("time", "arrived")]
        assert f" {path.stem:<10} {' '.join(shown)}\n" in demo.stdout


def test_commands_and_packets_are_shown_with_what_they_say(demo):
    command = (FOLDER / "commands.scl").read_text().splitlines()[0]
    said = command.partition(" ")[2]
    assert f"udp={{'srcport': 40001, 'dstport': 40002}} text={said}\n" in demo.stdout
    action = r"\['\w+', \{'valve': \d, 'wait': [\d.]+\}\]"
    assert re.search(rf" commands   type=command id=0 action={action}\n", demo.stdout)


def test_progress_and_stream_share_a_terminal(tmp_path):
    """Each row stands on a line of its own, and the progress line is wiped."""
    terminal, side = pty.openpty()
    drawn = b""
    with open(terminal, "rb", buffering=0) as screen:
        process = subprocess.Popen(DEMO, stdout=side, stderr=side)
        os.close(side)
        try:
            while piece := screen.read(65536):
                drawn += piece
        except OSError:  # how Linux says that the last writer is gone
            pass
        assert process.wait(60) == 0
    text = drawn.decode()
    assert re.search(rf"\r\x1b\[K\d+ rows of {TOTAL} rows, \d+ rows/s", text)
    visible = [line.rpartition("\x1b[K")[2] for line in text.split("\r\n")]
    assert len([line for line in visible if ROW.match(line)]) == TOTAL
    assert "rows/s" not in visible[-2]
