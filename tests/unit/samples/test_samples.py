"""The shipped captures, and the script that records such."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
import time
from itertools import pairwise
from types import SimpleNamespace

import pytest

from chronomux.readers import CSVReader, PcapReader, time_parser
from chronomux.replay import SCLReader
from chronomux.samples import FOLDER, captures, record
from chronomux.samples.exchange import COMMANDER, INSTRUMENT

RATES = {"cpu": 20, "memory": 5, "network": 2, "scheduler": 5}
# What may stand in a field: a count, or a time. No address, no name.
FIELD = re.compile(
    r"\d+(\.\d{6})?|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)"
)


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def times(path, column="time"):
    frames = CSVReader(path, timestamp=column).frames()
    return [key for frame in frames for key in frame.keys]


def test_there_are_six_and_they_are_small():
    assert [path.stem for path in captures(".csv")] == sorted(RATES)
    assert [path.name for path in captures(".pcap", ".scl")] == [
        "commands.scl",
        "instrument.pcap",
    ]
    assert len(captures()) == 6
    assert sum(path.stat().st_size for path in captures()) < 300_000


@pytest.mark.parametrize("path", captures(".csv"), ids=lambda path: path.stem)
def test_a_capture_holds_two_minutes_in_the_order_of_its_times(path):
    moments = times(path)
    assert moments == sorted(moments)
    assert len(moments) == 120 * RATES[path.stem]
    assert 119e9 < moments[-1] - moments[0] < 121e9


@pytest.mark.parametrize("path", captures(".csv"), ids=lambda path: path.stem)
def test_a_capture_names_nobody(path):
    for row in rows(path):
        assert all(FIELD.fullmatch(field) for field in row.values()), row


def test_packets_are_of_the_exchange_alone():
    for packet in PcapReader(FOLDER / "instrument.pcap").reader:
        assert packet["ip"]["src"] == packet["ip"]["dst"] == "127.0.0.1"
        assert packet["eth"]["src"] == packet["eth"]["dst"] == "00:00:00:00:00:00"
        ports = packet["udp"]["srcport"], packet["udp"]["dstport"]
        assert sorted(ports) == [COMMANDER, INSTRUMENT]


def test_every_command_went_over_the_wire_and_few_were_not_answered():
    commands = list(SCLReader(FOLDER / "commands.scl").reader)
    assert [command["id"] for command in commands] == list(range(240))
    texts = {True: [], False: []}
    for packet in PcapReader(FOLDER / "instrument.pcap").reader:
        udp = packet["udp"]
        texts[udp["srcport"] == COMMANDER].append(udp["payload"].decode())
    lines = (FOLDER / "commands.scl").read_text().splitlines()
    assert texts[True] == [line.partition(" ")[2] for line in lines]
    assert 0.85 * len(commands) < len(texts[False]) < len(commands)


def test_commands_were_logged_just_before_their_packets():
    packets = [
        packet
        for packet in PcapReader(FOLDER / "instrument.pcap").reader
        if packet["udp"]["srcport"] == COMMANDER
    ]
    commands = list(SCLReader(FOLDER / "commands.scl").reader)
    pairs = zip(packets, commands, strict=True)
    delays = [packet["timestamp"] - command["timestamp"] for packet, command in pairs]
    assert 0 <= min(delays) <= max(delays) < 1e9
    begins = [times(path)[0] for path in captures(".csv")]
    assert abs(packets[0]["timestamp"] - min(begins)) < 5e9, "recorded together"


def test_times_are_written_in_different_ways():
    written = {path.stem: rows(path)[0]["time"] for path in captures(".csv")}
    assert re.fullmatch(r"\d{10}\.\d{6}", written["cpu"])
    assert written["memory"].endswith("+02:00")
    assert re.fullmatch(r"\d{13}", written["network"])
    assert written["scheduler"].endswith("Z")


def test_one_capture_arrived_late_and_in_bursts():
    path = FOLDER / "scheduler.csv"
    in_ns = time_parser()
    arrivals = [in_ns(row["arrived"]) for row in rows(path)]
    delays = [a - t for a, t in zip(arrivals, times(path), strict=True)]
    pauses = [b - a for a, b in pairwise(arrivals)]
    assert min(delays) >= 0
    assert max(delays) > 2e9
    assert 20 < sum(pause > 4e8 for pause in pauses) < 200


@pytest.mark.skipif(not (record.PROC / "net/dev").exists(), reason="no Linux /proc")
def test_the_script_records_the_same_columns_and_formats(tmp_path):
    command = [sys.executable, "-m", "chronomux.samples.record", "--seconds", "1"]
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    for path in captures(".csv"):
        recorded = rows(tmp_path / path.name)
        assert len(recorded) == RATES[path.stem]
        assert recorded[0].keys() == rows(path)[0].keys()
        assert all(FIELD.fullmatch(field) for field in recorded[0].values())
    if b"no instrument.pcap" not in done.stdout:  # where packets may be captured
        packets = list(PcapReader(tmp_path / "instrument.pcap").reader)
        assert [packet["udp"]["srcport"] for packet in packets].count(COMMANDER) == 2


def test_a_clock_that_was_set_back_is_refused(tmp_path, monkeypatch):
    moments = iter([5, 5, 4, 6])
    clock = SimpleNamespace(
        time_ns=lambda: next(moments), monotonic=time.monotonic, sleep=time.sleep
    )
    monkeypatch.setattr(record, "time", clock)
    stream = record.Stream("s", 1000, "x", lambda: [1], str)
    with pytest.raises(SystemExit, match="s: the clock was set back"):
        record.record(stream, 0.002, tmp_path)
    assert list(tmp_path.iterdir()) == []
