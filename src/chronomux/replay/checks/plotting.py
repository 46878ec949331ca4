"""The lanes of a report alone: as text for a terminal, as SVG, as a page, as PNG."""

from __future__ import annotations

import importlib
import io
from collections.abc import Sequence
from typing import Any

from chronomux.errors import ChronomuxError
from chronomux.replay.checks.axis import BREAK_WIDTH, Axis
from chronomux.replay.checks.lanes import (
    LETTERS,
    WIDTH,
    at_ms,
    axis_of_report,
    break_note,
    drawn,
    in_words,
    lanes,
    marks_of,
)
from chronomux.replay.checks.markup import element, text
from chronomux.replay.checks.page import STYLE
from chronomux.replay.checks.report import Finding, Report, SourceCheck
from chronomux.replay.time_texts import moment_text

__all__ = ["MissingLibraryError", "as_page", "as_png", "as_svg", "as_text"]

BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " .:-=+*#%@"
LABEL = 18.0  # above each lane of an SVG
BREAK = "/"
# Not every program that shows SVG knows of variables, or of a dark screen.
SVG_STYLE = """
text { fill: #5b6470; font: 10px sans-serif; } .name { fill: #1c2024; font-size: 12px; }
.rate { fill: #2f6db5; } rect.gap { fill: #f6d9d6; stroke: #b3261e; }
.break { stroke: #5b6470; fill: none; } .end { text-anchor: end; }
.mark { fill: #b3261e; font-weight: 700; text-anchor: middle; }
"""


class MissingLibraryError(ChronomuxError, ImportError):
    """What was asked for needs a library that is not installed."""


def as_text(report: Report, columns: int, blocks: str = BLOCKS) -> str:
    """Two lines a source, and one more if there are findings, `columns` wide.

    A column is as high as its records are many, beside the most of that source. Letters
    below say what was found there; '*' are several.
    """
    axis = axis_of_report(report)
    lines = []
    for source in report.sources:
        lines.append(f"{source.name}: {in_words(source)}")
        if axis is not None and source.lane:
            lines.append(_text_lane(source, axis, columns, blocks))
            found = _text_marks(marks_of(report, source), axis, columns)
            lines += [found] if found else []
    if axis is not None:
        lines.append(_text_ends(report, columns))
        lines += [break_note(axis)] if axis.left_out else []
    return "\n".join(lines)


def _text_lane(source: SourceCheck, axis: Axis, columns: int, blocks: str) -> str:
    amounts = _amounts(source, axis, columns)
    most = max(amounts)
    steps = len(blocks) - 1
    cells = [blocks[-int(-steps * amount // most)] for amount in amounts]
    for segment in axis.segments[:-1]:
        place = _column(segment.right + BREAK_WIDTH / 2, columns)
        if cells[place] == " ":
            cells[place] = BREAK
    return "".join(cells).rstrip()


def _amounts(source: SourceCheck, axis: Axis, columns: int) -> list[float]:
    """Records of each column; those of a stretch are spread over its columns."""
    amounts = [0.0] * columns
    for begin, count in source.lane:
        left = _column(axis.x(begin), columns)
        right = _column(axis.x(begin + source.lane_width), columns)
        share = count / max(right - left, 1)
        for column in range(left, max(right, left + 1)):
            amounts[column] += share
    return amounts


def _text_marks(marks: Sequence[Finding], axis: Axis, columns: int) -> str:
    cells = [" "] * columns
    for one in marks:
        if one.time is not None and one.kind in LETTERS:
            place, letter = _column(axis.x(one.time), columns), LETTERS[one.kind]
            cells[place] = letter if cells[place] in (" ", letter) else "*"
    return "".join(cells).rstrip()


def _text_ends(report: Report, columns: int) -> str:
    """The first and the last time of all, under the ends of the lanes."""
    begin = moment_text(
        min(one.first for one in report.sources if one.first is not None)
    )
    end = moment_text(max(one.last for one in report.sources if one.last is not None))
    return f"{begin}{end:>{max(columns - len(begin), len(end) + 2)}}"


def _column(x: float, columns: int) -> int:
    return min(int(x / WIDTH * columns), columns - 1)


def as_svg(report: Report) -> str:
    """One drawing of all lanes, for programs and documents."""
    axis = axis_of_report(report)
    parts, y = [], 0.0
    if axis is not None and axis.left_out:
        parts.append(element("text", text(break_note(axis)), x="0", y="12"))
        y = LABEL
    for number, source in enumerate(report.sources):
        label = f"{source.name}: {in_words(source)}"
        y += LABEL
        parts.append(element("text", text(label), class_="name", x=0, y=f"{y - 5:.0f}"))
        if axis is not None and source.lane:
            content, height = drawn(number, source, axis, marks_of(report, source))
            size = {"width": f"{WIDTH:.0f}", "height": f"{height:.0f}"}
            parts.append(element("svg", content, y=f"{y:.0f}", **size))
            y += height
    style = element("style", SVG_STYLE)
    paper = element("rect", width="100%", height="100%", fill="#fff")
    return element(
        "svg",
        style + paper + "".join(parts),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:.0f} {y:.0f}",
    )


def as_page(report: Report) -> str:
    """The lanes as a page of its own, light or dark as the reader has it."""
    head = (
        '<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>chronomux plot</title><style>{STYLE}</style>"
    )
    main = element("main", element("h1", "Records over time") + "".join(lanes(report)))
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n'
        f"<body>{main}</body></html>\n"
    )


def as_png(report: Report) -> bytes:
    """The lanes by matplotlib; MissingLibraryError if that is not installed."""
    try:
        figures: Any = importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise MissingLibraryError(
            "a PNG is drawn by matplotlib, which is not installed: pip install "
            "'chronomux[plot]', or give a name that ends in .svg"
        ) from error
    axis = axis_of_report(report)
    timed = [source for source in report.sources if source.lane]
    figure = figures.Figure((10, 1 + 1.2 * max(len(timed), 1)), layout="constrained")
    if axis is not None:
        rows = figure.subplots(len(timed), sharex=True, squeeze=False)
        for source, (row,) in zip(timed, rows, strict=True):
            _draw(row, report, source, axis)
        ends = axis.segments[0], axis.segments[-1]
        rows[-1][0].set_xticks([ends[0].left, ends[1].right])
        labels = at_ms(ends[0].begin), at_ms(ends[1].end)
        for label, side in zip(
            rows[-1][0].set_xticklabels(labels), ("left", "right"), strict=True
        ):
            label.set_ha(side)
        if axis.left_out:
            figure.supxlabel(break_note(axis), fontsize="small")
    target = io.BytesIO()
    figure.savefig(target, format="png", dpi=120)
    return target.getvalue()


def _draw(row: Any, report: Report, source: SourceCheck, axis: Axis) -> None:
    lefts = [axis.x(begin) for begin, _ in source.lane]
    rights = [axis.x(begin + source.lane_width) for begin, _ in source.lane]
    widths = [max(b - a, 0.7) for a, b in zip(lefts, rights, strict=True)]
    counts = [count for _, count in source.lane]
    row.bar(lefts, counts, widths, align="edge", color="#2f6db5", snap=False)
    # A name is no formula, whatever signs are in it.
    row.set_title(source.name.replace("$", r"\$"), loc="left", fontsize="small")
    row.set_xlim(0, WIDTH)
    for segment in axis.segments[:-1]:
        row.axvspan(segment.right, segment.right + 2, color="#5b6470")
    for one in marks_of(report, source):
        if one.time is not None and one.kind in LETTERS:
            place = axis.x(one.time), max(counts)
            row.annotate(LETTERS[one.kind], place, color="#b3261e", va="top")
