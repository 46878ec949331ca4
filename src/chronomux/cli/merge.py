"""`chronomux merge`: CSV captures in, one chronological CSV out."""

from __future__ import annotations

import argparse
import csv
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from chronomux.cli.messages import say
from chronomux.cli.progress import Progress

if TYPE_CHECKING:
    from chronomux.replay import SourceReport

__all__ = ["add_arguments", "run"]

LINES_SHOWN = 20  # of the records without a readable time, a file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Records of equal time leave in the order of FILES. A record older than one "
        "before it in its file is late: it leaves at once, is reported, and the exit "
        "code is 1."
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a CSV file, also as gzip, bz2, xz or zstd; - is stdin",
    )
    parser.add_argument(
        "-t",
        "--timestamp",
        required=True,
        type=_columns,
        metavar="COLUMN[,COLUMN]",
        help="the column of the time, or columns to be joined by a space",
    )
    parser.add_argument(
        "--format",
        default="auto",
        help="auto (default), epoch, iso, or a strptime pattern",
    )
    parser.add_argument("--tz", help="zone of times that name none (default: UTC)")
    parser.add_argument(
        "--row-names",
        action="store_true",
        help="records begin with a name that the header has no column for, as R does",
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip", "null"),
        default="raise",
        help="a record without a readable time ends the merge (default), is left out, "
        "or stays behind the record before it",
    )
    parser.add_argument(
        "--add-source",
        action="store_true",
        help="add a column with the file; done anyway when headers differ",
    )
    parser.add_argument(
        "--source-column",
        default="source",
        metavar="NAME",
        help="the name of that column (default: source)",
    )
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="OUT",
        help="appears when complete; - is stdout (default)",
    )


def _columns(text: str) -> list[str]:
    """'Date,Time' -> two names; a name with a comma is quoted as in CSV."""
    names = next(csv.reader([text]), [])
    if not all(names) or not names:
        raise argparse.ArgumentTypeError(f"{text!r} holds an empty column name")
    return names


def run(options: argparse.Namespace) -> int:
    from chronomux.replay import merge_files

    # A progress line on the terminal that takes the records would cut them in pieces.
    shown = not (options.output == "-" and sys.stdout and sys.stdout.isatty())
    with _ended_by_signals(), Progress(_size(options.files), shown) as progress:
        report = merge_files(
            options.files,
            options.output,
            timestamp=options.timestamp,
            timestamp_format=options.format,
            tz=options.tz,
            row_names=options.row_names,
            on_error=options.on_error,
            add_source=options.add_source,
            source_column=options.source_column,
            progress=progress if progress.shown else None,
        )
    return 1 if _findings(report.sources) else 0


def _size(files: list[str]) -> int | None:
    """Bytes of all inputs, or None if one of them is a pipe."""
    sizes = [os.stat(name).st_size for name in files if os.path.isfile(name)]
    return sum(sizes) if len(sizes) == len(files) else None


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP remove the half-written file too, as Ctrl-C does."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    mine = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if threading.current_thread() is threading.main_thread()
        and signal.getsignal(number) is signal.SIG_DFL  # nohup's stays ignored
    ]
    for number in mine:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in mine:
            signal.signal(number, signal.SIG_DFL)


def _findings(sources: Iterable[SourceReport]) -> bool:
    """Say on stderr what is wrong with the captures."""
    lines = [line for source in sources for line in _complaints(source)]
    for line in lines:
        say(line)
    return bool(lines)


def _complaints(source: SourceReport) -> Iterator[str]:
    for line in source.untimed_lines[:LINES_SHOWN]:
        yield f"{source.name}:{line}: no readable time"
    if source.untimed > LINES_SHOWN:
        yield f"{source.name}: and {_records(source.untimed - LINES_SHOWN)} like these"
    if source.late:
        yield (
            f"{source.name}:{source.first_late}: the first of "
            f"{_records(source.late)} older than one before; "
            f"the largest step back is {source.largest_step_back / 1e9:g} s"
        )


def _records(count: int) -> str:
    return f"{count} record{'s' if count != 1 else ''}"
