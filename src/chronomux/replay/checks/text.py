"""A report of `check` as people read it: tables, and a line a finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from chronomux.replay.checks.report import Finding, Report
from chronomux.replay.time_texts import duration_text, moment_text

__all__ = ["LEFT", "Columns", "cell", "place_text", "report_text", "summary", "tables"]

Columns = Mapping[str, Callable[[Any], Any]]
"""The names of columns, and what stands in them for a row."""

_NAMES = {
    "unreadable": ("unreadable record", "unreadable records"),
    "gap": ("gap", "gaps"),
    "disorder": ("record out of order", "records out of order"),
    "duplicate": ("duplicate", "duplicates"),
    "rule": ("rule that never matched", "rules that never matched"),
    "missing": ("command without its response", "commands without their response"),
    "unasked": ("response nobody asked for", "responses nobody asked for"),
}


def report_text(report: Report) -> str:
    """Tables, findings, and a last line that says how many there are."""
    blocks = [table(rows, columns) for _, rows, columns in tables(report)]
    lines = [f"{one.kind}: {place_text(one)}{one.text}" for one in report.findings]
    if report.left_out:
        lines.append(f"and {report.left_out} more, which are counted above")
    blocks.append("\n".join(lines))
    return "\n\n".join([*filter(None, blocks), summary(report)])


def tables(report: Report) -> Iterator[tuple[str, Sequence[Any], Columns]]:
    """The names, rows and columns of those that have any rows."""
    if report.sources:
        yield "Sources", report.sources, _without_empty(report, SOURCES)
    if report.rules:
        yield "Rules", report.rules, RULES
    if report.expectations:
        yield "Expectations", report.expectations, EXPECTATIONS


def table(rows: Sequence[Any], columns: Columns) -> str:
    """Text to the left, numbers to the right, '-' where there is nothing."""
    cells = [[cell(text(row)) for row in rows] for text in columns.values()]
    lines = []
    for line in [list(columns), *map(list, zip(*cells, strict=True))]:
        padded = []
        for value, name, column in zip(line, columns, cells, strict=True):
            width = max(map(len, [name, *column]))
            is_left = name in LEFT
            padded.append(value.ljust(width) if is_left else value.rjust(width))
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def cell(value: Any) -> str:
    """What stands in a table."""
    return "-" if value is None else str(value)


def place_text(finding: Finding) -> str:
    """'a.csv, record 7, 2026-11-24T02:00:00Z: ', as far as it is known.

    Errors of readers say themselves where they were met.
    """
    if finding.kind == "unreadable":
        return ""
    parts = [finding.source] if finding.source else []
    if finding.record is not None:
        parts.append(f"record {finding.record}")
    if finding.time is not None:
        parts.append(moment_text(finding.time))
    return ", ".join(parts) + (": " if parts else "")


def summary(report: Report) -> str:
    """'3 findings: 2 gaps, 1 duplicate'."""
    if report.ok:
        return "no findings"
    each = [
        f"{count} {_NAMES[kind][count != 1]}"
        for kind, count in report.counts.items()
        if count
    ]
    total = f"{report.total} finding{'s' if report.total != 1 else ''}"
    return f"{total}: {', '.join(each)}"


def _without_empty(report: Report, columns: Columns) -> Columns:
    """Without what is nought for all, of the columns that are seldom anything else."""
    return {
        name: text
        for name, text in columns.items()
        if name not in SELDOM or any(text(row) for row in report.sources)
    }


def _moment(ns: int | None) -> str | None:
    return None if ns is None else moment_text(ns)


def _if_timed(source: Any, ns: int) -> str | None:
    return None if source.first is None else duration_text(ns)


LEFT = ("SOURCE", "FORMAT", "FIRST", "LAST", "RULE", "EXPECTATION")
SELDOM = ("UNCOMPARED",)
SOURCES: Columns = {
    "SOURCE": lambda row: row.name,
    "FORMAT": lambda row: row.format,
    "RECORDS": lambda row: row.records,
    "FIRST": lambda row: _moment(row.first),
    "LAST": lambda row: _moment(row.last),
    "GAPS": lambda row: row.gaps,
    "LONGEST GAP": lambda row: _if_timed(row, row.longest_gap),
    "LATE": lambda row: row.late,
    "DISORDER": lambda row: row.disorder,
    "STEP BACK": lambda row: _if_timed(row, row.largest_step_back),
    "DUPLICATES": lambda row: row.duplicates,
    "UNCOMPARED": lambda row: row.uncompared,
    "UNREADABLE": lambda row: row.unreadable,
    "UNTIMED": lambda row: row.untimed,
}
RULES: Columns = {
    "RULE": lambda row: row.name,
    "MATCHES": lambda row: row.matches,
}
EXPECTATIONS: Columns = {
    "EXPECTATION": lambda row: row.text,
    "ASKED": lambda row: row.asked,
    "ANSWERED": lambda row: row.answered,
    "MISSING": lambda row: row.missing,
    "UNASKED": lambda row: row.unasked,
    "GIVEN UP": lambda row: row.given_up,
    "UNTIMED": lambda row: row.untimed,
}
