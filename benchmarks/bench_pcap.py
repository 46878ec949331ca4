"""Packet captures, beside those who read them one packet at a time.

Every contender of a group reads the same file of packets of 80 bytes to its end and
keeps nothing. `frames` makes int64 times and places of records, `packets` an object for
each packet. The peer struct is what pure Python costs; reading the bytes and no more is
what no reader can be faster than.

Merged are captures of 50,000 packets a second each. Every contender must write the same
packets before it is timed; mergecap takes part where it is installed. The clock is the
CPU time of this process and of its children, and the files are in the page cache.
"""

from __future__ import annotations

import heapq
import shutil
import struct
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bench_files import cpu_seconds
from benchmarks.conftest import Scale
from benchmarks.contest import Contender, Contest
from chronomux.readers import PcapReader
from chronomux.replay import merge_files
from chronomux.writers import PcapWriter

try:
    import dpkt
except ImportError:
    dpkt = None

FORMATS = ["pcap", "pcapng"]
DATA = bytes(range(80))
START = 1_700_000_000_000_000_000  # ns
BLOCK_BYTES = 1 << 16
K = 4  # captures to be merged
STEP = 20_000  # ns between packets of one of them


def capture(folder: Path, format: Any, count: int) -> Path:
    path = folder / f"packets.{format}"
    with PcapWriter(path, format=format) as writer:
        for number in range(count):
            writer.write({"timestamp": START + 1_001 * number, "data": DATA})
    return path


def by_struct(path: Path) -> Iterator[tuple[int, bytes]]:
    """Packets of a pcap or pcapng file as these benchmarks write them."""
    with open(path, "rb") as file:
        yield from (_records if path.suffix == ".pcap" else _blocks)(file.read)


def _records(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    read(24)
    unpack = struct.Struct("<IIII").unpack
    while head := read(16):
        seconds, nanoseconds, captured, _ = unpack(head)
        yield seconds * 10**9 + nanoseconds, read(captured)


def _blocks(read: Callable[[int], bytes]) -> Iterator[tuple[int, bytes]]:
    unpack_kind = struct.Struct("<II").unpack
    unpack = struct.Struct("<IIIII").unpack_from
    while head := read(8):
        kind, size = unpack_kind(head)
        body = read(size - 8)
        if kind == 6:
            _, high, low, captured, _ = unpack(body)
            yield high << 32 | low, body[20 : 20 + captured]


def by_dpkt(path: Path) -> Contender | None:
    if dpkt is None:
        return None
    make = dpkt.pcap.Reader if path.suffix == ".pcap" else dpkt.pcapng.Reader

    def read() -> None:
        with open(path, "rb") as file:
            deque(make(file), maxlen=0)

    return read


def only_bytes(path: Path) -> None:
    with open(path, "rb", buffering=0) as file:
        while file.read(BLOCK_BYTES):
            pass


def consumed(read: Callable[[], Iterator[Any]]) -> Contender:
    return lambda: deque(read(), maxlen=0)


@pytest.mark.parametrize("format", FORMATS)
def test_frames(contest: Contest, scale: Scale, tmp_path: Path, format: str) -> None:
    count = scale(quick=50_000, full=500_000)
    path = capture(tmp_path, format, count)
    assert sum(len(frame.keys) for frame in PcapReader(path).frames()) == count
    contest(
        f"{format} frames",
        consumed(lambda: PcapReader(path).frames()),
        peers={"struct": consumed(lambda: by_struct(path)), "dpkt": by_dpkt(path)},
        yardsticks={"bytes": lambda: only_bytes(path)},
        items=count,
    )


@pytest.mark.parametrize("format", FORMATS)
def test_packets(contest: Contest, scale: Scale, tmp_path: Path, format: str) -> None:
    count = scale(quick=50_000, full=500_000)
    path = capture(tmp_path, format, count)
    pairs = list(PcapReader(path, rows="pair"))
    assert pairs == list(by_struct(path))
    contest(
        f"{format} packets",
        consumed(lambda: iter(PcapReader(path, rows="pair"))),
        peers={"struct": consumed(lambda: by_struct(path)), "dpkt": by_dpkt(path)},
        yardsticks={
            "bytes": lambda: only_bytes(path),
            "mappings": consumed(lambda: iter(PcapReader(path))),
        },
        items=count,
    )


@pytest.mark.benchmark(timer=cpu_seconds)
@pytest.mark.parametrize("format", FORMATS)
def test_merge_of_captures(
    contest: Contest, scale: Scale, tmp_path: Path, format: Any
) -> None:
    n = scale(quick=120_000, full=2_000_000)
    captures = [staggered(tmp_path, format, number, n // K) for number in range(K)]
    out = tmp_path / "out"

    def ours() -> None:
        merge_files(captures, out, format=format)

    def heapq_merge() -> None:
        readers = [iter(PcapReader(path, rows="pair")) for path in captures]
        with PcapWriter(out, format=format) as writer:
            for time, packet in heapq.merge(*readers, key=itemgetter(0)):
                writer.write({"timestamp": time, "data": packet})

    def mergecap() -> None:
        kind = "nsecpcap" if format == "pcap" else "pcapng"
        names = map(str, captures)
        subprocess.run(["mergecap", "-F", kind, "-w", str(out), *names], check=True)

    def cat() -> None:
        with out.open("wb") as sink:
            subprocess.run(["cat", *map(str, captures)], check=True, stdout=sink)

    ours()
    expected = list(by_struct_of(out, format))
    assert len(expected) == n
    installed = shutil.which("mergecap") is not None
    for peer in [heapq_merge, mergecap][: 1 + installed]:
        peer()
        assert list(by_struct_of(out, format)) == expected
    contest(
        f"merge {format} files k={K}",
        ours,
        peers={
            "heapq.merge": heapq_merge,
            "mergecap": mergecap if installed else None,
        },
        yardsticks={"cat": cat},
        items=n,
    )


def staggered(folder: Path, format: Any, number: int, count: int) -> Path:
    """One of the captures to be merged: now and then of the times of another."""
    path = folder / f"{number}.{format}"
    with PcapWriter(path, format=format) as writer:
        for i in range(count):
            time = START + STEP * i + 1_000 * (i * number % 7)
            writer.write({"timestamp": time, "data": DATA})
    return path


def by_struct_of(path: Path, format: str) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from (_records if format == "pcap" else _blocks)(file.read)
