"""`chronomux check`: what is wrong with captures; the exit code says whether."""

from __future__ import annotations

import argparse
import json
import shlex
from typing import TYPE_CHECKING

from chronomux.cli.messages import say
from chronomux.cli.progress import Progress
from chronomux.cli.signals import ended_by_signals
from chronomux.cli.sources import ORDER_OF_FILES, add_sources, opened, quieted

if TYPE_CHECKING:
    from chronomux.replay import Report

__all__ = ["add_arguments", "run"]

FINDINGS, UNUSABLE = 1, 2

EXAMPLES = """\
examples:
  chronomux check --max-gap 5s --window 1s recordings/
  chronomux check --rules alarms.scl --json 'run*.jsonl' | jq .counts
  chronomux check --report wrong.html recordings/
  chronomux check commands.scl answers.jsonl \\
    --expect 'type=command => type=response within 2s same id'
"""
NOTES = """\
Findings are records that cannot be read, gaps, records out of order, duplicates (the
same time and content, no record of another time between them), rules that never
matched, commands without their response and responses nobody asked for. Their records
are counted from 1 among those that could be read. Times are those of the records, in
all files together.

The exit code is 0 when nothing is wrong, 1 when something is, and 2 when a file could
not be opened or read to its end; all that was found before is told of.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"{NOTES}\n{ORDER_OF_FILES}\n\n{EXAMPLES}"
    add_sources(parser)
    parser.add_argument(
        "--max-gap",
        metavar="DURATION",
        help="more than that without a record in a file is a finding: 5s, 250ms, 2h",
    )
    parser.add_argument(
        "--window",
        metavar="DURATION",
        help="a record may be so much older than one before it (default: 0s)",
    )
    parser.add_argument(
        "--rules",
        metavar="FILE",
        help="rules in SCL, rule=NAME(when=(...)) each: count what they match",
    )
    parser.add_argument(
        "--expect",
        action="append",
        default=[],
        metavar="TEXT",
        help="'COMMAND => RESPONSE within 2s [same PATH]', conditions in SCL on both "
        "sides; PATH must be equal in both (may be repeated)",
    )
    parser.add_argument(
        "--most",
        type=int,
        default=100,
        metavar="COUNT",
        help="findings shown of each kind for a file or an expectation; all are "
        "counted (default: 100)",
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="the same as JSON; times and durations in int ns",
    )

    parser.add_argument(
        "--report",
        metavar="OUT.html",
        help="write a page of its own: records over time, findings and tables",
    )


def run(options: argparse.Namespace) -> int:
    report = _checked(options, shown=not quieted(options))
    if options.report is not None:
        _write_page(options, report)
    print(json.dumps(report.to_dict(), indent=2) if options.json else report)
    if report.is_complete:
        return 0 if report.ok else FINDINGS
    for source in report.sources:
        if source.error:
            say(source.error)
    return UNUSABLE


def _write_page(options: argparse.Namespace, report: Report) -> None:
    from chronomux.replay import Output

    with ended_by_signals(), Output(options.report) as out:
        out.write(report.to_html(shlex.join(options.command)).encode())


def _checked(options: argparse.Namespace, shown: bool) -> Report:
    from chronomux.replay import Output

    with (
        ended_by_signals(),
        opened(options) as capture,
        Progress(capture.size, shown) as progress,
    ):
        if options.report is not None:  # better now than when all was read
            Output(options.report).refuse(capture.names)
        return capture.check(
            max_gap=options.max_gap,
            window=options.window,
            rules=options.rules,
            expect=options.expect,
            most=options.most,
            progress=progress if progress.shown else None,
        )
