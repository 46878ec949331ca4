"""What is wrong with captures: findings, and what was counted beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = [
    "KINDS",
    "ExpectationCheck",
    "Finding",
    "Findings",
    "Report",
    "RuleCheck",
    "SourceCheck",
]

KINDS = ("unreadable", "gap", "disorder", "duplicate", "rule", "missing", "unasked")
"""Of findings: a record or a file that cannot be read, time without a record, a record
that is older than one before it, one that is there twice, a rule that never matched, a
command without its response, a response that nobody asked for."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, of a kind of `KINDS`.

    source: the file, '' for a rule. record: its number among those that could be read,
    from 1. time: ns since 1970. Both are None where there is none.
    """

    kind: str
    source: str
    text: str
    record: int | None = None
    time: int | None = None


@dataclass
class SourceCheck:
    """What was found in one file; times and durations are in ns.

    `gaps` counts the times without a record that are longer than allowed; `longest_gap`
    is the longest of all. `late` counts the records older than one before them, and
    `disorder` those of them that are so by more than the window. `duplicates` are equal
    to one before them of the same time, `uncompared` those of a time that has more
    records than are remembered. `unreadable` counts what is no record and records with
    a time that is none; `untimed` all without a time of their own. `error` is what
    ended the reading early. `lane` has the records of each stretch of time: pairs of
    (begin, count), each `lane_width` long; stretches without a record are left out.
    """

    name: str
    format: str = ""
    records: int = 0
    first: int | None = None
    last: int | None = None
    gaps: int = 0
    longest_gap: int = 0
    late: int = 0
    largest_step_back: int = 0
    disorder: int = 0
    duplicates: int = 0
    uncompared: int = 0
    unreadable: int = 0
    untimed: int = 0
    error: str | None = None
    lane: tuple[tuple[int, int], ...] = ()
    lane_width: int = 0


@dataclass
class RuleCheck:
    """How many records a rule matched."""

    name: str
    matches: int = 0


@dataclass
class ExpectationCheck:
    """What became of the commands of one expectation.

    `given_up` are those of which more waited than are remembered; `untimed` commands
    and responses without a time, which are left out of all else.
    """

    text: str
    asked: int = 0
    answered: int = 0
    missing: int = 0
    unasked: int = 0
    given_up: int = 0
    untimed: int = 0


class Findings:
    """Counts all findings, and keeps the first `most` of each kind in each group.

    A group is the number of a source, or what rules and expectations have instead.
    """

    def __init__(self, most: int) -> None:
        self.counts = dict.fromkeys(KINDS, 0)
        self._most = most
        self._kept: dict[tuple[int, int], list[Finding]] = {}

    def room(self, group: int, kind: str) -> int:
        """How many more are kept."""
        kept = self._kept.get((group, KINDS.index(kind)), ())
        return max(self._most - len(kept), 0)

    def add(self, group: int, finding: Finding) -> None:
        """One more."""
        self.add_counted(group, finding.kind, 1, [finding])

    def add_counted(
        self, group: int, kind: str, count: int, findings: Iterable[Finding]
    ) -> None:
        """So many more, of which some are there to be kept."""
        self.counts[kind] += count
        room = self.room(group, kind)
        if count and room:
            kept = self._kept.setdefault((group, KINDS.index(kind)), [])
            kept.extend(list(findings)[:room])

    @property
    def kept(self) -> tuple[Finding, ...]:
        """By group, then by kind, then as they were found."""
        return tuple(one for _, kept in sorted(self._kept.items()) for one in kept)


@dataclass(frozen=True)
class Report:
    """What `chronomux.check` found; `print(report)` shows it as tables.

    `counts` says how many findings of each kind there are, exactly; `findings` are the
    first of them, `most` of a kind in a file at most. `max_gap` and `window` are in ns.
    """

    sources: tuple[SourceCheck, ...]
    rules: tuple[RuleCheck, ...] = ()
    expectations: tuple[ExpectationCheck, ...] = ()
    findings: tuple[Finding, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    max_gap: int | None = None
    window: int = 0
    most: int = 0

    @property
    def total(self) -> int:
        """How many findings there are."""
        return sum(self.counts.values())

    @property
    def left_out(self) -> int:
        """How many of them are not among `findings`."""
        return self.total - len(self.findings)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.total

    @property
    def is_complete(self) -> bool:
        """Whether every file was read to its end."""
        return not any(source.error for source in self.sources)

    def to_dict(self) -> dict[str, Any]:
        """The same in types that JSON has; times and durations are int ns."""
        derived = ("ok", "is_complete", "total", "left_out")
        return {**{name: getattr(self, name) for name in derived}, **asdict(self)}

    def to_html(self, command: str = "") -> str:
        """The same as a page of its own, with the command that made it."""
        from chronomux.replay.checks.page import report_page

        return report_page(self, command)

    def __str__(self) -> str:
        from chronomux.replay.checks.text import report_text

        return report_text(self)
