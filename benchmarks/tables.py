"""Tables for people: ratios against floors, what moved, and the README's figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks import ratios
from benchmarks.ratios import OURS, Change, Floor, Group, Report

MOVED = 1.10


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as columns; the first column is a name, the others end aligned."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in (0, 2) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def duration(seconds: float, items: int | None) -> str:
    """Time per item where the number of items is known, else per call."""
    each = seconds / (items or 1)
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if each >= 0.9995 * scale:  # which rounds up to it
            return f"{each / scale:.3g} {unit}"
    return f"{each / 1e-9:.3g} ns"


def ratio_table(groups: Mapping[str, Group], floors: Mapping[str, Floor]) -> str:
    """One row a peer (fastest first) or yardstick, ours on the group's first row."""
    rows = [("group", "ours", "peer", "time", "ratio", "floor", "")]
    for name, group in groups.items():
        floor = floors.get(name, Floor({}))
        title = [name, duration(group.seconds[OURS], group.items)]
        for row in _contender_rows(group, floor) or [("-", "", "", "", "")]:
            rows.append((*title, *row))
            title = ["", ""]
    return aligned(rows)


def _contender_rows(group: Group, floor: Floor) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for contender in group.others:
        ratio, least = group.ratio(contender), floor.ratios.get(contender)
        under = least is not None and ratio < least
        rows.append(
            (
                contender,
                duration(group.seconds[contender], group.items),
                f"{ratio:.2f}",
                "-" if least is None else f"{least:g}",
                "UNDER" if under else "",
            )
        )
    for contender, least in floor.ratios.items():
        if ratios.is_missing(group, contender):
            rows.append((contender, "-", "-", f"{least:g}", "not installed, skipped"))
    return rows


def notes(groups: Iterable[Group]) -> list[str]:
    """What groups have to say besides times."""
    return [f"{group.name}: {group.note}" for group in groups if group.note]


def change_table(changes: Sequence[Change]) -> str:
    """What moved by more than 10 %, and a count of what did not."""
    moved = [c for c in changes if not 1 / MOVED <= c.factor <= MOVED]
    rows = [("group", "", "peer", "before", "after", "change")]
    for change in moved:
        known = change.before is not None and change.after is not None
        rows.append(
            (
                change.group,
                "",
                change.contender,
                "-" if change.before is None else f"{change.before:.2f}",
                "-" if change.after is None else f"{change.after:.2f}",
                f"{100 * (change.factor - 1):+.0f} %" if known else "new or gone",
            )
        )
    still = f"{len(changes) - len(moved)} ratios moved by less than 10 %"
    return f"{aligned(rows)}\n{still}" if moved else still


def machine_line(report: Report) -> str:
    """Machine, Python, peers and date of a report, in one sentence without names."""
    info = report["machine_info"]
    cpu = info.get("cpu", {})
    versions = info.get("peers", {})
    peers = ", ".join(
        f"{name} {version}" for name, version in versions.items() if version
    )
    return (
        f"{cpu.get('brand_raw') or info['machine']}, {cpu.get('count', '?')} cores, "
        f"{info['system']} {info['machine']}, "
        f"{info['python_implementation']} {info['python_version']}, {peers}; "
        f"{report['datetime'][:10]}"
    )


def markdown(groups: Sequence[Group]) -> str:
    """Groups as one Markdown table: ours, every contender with its ratio."""
    names = dict.fromkeys(name for group in groups for name in group.others)
    head = ["", f"**{OURS}**", *names]
    rule = ["---", *["---:"] * (len(head) - 1)]
    lines = [head, rule, *(_markdown_row(group, list(names)) for group in groups)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _markdown_row(group: Group, names: list[str]) -> list[str]:
    def cell(name: str) -> str:
        if name not in group.seconds:
            return "-"
        time = duration(group.seconds[name], group.items)
        return f"{time} ({group.ratio(name):.3g}x)"

    ours = f"**{duration(group.seconds[OURS], group.items)}**"
    return [group.name, ours, *map(cell, names)]


def by_subject(report: Report) -> dict[str, list[Group]]:
    """A report's groups by the test function that measures them.

    "benchmarks/bench_merge.py::test_merge_of_lists[8-bursty]" is about "merge of lists
    (`benchmarks/bench_merge.py`)": one table, as its groups have the same contenders.
    """
    subjects: dict[str, list[Group]] = {}
    for group in ratios.read_groups(report).values():
        path, _, test = group.tests[0].partition("::")
        words = test.partition("[")[0].removeprefix("test_").replace("_", " ")
        subjects.setdefault(f"{words} (`{path}`)", []).append(group)
    return subjects
