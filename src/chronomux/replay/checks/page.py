"""A report of `check` as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chronomux.replay.checks.lanes import LETTERS, ZOOMS, lanes
from chronomux.replay.checks.markup import element, text
from chronomux.replay.checks.report import Finding, Report
from chronomux.replay.checks.text import LEFT, cell, summary, tables
from chronomux.replay.time_texts import moment_text

__all__ = ["report_page"]

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fff; --dim: #5b6470;
  --line: #cfd6dd; --rate: #2f6db5; --bad: #b3261e; --wash: #f6d9d6; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ec; --paper: #14171a; --dim: #a3adb8; --line: #3a424b;
    --rate: #79b0f0; --bad: #ff9a92; --wash: #57302d; } }
body { margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: var(--ink);
  background: var(--paper); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
pre { padding: .6rem .8rem; border: 1px solid var(--line); white-space: pre-wrap;
  overflow-wrap: anywhere; }
.scroll { overflow-x: auto; } .note, figure p { color: var(--dim); font-size: .85rem; }
table { border-collapse: collapse; font-size: .85rem; }
caption { text-align: left; color: var(--dim); padding: .3rem 0; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; white-space: nowrap; font-variant-numeric: tabular-nums; }
.left { text-align: left; }
.long { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 10rem; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; overflow-wrap: anywhere; }
figure p { margin: .2rem 0; } svg { width: 100%; height: auto; display: block; }
.rate { fill: var(--rate); } rect.gap { fill: var(--wash); stroke: var(--bad); }
.zoom { border: 0; padding: 0; font-size: .85rem; } .zoom legend { float: left;
  margin-right: .8rem; }
ZOOMED
.break { stroke: var(--dim); fill: none; }
.mark { fill: var(--bad); font: 700 11px system-ui, sans-serif; text-anchor: middle; }
.when { fill: var(--dim); font: 10px system-ui, sans-serif; } .end { text-anchor: end; }
@media print { :root { --ink: #000; --paper: #fff; --dim: #444; --line: #bbb;
    --rate: #2f6db5; --bad: #b3261e; --wash: #f6d9d6; }
  body { margin: 0; max-width: none; font-size: 9pt; }
  .zoom { display: none; } main svg { width: 100% !important; }
  .scroll { overflow: visible; } td, th { white-space: normal; }
  figure, tr { break-inside: avoid; } }
"""
STYLE = _STYLE.replace(
    "ZOOMED",
    "\n".join(
        f"main:has(#zoom{times}:checked) svg {{ width: {times}00%; }}"
        for times in ZOOMS
    ),
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
FINDINGS: Mapping[str, Callable[[Finding], Any]] = {
    "KIND": lambda one: one.kind,
    "SOURCE": lambda one: one.source or None,
    "RECORD": lambda one: one.record,
    "TIME": lambda one: None if one.time is None else moment_text(one.time),
    "WHAT": lambda one: one.text,
}
_LEFT = frozenset({*LEFT, "KIND", "TIME", "WHAT"})
_LONG = frozenset({"SOURCE", "EXPECTATION", "WHAT"})


def report_page(report: Report, command: str = "") -> str:
    """The report as HTML: lanes, tables, findings, and the command that made it.

    The page loads nothing, runs nothing, and holds no text of files as markup.
    """
    parts = [
        element("h1", "What is wrong with these captures"),
        element("p", text(summary(report).capitalize() + "."), role="status"),
    ]
    if command:
        parts.append(element("pre", element("code", text(command))))
    parts += [element("h2", "Records over time"), _legend(), *lanes(report)]
    parts.append(element("h2", "Tables"))
    parts += [_table(*one) for one in tables(report)]
    parts += [element("h2", "Findings"), *_findings(report)]
    head = (
        '<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">'
        f"<title>chronomux check: {text(summary(report))}</title>"
        f"<style>{STYLE}</style>"
    )
    body = element("main", "\n".join(parts))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n'
        f"<body>{body}</body></html>\n"
    )


def _legend() -> str:
    words = {
        "gap": "gap",
        "disorder": "out of order",
        "duplicate": "duplicate",
        "missing": "command without its response",
        "unasked": "response nobody asked for",
    }
    each = ", ".join(f"<b>{LETTERS[kind]}</b> {word}" for kind, word in words.items())
    return element("p", f"Marks: {each}. All of them are listed below.", class_="note")


def _findings(report: Report) -> list[str]:
    if not report.findings:
        return [element("p", "None.")] if report.ok else []
    parts = [_table("In the order of sources", report.findings, FINDINGS)]
    if report.left_out:
        more = f"And {report.left_out} more, which are counted above."
        parts.append(element("p", more))
    return parts


def _table(caption: str, rows: Sequence[Any], columns: Mapping[str, Any]) -> str:
    head = "".join(
        element("th", text(name), scope="col", class_=_class(name)) for name in columns
    )
    lines = [element("thead", element("tr", head)), "<tbody>"]
    for row in rows:
        cells = (
            element("td", text(cell(show(row))), class_=_class(name))
            for name, show in columns.items()
        )
        lines.append(element("tr", "".join(cells)))
    table = element("table", element("caption", caption) + "".join(lines) + "</tbody>")
    # A table wider than the page is scrolled by keys, too.
    return element(
        "div", table, class_="scroll", tabindex=0, role="region", aria_label=caption
    )


def _class(name: str) -> str:
    side = "left" if name in _LEFT else "number"
    return f"{side} long" if name in _LONG else side
