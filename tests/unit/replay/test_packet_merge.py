"""Packet captures in, one chronological packet capture out."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import json
import logging
import lzma
import shutil
import subprocess
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chronomux._core.pcap.copies import Copies
from chronomux._core.pcap.packets import Packets
from chronomux.errors import (
    DisorderError,
    PcapError,
    SCLSyntaxError,
    TimestampError,
)
from chronomux.readers import Packet, PcapReader
from chronomux.replay import MergeReport, merge_files
from tests import reference
from tests.captures import (
    RAW,
    interface,
    packet,
    pcap_header,
    pcap_record,
    section,
    simple_packet,
)

Write = Callable[..., list[Path]]


def pcap(*packets: tuple[int, bytes], linktype: int = 1) -> bytes:
    """A pcap file of (seconds, data)."""
    return pcap_header(linktype=linktype) + b"".join(
        pcap_record(data, seconds) for seconds, data in packets
    )


def pcapng(*packets: tuple[int, bytes], linktype: int = 1) -> bytes:
    return (
        section()
        + interface(linktype)
        + b"".join(packet(data, seconds * 10**6) for seconds, data in packets)
    )


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_all(*contents: bytes) -> list[Path]:
        paths = [tmp_path / chr(ord("a") + i) for i in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        return paths

    return write_all


def merged(paths: list[Path], **options: Any) -> tuple[list[Packet], MergeReport]:
    out = io.BytesIO()
    report = merge_files(paths, out, **options)
    return list(PcapReader(io.BytesIO(out.getvalue()))), report


def data_of(paths: list[Path], **options: Any) -> list[bytes]:
    return [packet.data for packet in merged(paths, **options)[0]]


def test_ties_go_to_the_file_named_first(write: Write) -> None:
    paths = write(pcap((2, b"a2"), (3, b"a3")), pcapng((1, b"b1"), (2, b"b2")))
    assert data_of(paths) == [b"b1", b"a2", b"b2", b"a3"]
    assert data_of(paths[::-1]) == [b"b1", b"b2", b"a2", b"a3"]


def test_the_report_tells_what_was_found(write: Write) -> None:
    paths = write(pcap((2, b""), (5, b"")), pcap())
    _, report = merged(paths)
    first, second = report.sources
    assert (report.records, report.written, first.records) == (2, 2, 2)
    assert (first.first, first.last) == (2 * 10**9, 5 * 10**9)
    assert (second.records, second.first) == (0, None)
    assert first.has_packets


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_captures_are_known_by_their_content(
    write: Write, pack: Callable[[bytes], bytes]
) -> None:
    paths = write(pack(pcap((2, b"a2"))), pack(pcapng((1, b"b1"))))
    assert data_of(paths) == [b"b1", b"a2"]


def test_interfaces_are_named_after_their_files(write: Write) -> None:
    two = section() + 2 * interface() + packet(b"x", 0, 1) + packet(b"y", 0, 0)
    paths = write(two, pcap((1, b"z"), linktype=RAW))
    out = io.BytesIO()
    merge_files(paths, out)
    assert out.getvalue().count(bytes(paths[0])) == 2
    assert out.getvalue().count(bytes(paths[1])) == 1
    got = [(p.data, p.interface, p.linktype) for p in PcapReader(out_again(out))]
    assert got == [(b"x", 0, 1), (b"y", 1, 1), (b"z", 2, RAW)]


def out_again(out: io.BytesIO) -> io.BytesIO:
    return io.BytesIO(out.getvalue())


@pytest.mark.parametrize("format", ["pcapng", "pcap"])
def test_captures_without_packets_give_one_without_packets(
    write: Write, format: str
) -> None:
    assert data_of(write(pcap(), section()), format=format) == []


def test_pcap_has_one_linktype(write: Write) -> None:
    paths = write(pcap((1, b"")), pcap((2, b""), linktype=RAW))
    with pytest.raises(ValueError, match=r"b: has packets of linktype 101.*'pcapng'"):
        merged(paths, format="pcap")


def test_two_linktypes_in_one_capture_leave_no_pcap(
    write: Write, tmp_path: Path
) -> None:
    first = b"".join(packet(b"a", number) for number in range(5000))
    paths = write(section() + interface() + interface(RAW) + first + packet(b"", 9, 1))
    with pytest.raises(ValueError, match="linktype 101, and those before have 1"):
        merge_files(paths, tmp_path / "out", format="pcap")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("room", [1, 60, 1000, 1 << 18])
@pytest.mark.parametrize("in_blocks", [False, True])
def test_frames_of_any_size_hold_the_same_records(room: int, in_blocks: bool) -> None:
    data = pcap(*((number, bytes(number % 200)) for number in range(9000)))[:-1]
    packets = Packets("made")
    packets.read = partial(io.BytesIO(data).read, 1 << 16)
    copies = Copies(packets, lambda interface, linktype: 7, in_blocks, 5, room)
    times, sizes, place = [], [], 24
    for _ in range(9000):
        try:
            frame = copies.next_frame()
        except PcapError:
            break
        assert frame is not None
        keys, offsets, rows = frame
        assert len(rows) == offsets[-1]
        assert copies.place(0) == place
        place += sum(16 + (len(times) + i) % 200 for i in range(len(keys)))
        times.extend(keys)
        sizes.extend(end - begin for begin, end in itertools.pairwise(offsets))
    assert times == [number * 10**9 + 5 for number in range(8999)]
    assert sizes == [
        32 + (number % 200 + 3) // 4 * 4 if in_blocks else 16 + number % 200
        for number in range(8999)
    ]


# Packets without a time


def test_a_packet_without_a_time_stays_behind_its_predecessor(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    a = section() + interface() + packet(b"a1", 10**6) + simple_packet(b"a?")
    with caplog.at_level(logging.WARNING, "chronomux"):
        paths = write(pcap((1, b"b1"), (2, b"b2")), a + packet(b"a3", 3 * 10**6))
        packets, report = merged(paths)
    assert [p.data for p in packets] == [b"b1", b"a1", b"a?", b"b2", b"a3"]
    assert [source.untimed for source in report.sources] == [0, 1]
    assert f"{paths[1]}: packets without a time: 1" in caplog.text


def test_one_that_is_late_takes_it_along_when_put_in_order(write: Write) -> None:
    a = section() + interface() + packet(b"a2", 2 * 10**6) + packet(b"a1", 10**6)
    paths = write(a + simple_packet(b"a?") + packet(b"a3", 3 * 10**6))
    assert data_of(paths, order="sort") == [b"a1", b"a?", b"a2", b"a3"]


def test_before_all_times_it_comes_first_and_is_of_1970(write: Write) -> None:
    a = section() + interface() + simple_packet(b"a?") + packet(b"a1", 10**6)
    packets, _ = merged(write(pcap((1, b"b1")), a))
    assert [(p.timestamp, p.data) for p in packets] == [
        (0, b"a?"),
        (10**9, b"b1"),
        (10**9, b"a1"),
    ]


def test_times_outside_int64_are_treated_as_asked(write: Write) -> None:
    far = section() + interface() + packet(b"a1", 10**6) + packet(b"far", 2**64 - 1)
    paths = write(far + packet(b"a2", 2 * 10**6))
    with pytest.raises(TimestampError, match=r"a@\d+: a time of"):
        merged(paths)
    assert data_of(paths, on_error="skip") == [b"a1", b"a2"]
    packets, report = merged(paths, on_error="null")
    assert [p.timestamp for p in packets] == [10**9, 10**9, 2 * 10**9]
    assert report.sources[0].untimed == 1


# Order, spans, offsets, conditions


def test_late_packets_are_treated_as_asked(write: Write) -> None:
    paths = write(pcap((5, b"a5"), (2, b"a2"), (4, b"a4")), pcap((3, b"b3")))
    with pytest.raises(DisorderError, match=r"a@42: time .* is 3 s before") as caught:
        merged(paths, order="strict")
    assert (caught.value.input, caught.value.position) == (0, 1)
    with pytest.raises(DisorderError, match=r"a@42: .* window of 1 s"):
        merged(paths)
    assert data_of(paths, window="3s") == [b"a2", b"b3", b"a4", b"a5"]
    assert data_of(paths, late="drop") == [b"b3", b"a4", b"a5"]
    assert data_of(paths, late="emit") == [b"b3", b"a2", b"a4", b"a5"]
    assert data_of(paths, order="keep") == [b"a5", b"a2", b"a4", b"b3"]
    report = merged(paths, late="drop")[1].sources[0]
    assert (report.late, report.dropped, report.first_late) == (2, 1, 42)


def test_spans_and_numbers_of_packets(write: Write) -> None:
    paths = write(pcap((1, b"a1"), (4, b"a4")), pcap((2, b"b2"), (3, b"b3")))
    assert data_of(paths, start="+1s", duration="2s") == [b"b2", b"b3"]
    assert data_of(paths, most=3) == [b"a1", b"b2", b"b3"]
    assert data_of(paths, most=0) == []


def test_offsets_move_the_written_times_too(write: Write) -> None:
    paths = write(pcap((1, b"a1")), pcap((2, b"b2")))
    packets, _ = merged(paths, offsets={str(paths[0]): "2.5s"})
    assert [(p.timestamp, p.data) for p in packets] == [
        (2 * 10**9, b"b2"),
        (3_500_000_000, b"a1"),
    ]


@pytest.mark.parametrize(
    ("format", "by", "text"),
    [
        ("pcapng", "-2s", r"a@24: a time of -1000000000 ns is before 1970"),
        ("pcap", "50000d", r"is not before 2106; write pcapng"),
        ("pcapng", 2**63 - 1, r"is not before 2262"),
    ],
)
def test_times_that_no_capture_holds_are_errors(
    write: Write, format: str, by: Any, text: str
) -> None:
    paths = write(pcap((1, b"a1")))
    with pytest.raises(TimestampError, match=text):
        merged(paths, offsets={str(paths[0]): by}, format=format)


def udp(port: int) -> bytes:
    """A UDP datagram over IPv4, as linktype RAW has it."""
    ip = bytes.fromhex("4500001c000000004011000001020304050607 08".replace(" ", ""))
    return ip + bytes([0, 9]) + port.to_bytes(2, "big") + bytes([0, 8, 0, 0])


@pytest.mark.parametrize("format", ["pcapng", "pcap"])
def test_conditions_see_packets_and_their_layers(write: Write, format: str) -> None:
    paths = write(
        pcap((1, udp(53)), (3, udp(80)), linktype=RAW),
        pcapng((2, udp(53)), (4, udp(53) + b"!"), linktype=RAW),
    )
    assert data_of(paths, where="udp=(dstport=53)", exclude="length=29") == 2 * [
        udp(53)
    ]
    assert data_of(paths, exclude="udp=(dstport=53)") == [udp(80)]
    packets, report = merged(paths, where="udp=(dstport=53)", most=2, format=format)
    assert [p.timestamp for p in packets] == [10**9, 2 * 10**9]
    assert (report.written, report.records) == (2, 4)
    with pytest.raises(SCLSyntaxError):
        merged(paths, where="udp=(")


def test_what_is_not_wanted_may_be_late_all_the_same(write: Write) -> None:
    paths = write(pcap((5, udp(53)), (2, udp(80)), linktype=RAW))
    with pytest.raises(DisorderError):
        merged(paths, where="udp=(dstport=53)")


# Damage


def test_a_cut_capture_gives_its_good_packets_then_the_error(
    write: Write, tmp_path: Path
) -> None:
    paths = write(pcap((1, b"a1"), (3, b"a3"))[:-1], pcap((2, b"b2"), (4, b"b4")))
    out = tmp_path / "out"
    with pytest.raises(PcapError, match=r"a@42: the file ends at 59, within a record"):
        merge_files(paths, out)
    assert [p.data for p in PcapReader(out)] == [b"a1", b"b2", b"b4"]


def test_so_does_a_cut_gzip_and_every_error_is_told(
    write: Write, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = gzip.compress(pcap(*((number, bytes(99)) for number in range(500))))
    paths = write(whole[: len(whole) // 2], pcapng((2, b"b2"), (4, b"b4"))[:-1])
    out = tmp_path / "out"
    with pytest.raises(PcapError, match="b@84: the file ends at 119"):
        merge_files(paths, out)
    assert f"{paths[0]}@{len(whole) // 2}: gzip data ends early" in caplog.text
    found = [p.data for p in PcapReader(out)]
    assert b"b2" in found
    assert len(found) > 100


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", r"b@0: is empty"),
        (pcap((1, b"a1"))[:30], r"b@24: the file ends at 30"),
        (pcap_header(version=(9, 9)), r"b@0: version 9.9 is not known"),
    ],
)
def test_what_has_no_packet_before_its_damage_is_refused_at_once(
    write: Write, tmp_path: Path, content: bytes, text: str
) -> None:
    paths = write(pcap((1, b"a1")), content)
    with pytest.raises(PcapError, match=text):
        merge_files(paths, tmp_path / "out")
    assert not (tmp_path / "out").exists()


# Usage


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"timestamp": "t"}, "timestamp is for CSV"),
        ({"row_names": True}, "row_names is for CSV"),
        ({"add_source": True}, "add_source is for CSV"),
        ({"format": "csv"}, "use 'pcapng' or 'pcap'"),
        ({"on_error": "ignore"}, "use 'raise', 'skip' or 'null'"),
    ],
)
def test_options_that_packets_do_not_have_are_refused(
    write: Write, options: Any, text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        merged(write(pcap((1, b""))), **options)


def test_csv_needs_its_column_and_no_format(write: Write) -> None:
    paths = write(b"t,x\n1,a\n")
    with pytest.raises(ValueError, match=r"a: which column .*--timestamp COLUMN"):
        merged(paths)
    with pytest.raises(ValueError, match="format='pcap' is for packet captures"):
        merged(paths, timestamp="t", format="pcap")


@pytest.mark.parametrize("name", ["out.csv", "out.txt.gz"])
def test_packets_are_not_written_as_text(
    write: Write, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValueError, match="give the output a name that ends in"):
        merge_files(write(pcap((1, b""))), tmp_path / name)
    assert not (tmp_path / name).exists()


# Captures gathered from other projects' suites


DAMAGED = {"dpkt__truncated_dns_2.pcap", "gopacket__be_test901.pcapng"}


def gathered(conformance: Path) -> dict[Path, list[Packet]]:
    """The packets of each, up to its damage."""
    folder = conformance / "captures"
    found: dict[Path, list[Packet]] = {}
    for case in json.loads((folder / "expected.json").read_text()):
        packets = found[folder / case["file"]] = []
        try:
            packets.extend(PcapReader(folder / case["file"], on_error="skip"))
        except PcapError:
            assert packets
    return found


def by_sorting(captures: list[list[Packet]]) -> list[tuple[Any, ...]]:
    in_order = reference.merge(captures, key=lambda p: reference.rank(p.timestamp))
    return [(p.timestamp or 0, p.data, p.length, p.linktype) for p in in_order]


def test_gathered_captures_are_merged_exactly_two_by_two(
    conformance: Path, tmp_path: Path
) -> None:
    captures = gathered(conformance)
    damaged = {path for path in captures if path.name in DAMAGED}
    out = tmp_path / "out"
    for pair in itertools.combinations(captures, 2):
        # Their good packets are there all the same.
        with pytest.raises(PcapError) if damaged & {*pair} else nullcontext():
            merge_files(pair, out, order="sort", on_error="skip")
        got = [(p.timestamp, p.data, p.length, p.linktype) for p in PcapReader(out)]
        assert got == by_sorting([captures[path] for path in pair]), pair


def test_gathered_captures_of_one_linktype_are_merged_exactly_into_pcap(
    conformance: Path, tmp_path: Path
) -> None:
    captures = {
        path: packets
        for path, packets in gathered(conformance).items()
        if {packet.linktype for packet in packets} == {1}
    }
    assert len(captures) > 10
    out = tmp_path / "out"
    with pytest.raises(PcapError, match=r"version 2\.0 is not known"):
        merge_files([*captures], out, order="sort", on_error="skip", format="pcap")
    got = [(p.timestamp, p.data, p.length, p.linktype) for p in PcapReader(out)]
    assert got == by_sorting([*captures.values()])


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("format", ["pcapng", "pcap"])
def test_tshark_reads_what_was_merged(write: Write, format: Any) -> None:
    frames = [bytes([number]) * 60 for number in range(4)]
    paths = write(
        pcap((1, frames[0]), (3, frames[2])), pcapng((2, frames[1]), (4, frames[3]))
    )
    out = paths[0].with_name("out")
    merge_files(paths, out, format=format)
    fields = ["frame.time_epoch", "frame.interface_id", "eth.dst"]
    run = subprocess.run(
        ["tshark", "-r", out, "-T", "fields", *(f"-e{field}" for field in fields)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = [line.split("\t") for line in run.stdout.splitlines()]
    assert [float(time) for time, _, _ in lines] == [1.0, 2.0, 3.0, 4.0]
    assert [mac[:2] for _, _, mac in lines] == ["00", "01", "02", "03"]
    if format == "pcapng":
        assert [number for _, number, _ in lines] == ["0", "1", "0", "1"]
