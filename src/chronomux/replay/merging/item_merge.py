"""Captures of any formats to one of JSON lines: JSON lines, command logs, mixtures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from chronomux.replay.catenation import Choice
from chronomux.replay.content import Content
from chronomux.replay.input_file import InputFile
from chronomux.replay.inputs import Reading
from chronomux.replay.merging.capture import Capture
from chronomux.replay.merging.item_capture import ItemCapture
from chronomux.replay.merging.packet_merge import not_empty
from chronomux.replay.merging.timeline import Merge, Piece
from chronomux.writers.compress import uncompressed_suffix

__all__ = ["ItemMerge"]

NOT_OURS = {".csv", ".tsv", ".pcap", ".pcapng"}


def _refuse(output: str, **given: bool) -> None:
    """Raise ValueError for what means nothing where items become JSON lines.

    `given` tells by its name which option was given.
    """
    for name in (name for name, is_given in given.items() if is_given):
        raise ValueError(
            f"{name} is for captures of one kind, CSV or packets, and these are others"
        )
    if uncompressed_suffix(output) in NOT_OURS:
        raise ValueError(
            f"{output}: what is merged of several formats, or is no CSV, becomes JSON "
            "lines; give the output a name that ends in .jsonl, or let 'chronomux cat "
            "--to csv --columns ...' write it"
        )


class ItemMerge:
    """Makes captures of files of any format, and lines of their merged items.

    `where` and `exclude` are conditions in SCL on the items, `source_key` is a key for
    their file's name.
    """

    def __init__(
        self,
        reading: Reading,
        where: str | None,
        exclude: str | None,
        source_key: str | None,
    ) -> None:
        self.captures: list[ItemCapture] = []
        self._reading = reading
        is_selective = where is not None or exclude is not None
        self._choice = Choice(where, exclude) if is_selective else None
        self._source_key = source_key

    @classmethod
    def of(
        cls,
        output: str,
        times: tuple[str | Sequence[str] | None, str, str | None, str],
        conditions: tuple[str | None, str | None],
        source_key: str | None,
        **given: bool,
    ) -> ItemMerge:
        """A merge with these options of `merge_files`."""
        _refuse(output, **given)
        timestamp, written, tz, on_error = times
        # A reader likes some way best, and is only told of another one.
        told = None if written == "auto" else written
        reading = Reading(None, timestamp, told, tz, on_error)
        return cls(reading, *conditions, source_key)

    def add(self, file: InputFile, content: Content, offset: int) -> None:
        """Open one more capture."""
        capture = ItemCapture(
            len(self.captures),
            file,
            content,
            offset,
            reading=self._reading,
            wanted=None if self._choice is None else self._choice.of_format,
            source_key=self._source_key,
        )
        self.captures.append(capture)

    def select(self, capture: Capture, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The items of a capture that are wanted."""
        return pieces if self._choice is None else not_empty(pieces)

    def blocks(self, merge: Merge, owners: Sequence[int]) -> Iterator[Any]:
        """The bytes of the output."""
        yield from merge.blocks([b""] * len(owners))

    def end(self) -> None:
        """All is written: nothing is left to be said."""
