"""Captures of any shape, read in drops of any size, whole, cut and damaged."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux.errors import PcapError, ReaderError
from chronomux.readers import Packet, PcapReader
from tests.captures import (
    BIG,
    LITTLE,
    NANO,
    block,
    interface,
    packet,
    pcap_header,
    pcap_record,
    section,
)

Seen = list[tuple[int | None, bytes, int]]

orders = st.sampled_from([LITTLE, BIG])
packets = st.lists(
    st.tuples(
        st.integers(0, 2**62), st.binary(max_size=40), st.integers(0, 2), st.booleans()
    ),
    max_size=8,
)


def as_pcap(order: str, found: list[Any]) -> tuple[bytes, Seen]:
    data, seen = pcap_header(order, NANO), []
    for number, bytes_, _, _ in found:
        seconds, fraction = divmod(number % 2**61, 10**9)
        data += pcap_record(bytes_, seconds, fraction, length=99, order=order)
        seen.append((seconds * 10**9 + fraction, bytes_, 0))
    return data, seen


def as_pcapng(order: str, found: list[Any]) -> tuple[bytes, Seen]:
    """Three interfaces of ns a section, with other blocks and sections in between."""
    start = section(order) + interface(resolution=9, order=order) * 3
    data, seen, before = start, [], 0
    for number, bytes_, source, is_new in found:
        if is_new:
            data += block(number % 7 + 7, bytes_, order) + start
            before += 3
        data += packet(bytes_, number, source, order=order)
        seen.append((number, bytes_, before + source))
    return data, seen


class Drops:
    """A file that never gives all it is asked for."""

    def __init__(self, data: bytes, size: int) -> None:
        self.read = io.BytesIO(data).read
        self._size = size

    def read1(self, size: int, /) -> bytes:
        return self.read(min(size, self._size))


def read(data: bytes, size: int = 1 << 16) -> tuple[Seen, bool]:
    """The packets, and whether an error came after them."""
    file: Any = Drops(data, size)
    seen: Seen = []
    try:
        for one in PcapReader(file, on_error="null", packet_size_limit=1 << 12):
            seen.append((one.timestamp, one.data, one.interface))
    except PcapError as error:
        place = int(str(error).split("@")[1].split(":")[0])
        return seen, 0 <= place <= len(data)
    return seen, False


captures = st.builds(
    lambda make, order, found: make(order, found),
    st.sampled_from([as_pcap, as_pcapng]),
    orders,
    packets,
)


@given(captures, st.integers(1, 300))
def test_every_packet_comes_whatever_the_size_of_reads(
    capture: tuple[bytes, Seen], size: int
) -> None:
    data, seen = capture
    assert read(data, size) == (seen, False)


@given(captures, st.data())
def test_a_cut_capture_gives_the_packets_before_the_cut(
    capture: tuple[bytes, Seen], choice: Any
) -> None:
    data, seen = capture
    cut = data[: choice.draw(st.integers(0, len(data)))]
    got, _ = read(cut)
    assert got == seen[: len(got)]


@given(captures, st.data())
def test_damage_is_an_error_or_harmless_and_reads_do_not_matter(
    capture: tuple[bytes, Seen], choice: Any
) -> None:
    data = bytearray(capture[0])
    for _ in range(choice.draw(st.integers(1, 4))):
        place = choice.draw(st.integers(0, len(data) - 1))
        special = st.sampled_from([0, 1, 3, 6, 0x7F, 0x80, 0xFF])
        data[place] = choice.draw(special | st.integers(0, 255))
    size = choice.draw(st.integers(1, 99))
    assert read(bytes(data), size) == read(bytes(data))


@given(captures, st.data())
def test_frames_hold_the_records_of_the_packets(
    capture: tuple[bytes, Seen], choice: Any
) -> None:
    data, seen = capture
    file: Any = Drops(data, choice.draw(st.integers(1, 300)))
    keys: list[int] = []
    for keys_, offsets, rows in PcapReader(file).frames():
        for i, key in enumerate(keys_):
            assert seen[len(keys)][1] in bytes(rows[offsets[i] : offsets[i + 1]])
            keys.append(key)
    assert keys == [time for time, _, _ in seen]


@given(st.binary(max_size=200), st.sampled_from([b"", pcap_header(), section()]))
def test_noise_never_does_more_than_raise(noise: bytes, start: bytes) -> None:
    with suppress(ReaderError):
        for one in PcapReader(io.BytesIO(start + noise)):
            assert dict(one) == one


@given(st.binary(max_size=120), st.sampled_from([0, 1, 12, 101, 113, 276, 999]))
def test_layers_of_noise_are_dicts(noise: bytes, linktype: int) -> None:
    for head in (b"", bytes.fromhex("45"), bytes.fromhex("60"), bytes(12) + b"\x08\0E"):
        for layer in list(Packet(0, head + noise, linktype=linktype).values())[5:]:
            assert isinstance(layer, dict)
