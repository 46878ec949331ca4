"""Packet captures of any shape, merged, beside a stable sort of their packets."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from chronomux.readers import Packet, PcapReader
from chronomux.replay import merge_files
from chronomux.writers import PcapWriter
from tests import reference
from tests.captures import (
    BIG,
    LITTLE,
    MICRO,
    MODIFIED,
    NANO,
    block,
    interface,
    packet,
    pcap_header,
    pcap_record,
    section,
    simple_packet,
)

BASE = 1_700_000_000  # s


class Made(NamedTuple):
    """A packet to be put into a capture: half seconds, data, and where it stands."""

    halves: int
    data: bytes
    interface: int
    is_new: bool  # behind a section that begins anew
    is_simple: bool  # without a time


packets = st.builds(
    Made,
    st.integers(0, 8),
    st.binary(max_size=9),
    st.integers(0, 1),
    st.booleans(),
    st.booleans(),
)
in_order = st.lists(packets, max_size=7).map(sorted)
orders = st.sampled_from([LITTLE, BIG])


def as_pcap(order: str, magic: int, made: list[Made]) -> bytes:
    units = 10**9 if magic == NANO else 10**6
    data = pcap_header(order, magic)
    for one in made:
        seconds, half = divmod(one.halves, 2)
        data += pcap_record(
            one.data,
            BASE + seconds,
            half * units // 2,
            length=77,
            order=order,
            is_modified=magic == MODIFIED,
        )
    return data


def as_pcapng(order: str, resolution: int, made: list[Made]) -> bytes:
    start = section(order) + 2 * interface(resolution=resolution, order=order)
    data = start
    for one in made:
        if one.is_new:
            data += block(9, one.data, order) + start
        if one.is_simple and order == LITTLE:
            data += simple_packet(one.data)
            continue
        ticks = BASE * 10**resolution + one.halves * 10**resolution // 2
        data += packet(one.data, ticks, one.interface, length=77, order=order)
    return data


def captures_of(made: Any) -> Any:
    return st.lists(
        st.builds(as_pcap, orders, st.sampled_from([MICRO, NANO, MODIFIED]), made)
        | st.builds(as_pcapng, orders, st.sampled_from([3, 6, 9]), made),
        max_size=4,
    )


def merged(captures: list[bytes], **options: Any) -> list[Packet]:
    return list(PcapReader(io.BytesIO(merged_bytes(captures, **options))))


def merged_bytes(captures: list[bytes], **options: Any) -> bytes:
    out = io.BytesIO()
    with TemporaryDirectory() as folder:
        paths = [Path(folder, str(number)) for number in range(len(captures))]
        for path, data in zip(paths, captures, strict=True):
            path.write_bytes(data)
        merge_files(paths, out, **options)
    return out.getvalue()


def by_sorting(captures: list[bytes]) -> list[tuple[int, Packet]]:
    """(capture, packet) in the order (time, capture, position), by a stable sort."""
    read = [
        [(number, packet) for packet in PcapReader(io.BytesIO(data))]
        for number, data in enumerate(captures)
    ]
    return reference.merge(read, key=lambda one: reference.rank(one[1].timestamp))


def essence(packet: Packet) -> tuple[int, bytes, int, int]:
    """All but the interface; what never had a time is written with 0."""
    return packet.timestamp or 0, packet.data, packet.length, packet.linktype


@given(captures_of(in_order), st.sampled_from(["pcapng", "pcap"]))
def test_merged_packets_are_those_of_a_stable_sort(
    captures: list[bytes], format: str
) -> None:
    if not captures:
        return
    expected = [essence(packet) for _, packet in by_sorting(captures)]
    assert [*map(essence, merged(captures, format=format))] == expected


@given(captures_of(st.lists(packets, max_size=7)))
def test_packets_in_no_order_are_sorted_by_way_of_a_file(captures: list[bytes]) -> None:
    if not captures:
        return
    expected = [essence(packet) for _, packet in by_sorting(captures)]
    assert [*map(essence, merged(captures, order="sort"))] == expected
    assert [*map(essence, merged(captures, window="9s"))] == expected


@given(captures_of(in_order))
def test_interfaces_of_every_capture_stay_apart(captures: list[bytes]) -> None:
    if not captures:
        return
    places = {
        (number, packet.interface, got.interface)
        for (number, packet), got in zip(
            by_sorting(captures), merged(captures), strict=True
        )
    }
    assert len({place[:2] for place in places}) == len(places)
    assert len({place[2] for place in places}) == len(places)


@given(captures_of(in_order))
def test_a_pcap_file_is_what_the_writer_makes_of_the_packets(
    captures: list[bytes],
) -> None:
    if not captures:
        return
    file = io.BytesIO()
    with PcapWriter(file, format="pcap") as writer:
        for _, packet in by_sorting(captures):
            time = packet.timestamp or 0
            writer.write(Packet(time, packet.data, packet.length))
    assert merged_bytes(captures, format="pcap") == file.getvalue()
