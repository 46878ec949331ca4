"""Packet captures: pcap and pcapng."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from types import SimpleNamespace
from typing import Any, Literal

from chronomux._core.pcap.packet import Packet
from chronomux._core.pcap.packets import Packets
from chronomux.errors import PcapError
from chronomux.readers.base import Reader
from chronomux.readers.sources import FileLike, Source
from chronomux.types import Frame, QueueLike

__all__ = ["PACKET_SIZE_LIMIT", "PacketStats", "PcapReader", "warn_of_times"]

logger = logging.getLogger("chronomux")

PACKET_SIZE_LIMIT = 1 << 24  # bytes
_WINDOW_BYTES = 1 << 16  # stays in a cache of the second level
_ROW_TYPES: dict[str, type] = {"packet": Packet, "pair": tuple}


class PacketStats(SimpleNamespace):
    """What was noticed so far.

    untimed: packets without a time of their own, which got their predecessor's.
    bad_times: packets whose times no int64 of ns can hold. interfaces: how many were
    described, packets or not; 1 in a pcap file.
    """

    untimed: int
    bad_times: int
    interfaces: int


class PcapReader(Reader[Any]):
    """Puts the packets of a capture on a queue, then `queue.Empty`.

    Reads pcap (times in us and ns, both byte orders, versions 2.x, "modified") and
    pcapng (any sections, interfaces and resolutions of time); other blocks than those
    of packets are passed over. `filename`, `queue` and `start` are as in FileReader.

    An item is a `Packet`, an immutable mapping: `timestamp` (int ns since 1970, UTC,
    exact; what is finer than ns is rounded down), `data` (the bytes recorded), `length`
    (bytes on the wire), `interface` (numbered through all sections) and `linktype`. Its
    layers `eth`, `vlan`, `sll`, `ip`, `udp`, `tcp` and `icmp` are dicts, decoded when
    asked for: a Condition may ask for `{"udp.dstport": 53}`. With `rows='pair'` items
    are tuples (timestamp, data). `wrapper` is called with each item and gives the one
    to put; `dict` makes dicts with all layers.

    A packet that was recorded without a time gets its predecessor's, which keeps its
    place in any merge; None if there is none. `stats` counts them. A time that an int64
    of ns cannot hold (years 1677 to 2262) is dealt with as `on_error` says: 'raise'
    TimestampError with file@offset, 'skip' the packet, or 'null' (None; in frames
    -2**63). The latter two are counted.

    Damage and an early end raise PcapError with file@offset, in bytes of the
    decompressed data, after all packets before it. So does a record of more than
    `packet_size_limit` bytes (16 MiB, at most 1 GiB), the most that is held in memory.
    """

    def __init__(
        self,
        filename: FileLike,
        queue: QueueLike | None = None,
        wrapper: Callable[[Any], Any] | None = None,
        start: bool = False,
        *,
        rows: Literal["packet", "pair"] = "packet",
        on_error: Literal["raise", "skip", "null"] = "raise",
        packet_size_limit: int = PACKET_SIZE_LIMIT,
    ) -> None:
        if rows not in _ROW_TYPES:
            raise ValueError(f"rows={rows!r}: use 'packet' or 'pair'")
        self._row_type = _ROW_TYPES[rows]
        if wrapper is None:
            wrapper = self._row_type  # which changes nothing
        # Bytes stay what they are: any encoding that keeps ASCII will do.
        super().__init__(filename, queue, wrapper, encoding="utf-8", errors="strict")
        self.rows = rows
        self.on_error = on_error
        self._packets = Packets(self.name, on_error, packet_size_limit)
        if start:
            self.start()

    @property
    def stats(self) -> PacketStats:
        """What was noticed so far."""
        packets = self._packets
        return PacketStats(
            untimed=packets.untimed,
            bad_times=packets.bad_times,
            interfaces=packets.interfaces,
        )

    def frames(self) -> Iterator[Frame]:
        """Batches of up to 4096 records as they stand in the file, with their times.

        A record is a packet with its header; in pcapng the whole block.
        """
        source = self._begin("frames")
        try:
            self._take(source)
            while (frame := self._packets.next_frame()) is not None:
                yield Frame(*frame)
            self._report()
        finally:
            source.close()

    def _rows(self, source: Source) -> Iterator[Any]:
        self._take(source)
        packets = self._packets
        is_pair = self.rows == "pair"
        following: Callable[[], list[Any]]
        following = packets.next_pairs if is_pair else packets.next_packets
        batches: Iterator[list[Any]] = iter(following, [])
        yield from chain.from_iterable(batches)
        self._report()

    def _take(self, source: Source) -> None:
        if source.transcodes:
            raise PcapError(
                f"{self.name}@0: gives text, but packets are bytes; open it with 'rb'"
            )
        # Not a method of this reader: a cycle would keep the file open.
        self._packets.read = partial(
            source.read, min(source.block_bytes, _WINDOW_BYTES)
        )

    def _report(self) -> None:
        warn_of_times(self._packets, self.name, self.on_error)


def warn_of_times(packets: Packets, name: str, on_error: str) -> None:
    """Log what is not as one would expect."""
    if packets.untimed:
        logger.warning(
            "%s: packets without a time: %d; each has that of the one before",
            name,
            packets.untimed,
        )
    if packets.bad_times:
        logger.warning(
            "%s: packets with a time outside int64 ns: %d (on_error=%r), the first "
            "at offset %d",
            name,
            packets.bad_times,
            on_error,
            packets.first_bad,
        )
