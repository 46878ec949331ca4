"""Packet captures: pcapng, and pcap with times in ns."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from operator import index
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Literal, TypeAlias

from chronomux.errors import PcapError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PcapWriter"]

BinaryFile: TypeAlias = "str | os.PathLike[str] | IO[bytes]"

_BUFFER_BYTES = 1 << 20
_MOST = 2**32  # of a length, of a second
_ETHERNET = 1

# pcapng, version 1.0, of unknown length.
_SECTION = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
_NAME, _RESOLUTION, _NANOSECONDS = 2, 9, 9
_INTERFACE_KIND, _PACKET_KIND = 1, 6
_PACKET_BYTES = 32  # of a block, besides the data
_packet_head = struct.Struct("<IIIIIII").pack
_u32 = struct.Struct("<I").pack

# pcap, version 2.4.
_NANO_MAGIC = 0xA1B23C4D
_SNAPLEN = 262_144  # what other tools take for the longest packet
_record_head = struct.Struct("<IIII").pack


class PcapWriter:
    """Writes packets to a capture that other tools can open; `close` or `with` ends it.

    `filename` is a path, which is overwritten, or a file object of bytes, which stays
    open. `format` is 'pcapng', or 'pcap' for one link type and times in ns.

    Packets are mappings such as PcapReader gives, with `timestamp` (int ns since 1970)
    and `data`; `length`, `interface` and `linktype` default to those of an Ethernet
    packet that was recorded whole. PcapError names the file and what does not fit.
    """

    def __init__(
        self, filename: BinaryFile, *, format: Literal["pcapng", "pcap"] = "pcapng"
    ) -> None:
        if format not in ("pcapng", "pcap"):
            raise ValueError(f"format={format!r}: use 'pcapng' or 'pcap'")
        self.filename = filename
        self.format = format
        self.packets = 0
        self._interfaces: dict[tuple[str, int, int], int] = {}
        self._linktype: int | None = None
        self._file: IO[bytes] | None = None
        if isinstance(filename, (str, os.PathLike)):
            self._name = os.fspath(filename)
            self._file = open(filename, "wb", _BUFFER_BYTES)  # noqa: SIM115
            self._owns_file = True
        else:
            if not callable(getattr(filename, "write", None)):
                raise TypeError(f"{filename!r}: give a path, or an object with write()")
            name = getattr(filename, "name", None)
            self._name = (
                name if isinstance(name, str) else f"<{type(filename).__name__}>"
            )
            self._file = filename
            self._owns_file = False
        self._put = self._put_block if format == "pcapng" else self._put_record

    def write(self, packet: Mapping[str, Any], source: str = "") -> None:
        """Append a packet; `source` names the capture it comes from.

        In pcapng every interface of every source becomes one of its own, with the
        source as its name.
        """
        if self._file is None:
            raise ValueError(f"{self._name}: this writer is closed")
        time, data = packet["timestamp"], packet["data"]
        if time is None:
            raise self._error("has no time; give it a timestamp, or leave it out")
        time, length = index(time), index(packet.get("length", len(data)))
        if not 0 <= length < _MOST:
            raise self._error(f"has a length of {length} bytes; 32 bits must hold it")
        linktype = index(packet.get("linktype", _ETHERNET))
        if not 0 <= linktype < 2**16:
            raise self._error(f"has linktype {linktype}; 16 bits must hold it")
        interface = (source, packet.get("interface", 0), linktype)
        self._file.write(self._put(time, data, length, interface))
        self.packets += 1

    def close(self) -> None:
        """Write what is left, and close what was opened; twice does nothing."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if not self.packets:  # a capture without packets is one, too
                file.write(self._start(_ETHERNET))
        finally:
            if self._owns_file:
                file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<PcapWriter {self._name!r}>"

    def _start(self, linktype: int) -> bytes:
        if self.format == "pcapng":
            return _SECTION
        header = (_NANO_MAGIC, 2, 4, 0, 0, _SNAPLEN, linktype)
        return struct.pack("<IHHiIII", *header)

    def _put_block(
        self, time: int, data: bytes, length: int, interface: tuple[str, int, int]
    ) -> bytes:
        if not 0 <= time < 2**64:
            raise self._error(f"is of {time} ns; pcapng has no times before 1970")
        start = b""
        number = self._interfaces.get(interface)
        if number is None:
            start = self._described(interface)
            number = self._interfaces[interface] = len(self._interfaces)
        padding = bytes(-len(data) % 4)
        size = _PACKET_BYTES + len(data) + len(padding)
        high, low = time >> 32, time & 0xFFFFFFFF
        head = _packet_head(_PACKET_KIND, size, number, high, low, len(data), length)
        return b"".join((start, head, data, padding, _u32(size)))

    def _described(self, interface: tuple[str, int, int]) -> bytes:
        """The block of a new interface, behind the section's if it is the first."""
        source, _, linktype = interface
        options = _option(_RESOLUTION, bytes([_NANOSECONDS]))
        if source:
            options += _option(_NAME, source.encode()[: 2**16 - 1])
        body = struct.pack("<HHI", linktype, 0, 0) + options + _option(0, b"")
        size = _u32(len(body) + 12)
        block = _u32(_INTERFACE_KIND) + size + body + size
        return block if self._interfaces else self._start(linktype) + block

    def _put_record(
        self, time: int, data: bytes, length: int, interface: tuple[str, int, int]
    ) -> bytes:
        seconds, nanoseconds = divmod(time, 10**9)
        if not 0 <= seconds < _MOST:
            raise self._error(f"is of {time} ns; pcap has times from 1970 to 2106")
        linktype = interface[2]
        start = b""
        if self._linktype is None:
            start = self._start(linktype)
        elif linktype != self._linktype:
            raise self._error(
                f"has linktype {linktype}, and those before have {self._linktype}; "
                "use format='pcapng'"
            )
        head = _record_head(seconds, nanoseconds, len(data), length)
        self._linktype = linktype
        return b"".join((start, head, data))

    def _error(self, text: str) -> PcapError:
        return PcapError(f"{self._name}: packet {self.packets} {text}")


def _option(code: int, value: bytes) -> bytes:
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
