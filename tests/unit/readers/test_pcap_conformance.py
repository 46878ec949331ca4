"""Captures gathered from other projects' suites, beside what tshark says of them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import PcapError, TimestampError
from chronomux.readers import PcapReader

# Where readers disagree: what we give instead of tshark, and why.
CHOICES: dict[str, dict[str, Any]] = {
    # A leading packet without a time has no predecessor to get one from; tshark's first
    # time is that of the first packet that has one. Here it stands as `None`.
    "pcapng-test-generator__le_test012.pcapng": {"first_ns": None},
    "pcapng-test-generator__le_test016.pcapng": {"first_ns": None},
    "pcapng-test-generator__le_test100.pcapng": {"first_ns": None},
    # tshark counts custom blocks as packets; capinfos and we do not.
    "pcapng-test-generator__be_test102.pcapng": {
        "packets": 5,
        "no_timestamp": 1,
        "captured_bytes": 798,
    },
    "pcapng-test-generator__le_test202.pcapng": {
        "packets": 8,
        "no_timestamp": 2,
        "captured_bytes": 1040,
    },
    # A length that is no multiple of 4 does not count the padding, in packets without
    # a time too; tshark reads such lengths only in packets that have one.
    "python-pcapng__test007.ntar": {
        "packets": 1,
        "no_timestamp": 1,
        "captured_bytes": 96,
    },
    # 2**31 us are more than a second: we add them, tshark's product overflows.
    "tcpdump__timestamp_invalid_micro.pcap": {"last_ns": 1418147517483648000},
    # -505 s written into an unsigned number: tshark gives the year 586,524, which no
    # int64 of ns can hold. Of 159 packets 100 are so.
    "PcapPlusPlus__pcapng-example.pcapng": {"last_ns": None, "bad_times": 100},
    "PcapPlusPlus__pcapng-example.pcapng.zst": {"last_ns": None, "bad_times": 100},
}
# What ends early for tshark too, and where.
ERRORS = {
    "dpkt__truncated_dns_2.pcap": "@240: the file ends at 247",
    # A section of another version may have other blocks: gopacket skips it.
    "gopacket__be_test901.pcapng": "@480: version 2.0 is not known",
}


def cases(conformance: Path) -> list[dict[str, Any]]:
    folder = conformance / "captures"
    found: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text())
    return [{**case, "path": folder / case["file"]} for case in found]


def summary(path: Path) -> tuple[dict[str, Any], str]:
    """What tshark's summary says, and the error that ended the reading."""
    reader = PcapReader(path, on_error="null")
    packets, error = [], ""
    try:
        packets.extend(reader)
    except PcapError as raised:
        error = str(raised).removeprefix(str(path))
    times = [packet.timestamp for packet in packets]
    return {
        "packets": len(packets),
        "no_timestamp": reader.stats.untimed,
        "first_ns": times[0] if times else None,
        "last_ns": times[-1] if times else None,
        "captured_bytes": sum(len(packet.data) for packet in packets),
        "bad_times": reader.stats.bad_times,
    }, error


def test_counts_and_times_are_exact_on_every_gathered_capture(
    conformance: Path,
) -> None:
    gathered = cases(conformance)
    assert len(gathered) >= 36
    wrong = []
    for case in gathered:
        name = case["file"]
        expected = {**case["tshark"], "bad_times": 0, **CHOICES.get(name, {})}
        got, error = summary(case["path"])
        if any(got[key] != expected[key] for key in got):
            wrong.append((name, got, {key: expected[key] for key in got}))
        if not error.startswith(ERRORS.get(name, "")) or bool(error) != (
            name in ERRORS
        ):
            wrong.append((name, error))
    assert wrong == []


def test_smallest_and_largest_times_are_tsharks(conformance: Path) -> None:
    for case in cases(conformance):
        if case["file"] in CHOICES or case["file"] in ERRORS:
            continue
        times = [packet.timestamp for packet in PcapReader(case["path"])]
        steps = list(itertools.pairwise(times))
        assert {
            "min_ns": min(times, default=None),
            "max_ns": max(times, default=None),
            "backward_steps": sum(b < a for a, b in steps),
        }.items() <= case["tshark"].items(), case["file"]


def test_layers_of_every_gathered_packet_can_be_decoded(conformance: Path) -> None:
    layers: set[str] = set()
    for case in cases(conformance):
        reader = PcapReader(case["path"], on_error="skip")
        try:
            for packet in reader:
                layers.update(packet)
                assert dict(packet) == packet
        except PcapError:
            assert case["file"] in ERRORS
    assert {"eth", "ip", "udp", "tcp", "sll"} <= layers


def test_frames_have_the_times_of_the_packets(conformance: Path) -> None:
    for case in cases(conformance):
        if case["file"] in ERRORS:
            continue
        packets = list(PcapReader(case["path"], on_error="null"))
        frames = list(PcapReader(case["path"], on_error="null").frames())
        keys = [key for frame in frames for key in frame.keys]
        times = [packet.timestamp for packet in packets]
        assert keys == [-(2**63) if time is None else time for time in times]
        rows = [
            bytes(frame.rows[frame.offsets[i] : frame.offsets[i + 1]])
            for frame in frames
            for i in range(len(frame.keys))
        ]
        assert all(
            packet.data in row for packet, row in zip(packets, rows, strict=True)
        )


def test_a_time_outside_int64_is_an_error_with_its_place(conformance: Path) -> None:
    path = conformance / "captures" / "PcapPlusPlus__pcapng-example.pcapng"
    reader = PcapReader(path)
    good = []
    with pytest.raises(TimestampError, match=r"pcapng@10752: a time of 18446744"):
        good.extend(reader)
    assert len(good) == 59
