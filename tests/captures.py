"""Packet captures made by hand, block by block, as the drafts describe them."""

from __future__ import annotations

import struct

LITTLE, BIG = "<", ">"
MICRO, NANO, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34
ETHERNET, RAW, SLL, SLL2 = 1, 101, 113, 276

RESOLUTION, OFFSET = 9, 14


def pcap_header(
    order: str = LITTLE,
    magic: int = MICRO,
    version: tuple[int, int] = (2, 4),
    linktype: int = ETHERNET,
) -> bytes:
    return struct.pack(order + "IHHiIII", magic, *version, 0, 0, 65535, linktype)


def pcap_record(
    data: bytes,
    seconds: int = 0,
    fraction: int = 0,
    *,
    length: int | None = None,
    order: str = LITTLE,
    is_modified: bool = False,
) -> bytes:
    length = len(data) if length is None else length
    head = struct.pack(order + "IIII", seconds, fraction, len(data), length)
    return head + bytes(8 if is_modified else 0) + data


def block(kind: int, body: bytes, order: str = LITTLE) -> bytes:
    body += bytes(-len(body) % 4)
    size = struct.pack(order + "I", len(body) + 12)
    return struct.pack(order + "I", kind) + size + body + size


def section(
    order: str = LITTLE, version: tuple[int, int] = (1, 0), options: bytes = b""
) -> bytes:
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, *version, -1)
    return block(0x0A0D0D0A, body + options, order)


def option(code: int, value: bytes, order: str = LITTLE) -> bytes:
    head = struct.pack(order + "HH", code, len(value))
    return head + value + bytes(-len(value) % 4)


def interface(
    linktype: int = ETHERNET,
    *,
    resolution: int | None = None,
    offset: int | None = None,
    snaplen: int = 0,
    order: str = LITTLE,
) -> bytes:
    body = struct.pack(order + "HHI", linktype, 0, snaplen)
    if resolution is not None:
        body += option(RESOLUTION, bytes([resolution]), order)
    if offset is not None:
        body += option(OFFSET, struct.pack(order + "q", offset), order)
    return block(1, body, order)


def packet(
    data: bytes,
    ticks: int = 0,
    interface: int = 0,
    *,
    length: int | None = None,
    order: str = LITTLE,
) -> bytes:
    length = len(data) if length is None else length
    high, low = divmod(ticks, 1 << 32)
    head = struct.pack(order + "IIIII", interface, high, low, len(data), length)
    return block(6, head + data, order)


def old_packet(data: bytes, ticks: int, interface: int = 0) -> bytes:
    high, low = divmod(ticks, 1 << 32)
    head = struct.pack("<HHIIII", interface, 7, high, low, len(data), len(data))
    return block(2, head + data)


def simple_packet(data: bytes, length: int | None = None) -> bytes:
    length = len(data) if length is None else length
    return block(3, struct.pack("<I", length) + data)
