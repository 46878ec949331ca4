"""PcapReader over captures made block by block."""

from __future__ import annotations

import bz2
import gzip
import io
import logging
import lzma
import pickle
import queue
import tracemalloc
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import PcapError, ReaderError, TimestampError
from chronomux.readers import Packet, PcapReader
from tests.captures import (
    BIG,
    LITTLE,
    MICRO,
    MODIFIED,
    NANO,
    RAW,
    block,
    interface,
    old_packet,
    option,
    packet,
    pcap_header,
    pcap_record,
    section,
    simple_packet,
)

TIME = 1_700_000_000  # s


def reader_of(data: bytes, **options: Any) -> PcapReader:
    return PcapReader(io.BytesIO(data), **options)


def packets_of(data: bytes, **options: Any) -> list[Packet]:
    return list(reader_of(data, **options))


def times_of(data: bytes, **options: Any) -> list[int | None]:
    return [packet.timestamp for packet in packets_of(data, **options)]


def until_error(reader: PcapReader) -> tuple[list[Any], ReaderError]:
    """The items before the error, and it."""
    good: list[Any] = []
    with pytest.raises(ReaderError) as raised:
        good.extend(reader)
    return good, raised.value


# pcap


@pytest.mark.parametrize("order", [LITTLE, BIG])
@pytest.mark.parametrize(
    ("magic", "nanoseconds"), [(MICRO, 5_000), (NANO, 5), (MODIFIED, 5_000)]
)
def test_times_are_exact_in_either_byte_order(
    order: str, magic: int, nanoseconds: int
) -> None:
    data = pcap_header(order, magic) + pcap_record(
        b"abc", TIME, 5, length=60, order=order, is_modified=magic == MODIFIED
    )
    (got,) = packets_of(data)
    assert got == {
        "timestamp": TIME * 10**9 + nanoseconds,
        "data": b"abc",
        "length": 60,
        "interface": 0,
        "linktype": 1,
    }


def test_seconds_are_unsigned() -> None:
    data = pcap_header() + pcap_record(b"", 2**32 - 1, 999_999)
    assert times_of(data) == [(2**32 - 1) * 10**9 + 999_999_000]


@pytest.mark.parametrize("version", [(2, 0), (2, 2), (543, 0)])
def test_lengths_stand_the_other_way_round_in_old_versions(
    version: tuple[int, int],
) -> None:
    record = bytearray(pcap_record(b"abc", length=60))
    record[8:16] = record[12:16] + record[8:12]
    (got,) = packets_of(pcap_header(version=version) + record)
    assert (got.data, got.length) == (b"abc", 60)


def test_frame_check_bits_are_no_part_of_the_linktype() -> None:
    data = pcap_header(linktype=0x2400_0000 | RAW) + pcap_record(b"")
    assert packets_of(data)[0].linktype == RAW


# pcapng


@pytest.mark.parametrize(
    ("resolution", "offset", "ticks", "time"),
    [
        (None, None, 1_700_000_000_000_001, 1_700_000_000_000_001_000),
        (0, None, TIME, TIME * 10**9),
        (9, None, 1_700_000_000_000_000_001, 1_700_000_000_000_000_001),
        (12, None, 1_999, 1),
        (19, None, 2**64 - 1, 1_844_674_407),
        (28, None, 2**64 - 1, 1),
        (29, None, 2**64 - 1, 0),
        (127, None, 2**64 - 1, 0),
        (0x80, None, TIME, TIME * 10**9),
        (0x80 | 20, None, TIME << 20 | 1, TIME * 10**9 + 953),
        (0x80 | 64, None, 2**64 - 1, 999_999_999),
        (0x80 | 127, None, 2**64 - 1, 0),
        (6, TIME, 1, TIME * 10**9 + 1_000),
        (6, -1, 0, -(10**9)),
        (9, -TIME, 0, -TIME * 10**9),
        (9, None, 2**63 - 1, 2**63 - 1),
        (9, -(10**10), 2**64 - 1, 2**64 - 1 - 10**19),
    ],
)
def test_times_of_any_resolution_are_exact(
    resolution: int | None, offset: int | None, ticks: int, time: int
) -> None:
    data = section() + interface(resolution=resolution, offset=offset)
    assert times_of(data + packet(b"", ticks)) == [time]


def test_sections_have_their_own_byte_order_and_interfaces() -> None:
    data = (
        section(LITTLE)
        + interface(resolution=9)
        + packet(b"a", 1)
        + section(BIG)
        + interface(order=BIG)
        + interface(RAW, order=BIG)
        + packet(b"b", 2, 0, order=BIG)
        + packet(b"c", 3, 1, order=BIG)
    )
    reader = reader_of(data)
    got = [(p.timestamp, p.data, p.interface, p.linktype) for p in reader]
    assert got == [(1, b"a", 0, 1), (2_000, b"b", 1, 1), (3_000, b"c", 2, RAW)]
    assert reader.stats.interfaces == 3


def test_other_blocks_are_passed_over_however_long() -> None:
    data = (
        section(options=option(4, b"writer"))
        + block(0xBAD, b"custom" * 3)
        + interface()
        + block(5, bytes(300_000))  # more than is read at once
        + packet(b"a", 1)
        + block(0x7FFFFFFF, b"")
        + packet(b"b", 2)
        + block(4, b"names")
    )
    assert [p.data for p in packets_of(data, packet_size_limit=64)] == [b"a", b"b"]
    frames = list(reader_of(data, packet_size_limit=64).frames())
    rows = [bytes(frame.rows[frame.offsets[0] :]) for frame in frames]
    assert b"".join(rows) == packet(b"a", 1) + packet(b"b", 2)


def test_packets_without_a_time_stay_behind_their_predecessors(
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = section() + interface(snaplen=4) + simple_packet(b"a")
    data += packet(b"b", 7) + simple_packet(b"cdef", 9) + old_packet(b"g", 8)
    reader = reader_of(data)
    with caplog.at_level(logging.WARNING, "chronomux"):
        got = list(reader)
    assert [(p.timestamp, p.data, p.length) for p in got] == [
        (None, b"a", 1),
        (7_000, b"b", 1),
        (7_000, b"cdef", 9),
        (8_000, b"g", 1),
    ]
    assert reader.stats.untimed == 2
    assert "packets without a time: 2" in caplog.text


@pytest.mark.parametrize(
    ("on_error", "times"), [("skip", [1_000, 2_000]), ("null", [1_000, None, 2_000])]
)
def test_times_outside_int64_are_counted(
    on_error: str, times: list[int | None], caplog: pytest.LogCaptureFixture
) -> None:
    start = section() + interface() + packet(b"", 1)
    data = start + packet(b"", 2**64 - 1) + packet(b"", 2)
    reader = reader_of(data, on_error=on_error)
    assert [p.timestamp for p in reader] == times
    assert reader.stats.bad_times == 1
    assert f"the first at offset {len(start)}" in caplog.text
    good, error = until_error(reader_of(data))
    assert len(good) == 1
    assert isinstance(error, TimestampError)
    assert str(error).startswith(f"<BytesIO>@{len(start)}: ")


# Damage

GOOD_PCAP = pcap_header() + pcap_record(b"abc")
GOOD = section() + interface() + packet(b"abc", 1)


@pytest.mark.parametrize("good", [GOOD_PCAP, GOOD], ids=["pcap", "pcapng"])
def test_a_cut_file_gives_its_good_packets_then_the_error(good: bytes) -> None:
    tail = good[24:] if good is GOOD_PCAP else packet(b"abc", 1)
    for size in range(1, len(tail)):
        got, error = until_error(reader_of(good + tail[:size]))
        assert [p.data for p in got] == [b"abc"]
        assert isinstance(error, PcapError)
        assert f"@{len(good)}: the file ends at {len(good) + size}" in str(error)


@pytest.mark.parametrize(
    ("tail", "text"),
    [
        (b"\6\0\0\0\0\0\0\0" + bytes(24), "a block cannot be 0 bytes long"),
        (b"\5\0\0\0\x0b\0\0\0" + bytes(24), "a block cannot be 11 bytes long"),
        (block(6, bytes(16)), "a block cannot be 28 bytes long"),
        (block(3, b""), "a block cannot be 12 bytes long"),
        (b"\6\0\0\0\0\0\0\x80" + bytes(24), "2147483648 bytes is longer than"),
        (packet(b"", 0, 1), "interface 1 is not described"),
        (packet(b"", 0, 2**32 - 1), "interface 4294967295 is not described"),
        (packet(b"abc")[:-4] + b"\0\0\0\0", "length 36 of a block is not repeated"),
        (block(5, b"abcd")[:-4] + b"\0\0\0\0", "length 16 of a block is not repeated"),
        (packet(b"abc").replace(b"\3\0\0\0", b"\5\0\0\0"), "5 captured bytes do not"),
        (simple_packet(b"abcd", 5), "5 captured bytes do not"),
        (block(1, bytes(8) + option(9, b"ab")), "option 9 of an interface"),
        (block(1, bytes(8) + b"\x0e\0\xff\xff"), "option 14 of an interface"),
        (section(version=(2, 0)), "version 2.0 is not known"),
        (block(0x0A0D0D0A, bytes(16)), "0x00000000 is no byte order mark"),
        (interface() * 65_536, "a section has more than 65536 interfaces"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_hostile_blocks_are_errors_with_their_place(tail: bytes, text: str) -> None:
    good, error = until_error(reader_of(GOOD + tail))
    assert [p.data for p in good] == [b"abc"]
    assert isinstance(error, PcapError)
    assert text in str(error)
    place = int(str(error).split("@")[1].split(":")[0])
    assert len(GOOD) <= place < len(GOOD) + len(tail)


def test_a_long_record_is_an_error_in_pcap_too() -> None:
    head = pcap_record(b"", length=5)
    data = GOOD_PCAP + head[:8] + b"\0\0\0\x80" + head[12:]
    good, error = until_error(reader_of(data))
    assert len(good) == 1
    assert "@43: a record of 2147483648 bytes is longer" in str(error)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "@0: is empty"),
        (b"abc", "@0: the file ends at 3"),
        (b"GIF89a" + bytes(30), "@0: begins with 47 49 46 38"),
        (pcap_header(version=(3, 0)), "@0: version 3.0 is not known"),
        (packet(b"") + section(), "@0: begins with 06 00 00 00"),
    ],
)
def test_what_is_no_capture_is_an_error(data: bytes, text: str) -> None:
    good, error = until_error(reader_of(data))
    assert (good, type(error)) == ([], PcapError)
    assert text in str(error)


def test_hostile_files_take_little_memory() -> None:
    bombs = [
        section() + interface() * 100_000,
        section() + block(1, bytes(8) + option(2, b"x" * 40) * 100_000),
        GOOD + b"\6\0\0\0\0\0\0\1" + bytes(10_000_000),
        (section() + interface()) * 50_000,
    ]
    for data in bombs:
        tracemalloc.start()
        try:
            list(reader_of(data, packet_size_limit=1 << 20))
        except PcapError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peak < 8 << 20


# As a reader


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_captures_are_known_by_their_content(
    tmp_path: Path, compress: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(compress(GOOD))
    assert [p.data for p in PcapReader(path)] == [b"abc"]


def test_packets_go_on_a_queue_before_empty() -> None:
    target: queue.Queue[Any] = queue.Queue()
    with reader_of(GOOD * 3, queue=target).run() as reader:
        reader.join(30)
    items = [target.get_nowait() for _ in range(4)]
    assert [p["timestamp"] for p in items[:3]] == [1_000] * 3
    assert items[3] is queue.Empty


def test_start_delivers_at_once() -> None:
    target: queue.Queue[Any] = queue.Queue()
    with pytest.raises(PcapError, match="the file ends"):
        reader_of(GOOD[:-1], queue=target, start=True)
    assert target.get_nowait() is queue.Empty


def test_a_wrapper_makes_other_items() -> None:
    items = list(reader_of(GOOD, wrapper=dict))
    assert type(items[0]) is dict
    assert list(reader_of(GOOD, rows="pair")) == [(1_000, b"abc")]
    assert list(reader_of(GOOD, rows="pair", wrapper=len)) == [2]


def test_a_record_that_lies_in_many_reads_is_whole() -> None:
    large = bytes(range(256)) * 4096
    data = section() + interface() + packet(large, 1) + packet(b"b", 2)

    class Slow:
        def __init__(self) -> None:
            self.read = io.BytesIO(data).read
            self.read1 = lambda size: self.read(min(size, 40_001))

    def slow() -> Any:
        return Slow()

    assert [p.data for p in PcapReader(slow())] == [large, b"b"]
    frames = list(PcapReader(slow()).frames())
    rows = [bytes(frame.rows[frame.offsets[0] : frame.offsets[-1]]) for frame in frames]
    assert b"".join(rows) == packet(large, 1) + packet(b"b", 2)


def test_text_is_refused() -> None:
    with pytest.raises(PcapError, match="open it with 'rb'"):
        list(PcapReader(io.StringIO("abc")))


@pytest.mark.parametrize(
    "options",
    [
        {"rows": "dict"},
        {"on_error": "ignore"},
        {"packet_size_limit": 0},
        {"packet_size_limit": 1 << 31},
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        reader_of(GOOD, **options)


# Packets


def test_a_packet_is_a_mapping_and_travels() -> None:
    one = Packet(5, b"abc", interface=2)
    assert isinstance(one, Mapping)
    assert list(one) == ["timestamp", "data", "length", "interface", "linktype"]
    assert (one["length"], one.get("eth"), "ip" in one) == (3, None, False)
    assert pickle.loads(pickle.dumps(one)) == one
    assert {one: 1}[Packet(5, b"abc", 3, 2)] == 1
    assert one != Packet(6, b"abc", interface=2)
    with pytest.raises(KeyError, match="eth"):
        one["eth"]
    with pytest.raises(AttributeError):
        one.length = 4  # type: ignore[misc]
