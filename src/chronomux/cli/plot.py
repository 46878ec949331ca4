"""`chronomux plot`: the records of captures over time, a lane a file."""

from __future__ import annotations

import argparse
import shutil
import sys
from typing import TYPE_CHECKING

from chronomux.cli.messages import say
from chronomux.cli.progress import Progress
from chronomux.cli.signals import ended_by_signals
from chronomux.cli.sources import ORDER_OF_FILES, add_sources, opened, quieted

if TYPE_CHECKING:
    from chronomux.replay import Report

__all__ = ["add_arguments", "run"]

UNUSABLE = 2
SUFFIXES = ".png", ".svg", ".html"
COLUMNS = 80, 200  # at least and at most

NOTES = """\
Where nothing was recorded for long the axis of time is broken, and a line says so: a
record of 1970 leaves room for those of today. Letters mark what 'chronomux check'
finds: G a gap, D a record out of order, 2 a duplicate, * several of them.

The exit code is 2 when a file could not be read to its end; what stands before it is
drawn.
"""
EXAMPLES = """\
examples:
  chronomux plot recordings/
  chronomux plot --max-gap 5s -o lanes.svg cpu.csv network.pcapng
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"{NOTES}\n{ORDER_OF_FILES}\n\n{EXAMPLES}"
    add_sources(parser)
    parser.add_argument(
        "--max-gap",
        metavar="DURATION",
        help="mark more than that without a record in a file: 5s, 250ms, 2h",
    )
    parser.add_argument(
        "--window",
        metavar="DURATION",
        help="a record may be so much older than one before it (default: 0s)",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="draw it there: .svg, .html, or .png, which needs matplotlib; without it "
        "the terminal is drawn on",
    )


def run(options: argparse.Namespace) -> int:
    if options.output is not None and not options.output.endswith(SUFFIXES):
        raise ValueError(f"-o {options.output}: give a name in .png, .svg or .html")
    report = _checked(options, shown=not quieted(options))
    if options.output is None:
        print(_text(report))
    else:
        _write(options.output, report)
    broken = [source.error for source in report.sources if source.error]
    for error in broken:
        say(error)
    return UNUSABLE if broken else 0


def _checked(options: argparse.Namespace, shown: bool) -> Report:
    from chronomux.replay import Output

    with (
        ended_by_signals(),
        opened(options) as capture,
        Progress(capture.size, shown) as progress,
    ):
        if options.output is not None:
            Output(options.output).refuse(capture.names)
        return capture.check(
            max_gap=options.max_gap,
            window=options.window,
            progress=progress if progress.shown else None,
        )


def _text(report: Report) -> str:
    from chronomux.replay.checks.plotting import ASCII_BLOCKS, BLOCKS, as_text

    least, most = COLUMNS
    columns = min(shutil.get_terminal_size((least, 24)).columns, most)
    try:
        BLOCKS.encode(sys.stdout.encoding or "ascii")
        blocks = BLOCKS
    except UnicodeEncodeError:
        blocks = ASCII_BLOCKS
    return as_text(report, max(columns, 2), blocks)


def _write(name: str, report: Report) -> None:
    from chronomux.replay import Output
    from chronomux.replay.checks.plotting import as_page, as_png, as_svg

    if name.endswith(".png"):
        data = as_png(report)
    elif name.endswith(".svg"):
        data = as_svg(report).encode()
    else:
        data = as_page(report).encode()
    with ended_by_signals(), Output(name) as out:
        out.write(data)
