"""A packet capture as a source of a merge: its packets as they will be written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeAlias

import numpy as np

from chronomux._core.pcap.copies import Copies
from chronomux._core.pcap.packets import Packets
from chronomux.errors import ReaderError, TimestampError
from chronomux.readers import Packet
from chronomux.readers.pcap_reader import PACKET_SIZE_LIMIT, warn_of_times
from chronomux.replay.content import Content
from chronomux.replay.input_file import InputFile
from chronomux.replay.merging.capture import Capture
from chronomux.replay.merging.packet_form import PacketForm
from chronomux.replay.merging.timeline import Keys
from chronomux.types import Frame

__all__ = ["PacketCapture"]

READ_BYTES = 1 << 16  # at once: they stay in a cache of the second level
Choose: TypeAlias = Callable[[list[Packet]], bytes]


class PacketCapture(Capture):
    """The packets of a pcap or pcapng file, in the form of the output.

    Packets that `choose` does not want (a byte of 0 for each) are there with rows of no
    bytes: what is late is noticed among all of them.

    Damage, and an early end, end the packets; `damage` is then the error to be raised
    when those of all captures are written. Nothing is lost by it but what nobody can
    read. It is raised at once if there is no packet before it.
    """

    mark = "@"

    def __init__(
        self,
        number: int,
        file: InputFile,
        content: Content,
        form: PacketForm,
        offset: int = 0,
        *,
        on_error: str = "raise",
        choose: Choose | None = None,
    ) -> None:
        super().__init__(number, file, offset)
        self.report.has_packets = True
        self.damage: ReaderError | None = None
        self._on_error = on_error
        self._packets = Packets(file.name, on_error, PACKET_SIZE_LIMIT)
        self._packets.read = partial(content.read, min(file.block_bytes, READ_BYTES))
        self._copies = Copies(
            self._packets,
            partial(form.number_of, number, file.name),
            form.in_blocks,
            offset,
            file.block_bytes,
            choose,
        )
        self._begin()

    def line(self, record: int) -> int:
        """The offset at which the packet's record begins."""
        return self._copies.place(record)

    def _read(self) -> Iterator[tuple[Frame, Keys]]:
        is_begun = False
        try:
            while (found := self._copies.next_frame()) is not None:
                yield Frame(*found), np.frombuffer(found[0], dtype=np.int64)
                is_begun = True
        except TimestampError:
            raise
        except ReaderError as error:
            if not is_begun:
                raise
            self.damage = error
        packets = self._packets
        self.report.untimed = packets.untimed + packets.bad_times
        warn_of_times(packets, self.name, self._on_error)
