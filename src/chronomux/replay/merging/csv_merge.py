"""CSV captures to one: what it has of its own beside the merge of packets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from chronomux.replay.content import Content
from chronomux.replay.input_file import InputFile
from chronomux.replay.merging.capture import Capture
from chronomux.replay.merging.csv_capture import CSVCapture
from chronomux.replay.merging.lines import CopiedLines, JsonLines, UnitedLines
from chronomux.replay.merging.timeline import Merge, Piece
from chronomux.writers.compress import uncompressed_suffix

if TYPE_CHECKING:
    from chronomux.replay.merging.selection import Selection

__all__ = ["CSVMerge", "refuse_packets"]

Lines: TypeAlias = CopiedLines | UnitedLines | JsonLines


def refuse_packets(names: Sequence[str], timestamp: object, format: object) -> None:
    """Raise ValueError for options that CSV files lack, or have and should not."""
    if timestamp is None:
        raise ValueError(
            f"{names[0] if names else 'CSV'}: which column has the time is not said; "
            "give timestamp (--timestamp COLUMN), as only packet captures need none"
        )
    if format is not None:
        raise ValueError(
            f"format={format!r} is for packet captures, and these are CSV files"
        )


class CSVMerge:
    """Makes captures of CSV files, and lines of their merged records.

    A column `column` with the file's name comes where it is asked for, by `add_source`,
    and where headers differ. `selection` None takes all records; `reading` are options
    of CSVReader.
    """

    def __init__(
        self,
        output: str,
        selection: Selection | None,
        add_source: bool,
        column: str,
        **reading: Any,
    ) -> None:
        self.captures: list[CSVCapture] = []
        self._output = output
        self._selection = selection
        self._add_source = add_source
        self._column = column
        self._reading = reading

    def add(self, file: InputFile, content: Content, offset: int) -> None:
        """Open one more capture."""
        capture = CSVCapture(len(self.captures), file, content, offset, **self._reading)
        self.captures.append(capture)

    def select(self, capture: Capture, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The records of a capture that are wanted: then somebody looks at fields."""
        if self._selection is None:
            return pieces
        return self._selection.pieces(self.captures[capture.number], pieces)

    def blocks(self, merge: Merge, owners: Sequence[int]) -> Iterator[Any]:
        """The bytes of the output; owners[i] is the capture of the merge's source i."""
        # A file without records is only asked for its header when none has any.
        full = [capture for capture in self.captures if capture.has_records]
        heads = full or [capture for capture in self.captures if capture.header]
        if not heads:
            return
        lines = self._lines(heads)
        place = {capture.number: number for number, capture in enumerate(heads)}
        blocks = _blocks(lines, merge, [place[owner] for owner in owners])
        first = next(blocks, b"")  # an error in it leaves even a stream untouched
        yield lines.header
        yield first
        yield from blocks

    def end(self) -> None:
        """All is written: nothing is left to be said."""

    def _lines(self, heads: list[CSVCapture]) -> Lines:
        differ = any(head.columns != heads[0].columns for head in heads)
        if uncompressed_suffix(self._output) == ".jsonl":
            return JsonLines(
                heads, self._column if differ or self._add_source else None
            )
        if differ:
            return UnitedLines(heads, self._column)
        return CopiedLines(heads, self._column if self._add_source else None)


def _blocks(lines: Lines, merge: Merge, owners: Sequence[int]) -> Iterator[Any]:
    """The records' bytes; owners[i] is the place of source i among those of `lines`."""
    if isinstance(lines, CopiedLines):
        yield from merge.blocks([lines.tails[owner] for owner in owners])
        return
    for some in merge.stretches():
        yield lines(
            [stretch._replace(source=owners[stretch.source]) for stretch in some]
        )
