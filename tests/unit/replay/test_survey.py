"""What `info` finds, beside a slow count of the same."""

from __future__ import annotations

import io
import json
from array import array
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chronomux
from chronomux.replay.survey import SourceInfo, TimeCount
from tests.captures import (
    interface,
    packet,
    pcap_header,
    pcap_record,
    section,
    simple_packet,
)
from tests.unit.readers.test_pcap_conformance import CHOICES

NO_TIME = -(2**63)
times = st.integers(-(2**63), 2**63 - 1) | st.integers(0, 5) | st.just(NO_TIME)


def slow_count(batches: list[list[int]]) -> SourceInfo:
    """One by one, in Python's own numbers."""
    info = SourceInfo("x")
    highest = latest = None
    for time in (time for batch in batches for time in batch):
        info.records += 1
        if time == NO_TIME:
            info.untimed += 1
            continue
        info.first = time if info.first is None else min(info.first, time)
        if highest is not None:
            info.ties += time == latest
            info.late += time < highest
            info.largest_step_back = max(info.largest_step_back, highest - time)
            info.longest_gap = max(info.longest_gap, time - highest)
        highest = time if highest is None else max(highest, time)
        latest = time
    info.last = highest
    return info


@given(st.lists(st.lists(times, max_size=6), max_size=5))
def test_times_are_counted_as_one_by_one(batches: list[list[int]]) -> None:
    found = SourceInfo("x")
    count = TimeCount(found)
    for batch in batches:
        count.add(array("q", batch))
        if len(batch) % 2:
            count.finish()
    count.finish()
    assert found == slow_count(batches)


def info_of(data: bytes, **options: Any) -> SourceInfo:
    (info,) = chronomux.open(io.BytesIO(data), **options).info()
    return info


def test_a_csv_file_is_told_of() -> None:
    data = b"time,v\n1,a\n3,b\n3,c\n2.5,d\nnever,e\n10,f\n"
    info = info_of(data, format="csv")
    assert (info.records, info.first, info.last) == (6, 10**9, 10**10)
    assert (info.late, info.ties, info.untimed) == (1, 1, 1)
    assert (info.largest_step_back, info.longest_gap) == (5 * 10**8, 7 * 10**9)
    assert (info.duration, info.rate, info.in_order) == (9 * 10**9, 4 / 9, False)
    assert info.error is None


def test_packets_without_a_time_of_their_own_are_counted_once() -> None:
    blocks = [section(), interface(), simple_packet(b"s"), packet(b"p", 5)]
    info = info_of(b"".join([*blocks, simple_packet(b"t")]))
    assert (info.format, info.records, info.untimed) == ("pcapng", 3, 2)
    assert (info.first, info.last, info.interfaces) == (5000, 5000, 1)
    assert info.rate is None


def test_damage_is_noted_behind_what_was_read() -> None:
    data = pcap_header() + pcap_record(b"abc", 7) + pcap_record(b"abc", 8)[:-1]
    info = info_of(data)
    assert (info.records, info.first, info.in_order) == (1, 7 * 10**9, None)
    assert info.error is not None
    assert info.error.startswith("<BytesIO>@43: the file ends")


@pytest.mark.parametrize(
    ("name", "records"),
    [("a.csv", 0), ("a.tsv", 0), ("a.jsonl", 0), ("a.scl", 0), ("a.pcap", None)],
)
def test_an_empty_file_holds_nothing(tmp_path: Path, name: str, records: Any) -> None:
    (tmp_path / name).touch()
    capture = chronomux.open(tmp_path / name)
    (info,) = capture.info()
    assert (info.records, info.first, info.in_order) == (0, None, None)
    assert (info.error is None) == (records is not None)


def test_every_format_is_told_of_from_its_frames(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes(b"time\tv\n1\ta\n2\tb\n")
    (tmp_path / "b.jsonl").write_bytes(b'{"time": 1}\n{"time": 2}\n')
    (tmp_path / "c.scl").write_bytes(b"1 v=a\n2 v=b\n")
    for info in chronomux.open(tmp_path).info():
        assert (info.records, info.first, info.last) == (2, 10**9, 2 * 10**9)
        assert info.in_order


def test_all_is_given_in_types_that_json_has() -> None:
    found = info_of(b"time\n1\n2\n", format="csv").as_dict()
    assert found["duration"] == 10**9
    assert found["rate"] == 1.0
    assert found["in_order"] is True


def test_captures_are_told_of_as_tshark_does(conformance: Path) -> None:
    """Where no packet lacks a time of its own: tshark counts those otherwise."""
    folder, compared = conformance / "captures", 0
    for case in json.loads((folder / "expected.json").read_text()):
        tshark = case["tshark"]
        (info,) = chronomux.open(folder / case["file"]).info()
        if info.error or info.untimed or case["file"] in CHOICES:
            continue
        assert (info.records, info.first, info.last, info.ties, info.in_order) == (
            tshark["packets"],
            tshark["min_ns"],
            tshark["max_ns"],
            tshark["equal_neighbours"],
            None if info.first is None else not tshark["backward_steps"],
        ), case["file"]
        compared += 1
    assert compared >= 20
