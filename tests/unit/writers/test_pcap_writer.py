"""What PcapWriter writes, PcapReader and other tools read."""

from __future__ import annotations

import gc
import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux.errors import PcapError
from chronomux.readers import Packet, PcapReader
from chronomux.writers import PcapWriter

TIME = 1_700_000_000_123_456_789
FORMATS = ["pcapng", "pcap"]

packets = st.builds(
    Packet,
    st.integers(0, 2**32 * 10**9 - 1),
    st.binary(max_size=30),
    st.integers(0, 2**32 - 1),
    st.just(0),
    st.just(113),
)


def written(packets: list[Any], **options: Any) -> bytes:
    file = io.BytesIO()
    with PcapWriter(file, **options) as writer:
        for packet in packets:
            writer.write(packet)
    return file.getvalue()


def read(data: bytes) -> list[Packet]:
    return list(PcapReader(io.BytesIO(data)))


@pytest.mark.parametrize("format", FORMATS)
@given(found=st.lists(packets, max_size=6))
def test_packets_come_back_as_they_were(format: str, found: list[Packet]) -> None:
    assert read(written(found, format=format)) == found


def test_a_dict_will_do() -> None:
    (got,) = read(written([{"timestamp": 5, "data": b"abc"}]))
    assert got == Packet(5, b"abc")


def test_interfaces_of_each_source_stay_apart() -> None:
    file = io.BytesIO()
    with PcapWriter(file) as writer:
        for source, interface, linktype in [
            ("a", 0, 1),
            ("b", 0, 1),
            ("a", 0, 1),
            ("a", 3, 1),
            ("b", 0, 101),
        ]:
            packet = Packet(5, b"", interface=interface, linktype=linktype)
            writer.write(packet, source)
    got = [(packet.interface, packet.linktype) for packet in read(file.getvalue())]
    assert got == [(0, 1), (1, 1), (0, 1), (2, 1), (3, 101)]
    assert not file.closed


@pytest.mark.parametrize("format", FORMATS)
def test_a_capture_without_packets_is_one(tmp_path: Path, format: Any) -> None:
    path = tmp_path / "empty"
    writer = PcapWriter(path, format=format)
    writer.close()
    writer.close()
    assert list(PcapReader(path)) == []
    with pytest.raises(ValueError, match="closed"):
        writer.write(Packet(5, b""))


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        ({"timestamp": None, "data": b""}, "packet 1 has no time"),
        ({"timestamp": -1, "data": b""}, "packet 1 is of -1 ns"),
        ({"timestamp": 0, "data": b"", "length": 2**32}, "4294967296 bytes"),
        ({"timestamp": 0, "data": b"", "linktype": 2**16}, "linktype 65536"),
    ],
)
@pytest.mark.parametrize("format", FORMATS)
def test_what_does_not_fit_is_an_error_and_is_not_written(
    format: str, packet: dict[str, Any], text: str
) -> None:
    file = io.BytesIO()
    with PcapWriter(file, format=format) as writer:  # type: ignore[arg-type]
        writer.write(Packet(5, b"abc"))
        with pytest.raises(PcapError, match=text):
            writer.write(packet)
    assert read(file.getvalue()) == [Packet(5, b"abc")]


def test_pcap_has_one_linktype() -> None:
    with pytest.raises(PcapError, match="linktype 101, and those before have 1"):
        written([Packet(5, b""), Packet(5, b"", linktype=101)], format="pcap")


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="format='csv'"):
        PcapWriter(tmp_path / "x", format="csv")  # type: ignore[arg-type]


@pytest.mark.skipif(not shutil.which("tshark"), reason="tshark is not installed")
@pytest.mark.parametrize("format", FORMATS)
def test_tshark_reads_the_same_times(tmp_path: Path, format: str) -> None:
    path = tmp_path / "capture"
    path.write_bytes(
        written([Packet(TIME + i, bytes(60)) for i in range(3)], format=format)
    )
    run = subprocess.run(
        ["tshark", "-r", path, "-T", "fields", "-e", "frame.time_epoch"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    times = [int(line.replace(".", "")) for line in run.stdout.split()]
    assert times == [TIME, TIME + 1, TIME + 2]


def test_the_old_capture_stands_until_the_new_one_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "capture"
    path.write_bytes(b"old")
    with PcapWriter(path) as writer:
        writer.write(Packet(5, b"abc"))
        assert path.read_bytes() == b"old"
    assert list(PcapReader(path)) == [Packet(5, b"abc")]
    assert [each.name for each in tmp_path.iterdir()] == ["capture"]


def test_an_exception_leaves_no_half_capture(tmp_path: Path) -> None:
    def interrupted() -> None:
        with PcapWriter(tmp_path / "capture") as writer:
            writer.write(Packet(5, b"abc"))
            writer.write({"timestamp": None, "data": b""})

    with pytest.raises(PcapError, match="packet 1 has no time"):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_nobody_closes_leaves_nothing(tmp_path: Path) -> None:
    writer = PcapWriter(tmp_path / "capture")
    writer.write(Packet(5, b"abc"))
    del writer
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_compresses(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcapng.gz"
    with PcapWriter(path) as writer:
        writer.write(Packet(5, b"abc"))
    assert path.read_bytes()[:2] == b"\x1f\x8b"
    assert list(PcapReader(path)) == [Packet(5, b"abc")]
