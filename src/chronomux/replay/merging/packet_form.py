"""What a capture of merged packets has besides them: its start, and its interfaces."""

from __future__ import annotations

from typing import Literal, TypeAlias

from chronomux.writers.pcap_heads import PCAPNG_START, interface_block, pcap_start

__all__ = ["PacketForm", "PacketFormat"]

PacketFormat: TypeAlias = Literal["pcapng", "pcap"]
ETHERNET = 1
MOST_INTERFACES = 1 << 16  # what readers take, our own too


class PacketForm:
    """Numbers interfaces as their packets are read, and describes them.

    `due` gives what has to be written before packets that were read so far. In pcapng
    every interface of every capture becomes one of its own; pcap has one link type.
    What does not fit is a ValueError: no damage of a capture, which a merge survives.
    """

    def __init__(self, format: PacketFormat) -> None:
        self.in_blocks = format == "pcapng"
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._linktype: int | None = None
        self._due: list[bytes] = [PCAPNG_START] if self.in_blocks else []

    def number_of(self, capture: int, name: str, interface: int, linktype: int) -> int:
        """The number of an interface of a capture, here 0 in pcap."""
        if not self.in_blocks:
            self._refuse_other(name, linktype)
            return 0
        number = self._numbers.get((capture, interface, linktype))
        if number is None:
            number = len(self._numbers)
            if number == MOST_INTERFACES:
                raise ValueError(
                    f"{name}: all captures together have more than {MOST_INTERFACES} "
                    "interfaces; use format='pcap', which keeps none apart"
                )
            self._numbers[capture, interface, linktype] = number
            self._due.append(interface_block(linktype, name))
        return number

    def due(self) -> bytes:
        """What was not asked for before."""
        due, self._due = b"".join(self._due), []
        return due

    def end(self) -> bytes:
        """What is missing when no packet was read."""
        if not self.in_blocks and self._linktype is None:
            self._due.append(pcap_start(ETHERNET))
        return self.due()

    def _refuse_other(self, name: str, linktype: int) -> None:
        if self._linktype is None:
            self._linktype = linktype
            self._due.append(pcap_start(linktype))
        if linktype != self._linktype:
            raise ValueError(
                f"{name}: has packets of linktype {linktype}, and those before have "
                f"{self._linktype}; use format='pcapng'"
            )
