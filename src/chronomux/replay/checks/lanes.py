"""A lane a source: its records over time, with what was found in them, as SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chronomux.replay.checks.axis import BREAK_WIDTH, Axis, axis_of
from chronomux.replay.checks.markup import element, text
from chronomux.replay.checks.report import Finding, Report, SourceCheck
from chronomux.replay.checks.text import place_text
from chronomux.replay.time_texts import duration_text, moment_text

__all__ = [
    "HEIGHT",
    "LETTERS",
    "WIDTH",
    "ZOOMS",
    "at_ms",
    "axis_of_report",
    "break_note",
    "drawn",
    "in_words",
    "lanes",
    "marks_of",
]

WIDTH, HEIGHT = 1000.0, 60.0
ROW = 14  # of marks of one kind
SIGN = 6.0  # of a moment, at most so wide
ZOOMS = 1, 2, 4, 8
NEAR = 12.0  # marks of one kind that stand closer are one
LETTERS = {
    "gap": "G",
    "disorder": "D",
    "duplicate": "2",
    "missing": "M",
    "unasked": "U",
}


def lanes(report: Report) -> Iterator[str]:
    """A figure for each source; the axis of time is the same in all of them."""
    axis = axis_of_report(report)
    if axis is not None:
        yield _zoom()
    if axis is not None and axis.left_out:
        yield element("p", text(break_note(axis)), class_="note")
    for number, source in enumerate(report.sources):
        caption = element("figcaption", text(source.name))
        words = element("p", text(in_words(source)))
        svg = ""
        if axis is not None and source.lane:
            content, height = drawn(number, source, axis, marks_of(report, source))
            svg = element(
                "svg",
                content,
                viewBox=f"0 0 {WIDTH:.0f} {height:.0f}",
                role="img",
                aria_labelledby=f"lane{number} says{number}",
            )
            # Scrolled by keys, too, when it is made larger.
            name = {"role": "region", "aria_label": f"Lane of {source.name}"}
            svg = element("div", svg, class_="scroll", tabindex=0, **name)
        yield element("figure", caption + svg + words)


def _zoom() -> str:
    """A choice of sizes; the style of the page does the rest, without a script."""
    choices = (
        f'<label><input type="radio" name="zoom" id="zoom{times}"'
        f"{' checked' if times == 1 else ''}> {times}x</label>"
        for times in ZOOMS
    )
    legend = element("legend", "Zoom")
    return element("fieldset", legend + " ".join(choices), class_="zoom")


def axis_of_report(report: Report) -> Axis | None:
    """The axis of all sources; None if no record has a time."""
    stretches = [
        (begin, begin + source.lane_width)
        for source in report.sources
        for begin, _ in source.lane
    ]
    return axis_of(stretches, WIDTH) if stretches else None


def break_note(axis: Axis) -> str:
    """What a broken axis leaves out, in words."""
    return (
        "The axis of time is broken where nothing was recorded: "
        f"{duration_text(axis.left_out)} are left out."
    )


def marks_of(report: Report, source: SourceCheck) -> list[Finding]:
    """What was found in a source."""
    return [one for one in report.findings if one.source == source.name]


def drawn(
    number: int, source: SourceCheck, axis: Axis, marks: Sequence[Finding]
) -> tuple[str, float]:
    """The content of an SVG of a source with times, `WIDTH` wide, and its height."""
    rows = [kind for kind in LETTERS if any(one.kind == kind for one in marks)]
    height = HEIGHT + ROW * (len(rows) + 1)
    content = [
        element("title", text(source.name), id=f"lane{number}"),
        element("desc", text(in_words(source)), id=f"says{number}"),
        *_gaps(source, axis, marks),
        element("path", class_="rate", d=_bars(source, axis)),
        *_breaks(axis),
        *(
            one
            for row, kind in enumerate(rows)
            for one in _marks(row, kind, axis, marks)
        ),
        *_moments(axis, height),
    ]
    return "".join(content), height


def in_words(source: SourceCheck) -> str:
    """What a lane shows, for who cannot see it."""
    if source.first is None or source.last is None:
        return f"{source.records} records, none of them with a time."
    most = max(count for _, count in source.lane)
    return (
        f"{source.records} records from {moment_text(source.first)} to "
        f"{moment_text(source.last)}, at most {most} in "
        f"{duration_text(source.lane_width)}; gaps: {source.gaps}, out of order: "
        f"{source.disorder}, duplicates: {source.duplicates}, unreadable: "
        f"{source.unreadable}."
    )


def _bars(source: SourceCheck, axis: Axis) -> str:
    most = max(count for _, count in source.lane)
    bars = []
    for begin, count in source.lane:
        left, right = axis.x(begin), axis.x(begin + source.lane_width)
        top = HEIGHT - (HEIGHT - 4) * count / most
        right = max(right, left + 0.7)
        bars.append(f"M{left:.1f} {HEIGHT:.0f}V{top:.1f}H{right:.1f}V{HEIGHT:.0f}Z")
    return "".join(bars)


def _gaps(source: SourceCheck, axis: Axis, marks: Sequence[Finding]) -> Iterator[str]:
    """From the end of the stretch before each to the record that ended it."""
    ends = [begin + source.lane_width for begin, _ in source.lane]
    for one in marks:
        if one.kind == "gap" and one.time is not None:
            begin = max((end for end in ends if end <= one.time), default=one.time)
            left, right = axis.x(begin), axis.x(one.time)
            yield element(
                "rect",
                element("title", text(one.text)),
                class_="gap",
                x=f"{left:.1f}",
                y=0,
                width=f"{max(right - left, 1):.1f}",
                height=f"{HEIGHT:.0f}",
            )


def _marks(row: int, kind: str, axis: Axis, findings: Sequence[Finding]) -> str:
    """Letters under the records; one stands for all that are near."""
    near: dict[int, list[Finding]] = {}
    for one in findings:
        if one.kind == kind and one.time is not None:
            near.setdefault(int(axis.x(one.time) / NEAR), []).append(one)
    marks = []
    for ones in near.values():
        first = ones[0]
        more = f" (and {len(ones) - 1} more near it)" if len(ones) > 1 else ""
        title = element("title", text(f"{place_text(first)}{first.text}{more}"))
        x = min(max(axis.x(first.time or 0), 5), WIDTH - 5)
        y = HEIGHT + ROW * (row + 1) - 3
        where = {"class_": f"mark {kind}", "x": f"{x:.1f}", "y": f"{y:.0f}"}
        marks.append(element("text", title + LETTERS[kind], **where))
    return "".join(marks)


def _breaks(axis: Axis) -> Iterator[str]:
    for segment in axis.segments[:-1]:
        x = segment.right + BREAK_WIDTH / 2
        line = f"M{x - 5:.1f} {HEIGHT:.0f}L{x - 1:.1f} 0M{x + 1:.1f} {HEIGHT:.0f}"
        yield element("path", class_="break", d=f"{line}L{x + 5:.1f} 0")


def _moments(axis: Axis, height: float) -> Iterator[str]:
    """When the axis begins and ends, and each segment that has room for it."""
    y = f"{height - 3:.0f}"
    last = len(axis.segments) - 1
    free = 0.0  # from here on there is no text yet
    for number, (begin, end, left, right) in enumerate(axis.segments):
        is_wide = right - left > WIDTH / 3
        if number == 0 or is_wide:
            words = at_ms(begin)
            x = max(left, free)
            free = x + SIGN * len(words) + NEAR
            yield element("text", text(words), class_="when", x=f"{x:.0f}", y=y)
        if number == last or (is_wide and right - left > WIDTH / 2):
            words = at_ms(end)
            yield element("text", text(words), class_="when end", x=f"{right:.0f}", y=y)


def at_ms(ns: int) -> str:
    """A moment of the axis: whole ms are near enough."""
    return moment_text(ns // 10**6 * 10**6)
