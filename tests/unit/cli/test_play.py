"""`chronomux play`: records at the pace at which they were recorded."""

from __future__ import annotations

import json
import math
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from chronomux.cli import main
from chronomux.cli.play_keys import Keys
from chronomux.cli.play_status import Extent, Rates, status_text
from chronomux.replay import PlayStats
from tests.captures import pcap_header, pcap_record

HEAD = "4500{:04x}000100004011" + "0000" + "7f0000017f000001" + "10000035{:04x}0000"
SECOND = 10**9


def datagram(payload: bytes) -> bytes:
    """An IP packet of UDP to port 53."""
    head = HEAD.format(28 + len(payload), 8 + len(payload))
    return bytes.fromhex(head) + payload


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_bytes(b"time,v\n100,1\n100.1,2\n100.2,3\n")
    Path("b.jsonl").write_bytes(b'{"timestamp": 100.1, "v": "b"}\n')
    arp = bytes.fromhex("ffffffffffff" + "000000000000" + "0806") + bytes(28)
    Path("p.pcap").write_bytes(
        pcap_header(linktype=101)
        + pcap_record(datagram(b"question"), 100)
        + pcap_record(datagram(b""), 100, 1)
    )
    Path("arp.pcap").write_bytes(pcap_header(linktype=1) + pcap_record(arp, 100))
    return tmp_path


def played(capsys: Any, *argv: str, code: int = 0) -> list[Any]:
    """The records on stdout; the words on stderr are in `played.words`."""
    assert main(["play", *argv]) == code
    out, words.text = capsys.readouterr()
    return [json.loads(line) for line in out.splitlines()]


class words:
    text = ""


def values(records: list[Any]) -> list[Any]:
    return [record["v"] for record in records]


def test_records_come_at_the_pace_of_their_times(folder: Path, capsys: Any) -> None:
    begun = time.monotonic()
    assert values(played(capsys, "a.csv", "b.jsonl")) == ["1", "2", "b", "3"]
    assert time.monotonic() - begun >= 0.2
    assert words.text.startswith("chronomux: 4 records; late by ")


def test_speed_and_passes(folder: Path, capsys: Any) -> None:
    begun = time.monotonic()
    assert values(played(capsys, "-q", "-r", "4", "--loop=3", "a.csv")) == [*"123"] * 3
    assert time.monotonic() - begun >= 0.15
    assert words.text == ""
    assert values(played(capsys, "-r", "max", "--loop=2", "a.csv")) == [*"123"] * 2


def test_a_loop_without_end_is_ended_by_a_number_of_records(
    folder: Path, capsys: Any
) -> None:
    got = played(capsys, "-r", "max", "-n", "3000", "a.csv", "--loop")
    assert values(got) == [*"123"] * 1000
    assert played(capsys, "-n", "0", "a.csv") == []


@pytest.mark.parametrize(
    ("argv", "wanted"),
    [
        (["--start", "100.1"], "23"),
        (["--start", "+0.1s", "--duration", "0.1s"], "2"),
        (["--end", "+0.2s"], "12"),
        (["--duration", "100ms"], "1"),
        (["--where", "v=2"], "2"),
        (["--exclude", "v=2"], "13"),
        (["-n", "2"], "12"),
    ],
)
def test_what_is_played_can_be_chosen(
    folder: Path, capsys: Any, argv: list[str], wanted: str
) -> None:
    assert values(played(capsys, "-r", "max", *argv, "a.csv")) == [*wanted]


def test_a_file_is_moved_in_time(folder: Path, capsys: Any) -> None:
    got = played(capsys, "-r", "max", "--offset", "a.csv=+1s", "a.csv", "b.jsonl")
    assert values(got) == ["b", "1", "2", "3"]
    assert got[1]["timestamp"] == 101 * SECOND
    got = played(capsys, "-r", "max", "--offset", "p.pcap=-1s", "p.pcap")
    assert got[0]["timestamp"] == 99 * SECOND
    assert list(got[0]) == ["timestamp", "interface", "linktype", "length", "data"]


def test_a_silence_is_shortened(folder: Path, capsys: Any) -> None:
    Path("far.csv").write_bytes(b"time,v\n0,1\n86400,2\n")
    assert values(played(capsys, "--max-gap", "10ms", "far.csv")) == ["1", "2"]


def test_layers_of_packets_are_decoded_when_asked_for(
    folder: Path, capsys: Any
) -> None:
    assert "udp" not in played(capsys, "p.pcap")[0]
    got = played(capsys, "--layers", "p.pcap")[0]
    assert got["udp"]["payload"] == b"question".hex()


@pytest.fixture
def listener() -> Any:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
        here.bind(("127.0.0.1", 0))
        here.settimeout(20)
        yield here


def test_packets_are_sent_as_their_payload_and_all_else_as_json(
    folder: Path, capsys: Any, listener: Any
) -> None:
    target = f"127.0.0.1:{listener.getsockname()[1]}"
    files = ["p.pcap", "arp.pcap", "b.jsonl"]
    assert played(capsys, "-r", "max", "--udp", target, *files) == []
    got = [listener.recv(1 << 16) for _ in range(3)]
    assert got[:2] == [b"question", b""]
    assert json.loads(got[2])["v"] == "b"
    assert "not sent: 1 packets without a payload of UDP or TCP" in words.text


def test_what_is_too_long_for_a_datagram_is_said_and_is_1(
    folder: Path, capsys: Any, listener: Any
) -> None:
    Path("long.jsonl").write_text(json.dumps({"timestamp": 1, "v": "x" * 70_000}))
    target = f"127.0.0.1:{listener.getsockname()[1]}"
    played(capsys, "--udp", target, "long.jsonl", code=1)
    assert "not sent: 1 records too long for a datagram" in words.text


def test_nobody_has_to_listen(folder: Path, capsys: Any, listener: Any) -> None:
    port = listener.getsockname()[1]
    listener.close()
    played(capsys, "-r", "max", "--loop=50", "--udp", f"127.0.0.1:{port}", "a.csv")


def test_datagrams_stay_on_this_machine_unless_that_is_allowed(
    folder: Path, capsys: Any
) -> None:
    played(capsys, "--udp", "192.0.2.1:9", "a.csv", code=2)
    assert "is not this machine; if that is meant, add --allow-remote" in words.text


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["-r", "0"], "speed 0.0 must be above 0"),
        (["-r", "fast"], "'fast' is no speed: give a number above 0, or max"),
        (["-r", "nan"], "must be above 0"),
        (["-n", "-1"], "-n -1: give a number of records"),
        (["--loop=-1"], "loop -1 is no number of passes"),
        (["--max-gap", "long"], "duration 'long' is not a number"),
        (["--end", "+1s", "--duration", "1s"], "give an end or a duration, not both"),
        (["--duration", "x"], "duration 'x' is not a number"),
        (["--offset", "a.csv"], "is not like a.csv=+0.5s"),
        (["--offset", "z.csv=1s"], "no source 'z.csv' to move"),
        (["--udp", "9000"], "'9000' is not like 127.0.0.1:9000"),
        (["--udp", "127.0.0.1:70000"], "is not like 127.0.0.1:9000"),
        (["--start-paused"], "no terminal whose keys could end it"),
        (["--where", "v=("], "line 1"),
    ],
)
def test_wrong_options_are_2_and_say_so(
    folder: Path, capsys: Any, monkeypatch: Any, argv: list[str], said: str
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    assert played(capsys, *argv, "a.csv", code=2) == []
    assert said in words.text


def test_a_broken_file_plays_what_stands_before_and_is_2(
    folder: Path, capsys: Any
) -> None:
    Path("broken.csv").write_bytes(b"time,v\n1,1\n2,2\nnever,3\n")
    assert values(played(capsys, "-r", "max", "broken.csv", code=2)) == ["1", "2"]
    assert "broken.csv:4" in words.text
    got = played(capsys, "-r", "max", "--on-error", "skip", "broken.csv")
    assert values(got) == ["1", "2"]


def test_what_json_cannot_hold_is_2_behind_what_it_can(
    folder: Path, capsys: Any
) -> None:
    Path("nan.jsonl").write_bytes(b'{"timestamp":1,"v":1}\n{"timestamp":1,"v":NaN}\n')
    got = played(capsys, "nan.jsonl", code=2)
    assert values(got) == [1]
    assert "record 1 that was played is not for JSON: Out of range" in words.text


class Noted:
    """A player that notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.speed = 1.0

    def __getattr__(self, name: str) -> Any:
        return lambda: self.told.append(name)


def test_keys_are_told_apart_also_in_halves_and_among_others() -> None:
    player: Any = Noted()
    keys = Keys(player, ["-"], False)
    for pressed in (b"  x", b"\x1b", b"[C", b"\x1b[Z\x1bOA\x1b[A\x1b[B", b"\xffq"):
        for name in keys._names(keys._half + pressed):
            getattr(keys, f"_{name}")()
    assert player.told == ["pause", "resume", "step", "stop"]
    assert player.speed == 1.25


def stats_at(ns: int | None, **counts: int) -> PlayStats:
    return PlayStats(
        events=sum(counts.values()),
        per_source=counts,
        late_p50=0,
        late_p99=2_500_000,
        late_max=0,
        data_time=ns,
        asked_speed=2.0,
        actual_speed=1.98,
        waits_for=None,
        errors=0,
        passes=0,
        is_paused=False,
    )


def test_rates_are_those_of_the_last_second_of_data() -> None:
    rates = Rates()
    assert rates.of(stats_at(None)) == {}
    assert rates.of(stats_at(0, a=1)) == {}
    assert rates.of(stats_at(SECOND // 2, a=500)) == {}
    assert rates.of(stats_at(2 * SECOND, a=21, b=4)) == {"a": 10.0, "b": 2.0}
    assert rates.of(stats_at(0, a=90)) == {"a": 10.0, "b": 2.0}, "it begins again"
    assert rates.of(stats_at(SECOND, a=95, b=4)) == {"a": 5.0, "b": 4.0}


def test_the_status_says_where_how_fast_how_late_and_who_is_waited_for() -> None:
    stats = stats_at(3 * SECOND, a=1)
    extent = Extent(2 * SECOND, 6 * SECOND)
    assert status_text(stats, {"a": 20.0}, extent, "stdout") == (
        "1970-01-01T00:00:03.000Z  25%  x2  (x1.98)  late 2.5 ms  waits for stdout  "
        "a 20/s"
    )
    many = {str(number): float(number) for number in range(6)}
    paused = stats._replace(is_paused=True, asked_speed=math.inf, passes=1)
    assert status_text(paused, many, None, None) == (
        "1970-01-01T00:00:03.000Z  xinf  paused  late 2.5 ms  pass 2  5 5/s  4 4/s  "
        "3 3/s  2 2/s  and 2 more"
    )
