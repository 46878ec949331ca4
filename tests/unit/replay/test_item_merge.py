"""Captures of other formats than CSV and packets, and of several, become JSON lines."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import chronomux
from chronomux import DisorderError, PcapWriter
from chronomux.errors import ReaderError
from chronomux.replay import merge_files

S = 10**9
Make = Callable[..., list[str]]


@pytest.fixture
def mixed(tmp_path: Path) -> list[str]:
    """A table, JSON lines and a command log, in the order of their names."""
    texts = {
        "a.csv": "time,v\n1,a\n3,b\n5,\n",
        "b.jsonl": '{"time": 2, "x": {"y": 1}}\n\n{"time": 4.5, "q": null}\n',
        "c.scl": "1970-01-01T00:00:02Z type=command action=open(v=1)\n# c\n"
        '1970-01-01T00:00:06Z k="x y"\n',
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return [str(tmp_path / name) for name in texts]


def merged(names: list[str], folder: Path, **options: Any) -> list[dict[str, Any]]:
    out = folder / "out.jsonl"
    merge_files(names, out, **options)
    return [json.loads(line) for line in out.read_text().splitlines()]


def test_files_of_several_formats_become_json_lines_in_the_order_of_time(
    mixed: list[str], tmp_path: Path
) -> None:
    assert merged(mixed, tmp_path) == [
        {"time": "1", "v": "a", "timestamp": 1 * S},
        {"time": 2, "x": {"y": 1}, "timestamp": 2 * S},
        {"timestamp": 2 * S, "type": "command", "action": ["open", {"v": 1}]},
        {"time": "3", "v": "b", "timestamp": 3 * S},
        {"time": 4.5, "q": None, "timestamp": 4500_000_000},
        {"time": "5", "v": "", "timestamp": 5 * S},
        {"timestamp": 6 * S, "k": "x y"},
    ]


def test_they_are_what_an_opened_capture_gives(
    mixed: list[str], tmp_path: Path
) -> None:
    with chronomux.open(mixed) as capture:
        assert merged(mixed, tmp_path) == list(capture)


def test_one_file_of_another_format_is_put_in_order(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    times = [3, 1, 2, 9, 8, 7]
    path.write_text("".join(f'{{"timestamp": {time}}}\n' for time in times))
    in_order = [time * S for time in sorted(times)]
    for options in {"window": "3s"}, {"order": "sort"}:
        found = merged([str(path)], tmp_path, **options)
        assert [item["timestamp"] for item in found] == in_order
    found = merged([str(path)], tmp_path, order="keep")
    assert [item["timestamp"] for item in found] == [time * S for time in times]


def test_disorder_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "late.jsonl"
    path.write_text('{"time": 3}\n\n\n{"time": 1}\n')
    with pytest.raises(DisorderError, match=r"late\.jsonl:4: time .* 2 s before"):
        merge_files([str(path)], tmp_path / "out.jsonl", order="strict")
    assert not (tmp_path / "out.jsonl").exists()
    report = merge_files([str(path)], tmp_path / "out.jsonl", window="5s")
    [source] = report.sources
    assert (source.late, source.first_late, source.mark) == (1, 4, ":")


def test_packets_among_others_are_five_keys(mixed: list[str], tmp_path: Path) -> None:
    data = bytes(12) + bytes.fromhex("0800 45000014 00000000 40110000") + bytes(8)
    path = tmp_path / "d.pcap"
    with PcapWriter(str(path), format="pcap") as writer:
        writer.write({"timestamp": 2 * S, "data": data})
    packet = {
        "timestamp": 2 * S,
        "interface": 0,
        "linktype": 1,
        "length": len(data),
        "data": data.hex(),
    }
    assert merged([*mixed, str(path)], tmp_path, where="ip=(proto=17)") == [packet]
    # Also by itself, if the output's name asks for that.
    assert merged([str(path)], tmp_path) == [packet]


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({"where": "v=a v=b"}, [1, 3]),
        ({"where": "time=above(bound=2)"}, [3, 4.5, 5]),
        ({"exclude": "type=command"}, [1, 2, 3, 4.5, 5, 6]),
        ({"start": "2", "end": "5"}, [2, 2, 3, 4.5]),
        ({"start": "+1s", "duration": "2s"}, [2, 2, 3]),
        ({"most": 2}, [1, 2]),
    ],
)
def test_conditions_and_spans_choose(
    mixed: list[str], tmp_path: Path, options: dict[str, Any], times: list[float]
) -> None:
    found = merged(mixed, tmp_path, **options)
    assert [item["timestamp"] / S for item in found] == times


def test_offsets_move_the_times_that_are_written(
    mixed: list[str], tmp_path: Path
) -> None:
    found = merged(mixed, tmp_path, offsets={mixed[2]: "-5s"})
    assert [item["timestamp"] / S for item in found] == [-3, 1, 1, 2, 3, 4.5, 5]
    with pytest.raises(ReaderError, match=r"c\.scl:1: .* beyond 1677 to 2262"):
        merged(mixed, tmp_path, offsets={mixed[2]: 2**63 - 1})


def test_the_source_is_added_where_it_is_asked_for(
    mixed: list[str], tmp_path: Path
) -> None:
    found = merged(mixed, tmp_path, add_source=True)
    assert [item["source"] for item in found] == [
        mixed[i] for i in (0, 1, 2, 0, 1, 0, 2)
    ]
    with pytest.raises(ReaderError, match="has a 'v' already"):
        merged(mixed, tmp_path, add_source=True, source_column="v")


def test_what_has_no_time_stays_behind_its_predecessor(tmp_path: Path) -> None:
    path = tmp_path / "log.scl"
    path.write_text("boot=1\n1970-01-01T00:00:05Z a=1\nb=2\n")
    other = tmp_path / "t.jsonl"
    other.write_text('{"time": 1}\n{"time": 7}\n')
    found = merged([str(path), str(other)], tmp_path)
    assert [list(item)[-1] for item in found] == [
        "boot",
        "timestamp",
        "a",
        "b",
        "timestamp",
    ]


def test_unreadable_times_are_counted_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"time": 1}\n{"time": "x"}\n{"time": 3}\n')
    out = tmp_path / "out.jsonl"
    for on_error, written in ("skip", 2), ("null", 3):
        report = merge_files([str(path)], out, timestamp="time", on_error=on_error)
        assert report.written == written
        assert report.sources[0].untimed == 1
        assert list(report.sources[0].untimed_lines) == [2]
    with pytest.raises(ReaderError, match=r"t\.jsonl:2"):
        merge_files([str(path)], out, timestamp="time")


def test_compressed_and_empty_files_are_taken(mixed: list[str], tmp_path: Path) -> None:
    packed = tmp_path / "p.jsonl.gz"
    packed.write_bytes(gzip.compress(b'{"time": 2.5}\n'))
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    found = merged([mixed[2], str(packed), str(empty)], tmp_path)
    assert [item["timestamp"] / S for item in found] == [2, 2.5, 6]


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("out.csv", {}, r"out\.csv: .* becomes JSON lines"),
        ("out.pcapng.gz", {}, r"becomes JSON lines"),
        ("out.jsonl", {"format": "pcap"}, "format is for captures of one kind"),
        ("out.jsonl", {"row_names": True}, "row_names is for captures of one kind"),
        ("out.jsonl", {"timestamp": "t"}, r"a\.csv.*'t'"),
    ],
)
def test_what_cannot_be_is_refused(
    mixed: list[str], tmp_path: Path, output: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises((ValueError, ReaderError), match=message):
        merge_files(mixed, tmp_path / output, **options)
    assert not (tmp_path / output).exists()
