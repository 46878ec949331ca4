"""Packet captures to one: what it has of its own beside the merge of CSV files."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from chronomux.event import EventManager
from chronomux.readers import Packet
from chronomux.replay.content import Content
from chronomux.replay.input_file import InputFile
from chronomux.replay.merging.capture import Capture
from chronomux.replay.merging.packet_capture import PacketCapture
from chronomux.replay.merging.packet_form import PacketForm, PacketFormat
from chronomux.replay.merging.pieces import chosen
from chronomux.replay.merging.timeline import Merge, Piece
from chronomux.replay.scl import scl_condition
from chronomux.writers.compress import uncompressed_suffix

__all__ = ["PacketMerge", "PacketSelection", "refuse_csv"]

logger = logging.getLogger("chronomux")

WHERE, EXCLUDE = 0, 1  # rules
NOT_OURS = {".csv", ".json", ".jsonl", ".tsv", ".txt"}


def refuse_csv(output: str, **given: bool) -> None:
    """Raise ValueError for options of CSV, and for an output that is none of packets.

    `given` tells by its name which option was given.
    """
    for name in (name for name, is_given in given.items() if is_given):
        raise ValueError(f"{name} is for CSV files, and these are packet captures")
    if uncompressed_suffix(output) in NOT_OURS:
        raise ValueError(
            f"{output}: packets are written as pcapng or pcap; give the output a name "
            "that ends in .pcapng or .pcap"
        )


class PacketSelection:
    """The packets of which `where` holds and `exclude` does not: conditions in SCL.

    They see packets as `PcapReader` gives them. Packets are chosen when they are read
    and left out when they are in order.
    """

    def __init__(self, where: str | None, exclude: str | None) -> None:
        self._rules = EventManager()
        for text in ("" if where is None else where), exclude:
            if text is not None:
                self._rules.register(bool, scl_condition(text))

    def choose(self, packets: list[Packet]) -> bytes:
        """A byte for each packet, 0 if it is not wanted."""
        events: Any = packets  # mappings, whatever their type
        return bytes(
            WHERE in found and EXCLUDE not in found
            for found in self._rules.match_many(events)
        )


def not_empty(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """What has bytes."""
    for piece in pieces:
        sizes = np.diff(np.asarray(piece.frame.offsets))[piece.start : piece.stop]
        records = np.flatnonzero(sizes) + piece.start
        if len(records) == len(sizes):
            yield piece
        elif len(records):
            yield chosen(piece, records)


class PacketMerge:
    """Makes captures of packet captures, and one of their merged packets."""

    def __init__(
        self, form: PacketForm, selection: PacketSelection | None, on_error: str
    ) -> None:
        self.captures: list[PacketCapture] = []
        self._form = form
        self._selection = selection
        self._on_error = on_error

    @classmethod
    def of(
        cls,
        format: PacketFormat | None,
        where: str | None,
        exclude: str | None,
        on_error: str,
    ) -> PacketMerge:
        """A merge with these options of `merge_files`."""
        form = PacketForm("pcapng" if format is None else format)
        is_selective = where is not None or exclude is not None
        selection = PacketSelection(where, exclude) if is_selective else None
        return cls(form, selection, on_error)

    def add(self, file: InputFile, content: Content, offset: int) -> None:
        """Open one more capture."""
        capture = PacketCapture(
            len(self.captures),
            file,
            content,
            self._form,
            offset,
            on_error=self._on_error,
            choose=None if self._selection is None else self._selection.choose,
        )
        self.captures.append(capture)

    def select(self, capture: Capture, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The packets of a capture that are wanted."""
        return pieces if self._selection is None else not_empty(pieces)

    def blocks(self, merge: Merge, owners: Sequence[int]) -> Iterator[Any]:
        """The bytes of the output."""
        for block in merge.blocks([b""] * len(owners)):
            if due := self._form.due():
                yield due
            yield block
        yield self._form.end()

    def end(self) -> None:
        """All is written: say where captures ended early, and raise the last of it."""
        errors = [one.damage for one in self.captures if one.damage is not None]
        for error in errors[:-1]:
            logger.error("%s", error)
        for error in errors[-1:]:
            raise error
