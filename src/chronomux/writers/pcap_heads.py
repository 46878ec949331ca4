"""What stands before packets in a capture: sections, interfaces, a file's header."""

from __future__ import annotations

import struct

__all__ = ["PCAPNG_START", "interface_block", "pcap_start"]

# A section of version 1.0 and of unknown length.
PCAPNG_START = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
_INTERFACE_KIND = 1
_NAME, _RESOLUTION, _NANOSECONDS = 2, 9, 9
_LONGEST = 2**16 - 1  # bytes of an option

_NANO_MAGIC = 0xA1B23C4D
_SNAPLEN = 262_144  # what other tools take for the longest packet


def interface_block(linktype: int, name: str) -> bytes:
    """The block of an interface whose times are in ns; `name` may be ''."""
    options = _option(_RESOLUTION, bytes([_NANOSECONDS]))
    if name:
        text = name.encode("utf-8", "surrogateescape")
        options += _option(_NAME, text[:_LONGEST])
    body = struct.pack("<HHI", linktype, 0, 0) + options + _option(0, b"")
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", _INTERFACE_KIND) + size + body + size


def pcap_start(linktype: int) -> bytes:
    """The header of a pcap file, version 2.4, with times in ns."""
    header = (_NANO_MAGIC, 2, 4, 0, 0, _SNAPLEN, linktype)
    return struct.pack("<IHHiIII", *header)


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
