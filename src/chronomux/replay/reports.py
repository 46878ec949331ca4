"""What a merge found and did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["MergeReport", "SourceReport"]


@dataclass
class SourceReport:
    """What a merge found in one capture.

    `first` and `last` are the least and the greatest time in ns since 1970 (None when
    no record has one). `late` counts the records older than one before them,
    `largest_step_back` says by how many ns at most, and `first_late` is the line of the
    first, in a packet capture its offset. Of the late ones `emitted` left where they
    stood, out of order, and `dropped` were left out; the others came to their places.
    `untimed` counts the records without a readable time, which `on_error` says to skip
    or to keep, and packets that were recorded without one. `untimed_lines` are the
    first thousand of them in text. `has_packets` tells whether it is a packet capture.
    `mark` stands between the name and a place: ':' before lines, '@' before offsets.
    """

    name: str
    records: int = 0
    first: int | None = None
    last: int | None = None
    late: int = 0
    largest_step_back: int = 0
    first_late: int | None = None
    emitted: int = 0
    dropped: int = 0
    untimed: int = 0
    untimed_lines: Sequence[int] = ()
    has_packets: bool = False
    mark: str = ":"

    @property
    def repaired(self) -> int:
        """How many late records came to their places."""
        return self.late - self.emitted - self.dropped


@dataclass(frozen=True)
class MergeReport:
    """What a merge did: one SourceReport a file, in the order they were given.

    `written` is how many records the output has, `records` how many were read.
    """

    sources: tuple[SourceReport, ...]
    output: str = ""
    order: str = "window"
    written: int = 0

    @property
    def records(self) -> int:
        return sum(source.records for source in self.sources)

    def as_dict(self) -> dict[str, Any]:
        """The same in types that JSON has; times and steps are int ns."""
        sources: list[dict[str, Any]] = [
            {
                **asdict(source),
                "untimed_lines": list(source.untimed_lines),
                "repaired": source.repaired,
            }
            for source in self.sources
        ]
        for found in sources:
            del found["mark"]  # it is for messages
        return {
            "output": self.output,
            "order": self.order,
            "records": self.records,
            "written": self.written,
            "sources": sources,
        }
