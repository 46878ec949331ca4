"""Packet captures: pcapng, and pcap with times in ns."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from contextlib import ExitStack
from operator import index
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from chronomux.errors import PcapError
from chronomux.writers.output import Output, Target
from chronomux.writers.pcap_heads import PCAPNG_START, interface_block, pcap_start

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PcapWriter"]

_MOST = 2**32  # of a length, of a second
_ETHERNET = 1

_PACKET_KIND = 6
_PACKET_BYTES = 32  # of a block, besides the data
_packet_head = struct.Struct("<IIIIIII").pack
_u32 = struct.Struct("<I").pack
_record_head = struct.Struct("<IIII").pack


class PcapWriter:
    """Writes packets to a capture that other tools can open; `close` or `with` ends it.

    `filename` is a path, '-' for stdout, or a file object of bytes, which stays open. A
    path appears when the capture is complete, in the place of what stood there: not
    when an exception leaves the `with` block, and not without `close`. A suffix '.gz',
    '.bz2', '.xz' or '.zst' compresses it. `format` is 'pcapng', or 'pcap' for one link
    type and times in ns.

    Packets are mappings such as PcapReader gives, with `timestamp` (int ns since 1970)
    and `data`; `length`, `interface` and `linktype` default to those of an Ethernet
    packet that was recorded whole. PcapError names the file and what does not fit.
    """

    def __init__(
        self, filename: Target, *, format: Literal["pcapng", "pcap"] = "pcapng"
    ) -> None:
        self._output: Output | None = None
        if format not in ("pcapng", "pcap"):
            raise ValueError(f"format={format!r}: use 'pcapng' or 'pcap'")
        self.filename = filename
        self.format = format
        self.packets = 0
        self._interfaces: dict[tuple[str, int, int], int] = {}
        self._linktype: int | None = None
        self._put = self._put_block if format == "pcapng" else self._put_record
        self._opened = ExitStack()
        self._output = self._opened.enter_context(Output(filename))
        self._name = self._output.name

    def write(self, packet: Mapping[str, Any], source: str = "") -> None:
        """Append a packet; `source` names the capture it comes from.

        In pcapng every interface of every source becomes one of its own, with the
        source as its name.
        """
        if self._output is None:
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
        self._output.write(self._put(time, data, length, interface))
        self.packets += 1

    def close(self) -> None:
        """Write what is left, and let the file appear; twice does nothing."""
        output, self._output = self._output, None
        if output is None:
            return
        with self._opened:
            if not self.packets:  # a capture without packets is one, too
                output.write(self._start(_ETHERNET))

    def __del__(self) -> None:
        if self._output is not None:
            self._output.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        elif self._output is not None:
            self._output = None
            self._opened.__exit__(kind, error, traceback)

    def __repr__(self) -> str:
        return f"<PcapWriter {self._name!r}>"

    def _start(self, linktype: int) -> bytes:
        return PCAPNG_START if self.format == "pcapng" else pcap_start(linktype)

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
        block = interface_block(linktype, source)
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
