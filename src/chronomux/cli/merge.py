"""`chronomux merge`: captures of any format in, one chronological out."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from chronomux.cli.messages import say
from chronomux.cli.progress import Progress
from chronomux.cli.signals import ended_by_signals
from chronomux.cli.sources import column_names, name_and_offset, quieted

if TYPE_CHECKING:
    from chronomux.replay import MergeReport, SourceReport

__all__ = ["add_arguments", "run"]

PACKET_FORMATS = "pcapng", "pcap"
LINES_SHOWN = 20  # of the records without a readable time, a file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Records of equal time leave in the order of FILES. A record older than one "
        "before it in its file is late, and reported: it comes to its place or ends "
        "the merge, as --order says. Durations are like 0.5s, 250ms, 2h. The exit code "
        "is 1 when records are out of order, dropped or without a readable time. "
        "Examples: chronomux merge -t time -o all.csv a.csv b.csv.gz; "
        "chronomux merge -o all.pcapng a.pcap b.pcapng; "
        "chronomux merge -o all.jsonl cpu.csv events.jsonl commands.scl; "
        "chronomux merge --where 'udp=(dstport=53)' --format pcap -o dns.pcap *.pcap.gz"
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="CSV files or packet captures (pcap and pcapng) to one of that kind; what "
        "is of another or of several formats to JSON lines; known by content, also as "
        "gzip, bz2, xz or zstd; - is stdin",
    )
    parser.add_argument(
        "-t",
        "--timestamp",
        type=column_names,
        metavar="COLUMN[,COLUMN]",
        help="of text: the column or key of the time, or columns, joined by a space",
    )
    parser.add_argument(
        "--format",
        default="auto",
        help="of times in CSV: auto (default), epoch, iso, or a strptime pattern; of "
        "packets to be written: pcapng (default), or pcap with times in ns",
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
        "-q",
        "--quiet",
        action="store_true",
        help="say nothing on stderr but errors; the exit code tells of findings",
    )
    _add_order(parser)
    _add_span(parser)
    _add_selection(parser)
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
        help="appears when complete; of CSV JSON lines if it ends in .jsonl, else CSV; "
        "compressed with .gz, .bz2, .xz or .zst; - is stdout (default)",
    )
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write what was found, as JSON, to a file or to stdout (-)",
    )


def _add_order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--order",
        choices=("strict", "window", "sort", "keep"),
        default="window",
        help="late records: strict: the first is an error; window (default): they come "
        "to their places as far as --window reaches; sort: any do, by way of a "
        "temporary file; keep: nothing is merged, one file follows the other",
    )
    parser.add_argument(
        "--window",
        default="1s",
        metavar="TIME",
        help="how late a record may be to be put in its place (default: 1s)",
    )
    parser.add_argument(
        "--late",
        choices=("drop", "emit"),
        default="raise",
        help="what --window does not reach: leave it out, or let it leave out of order "
        "(default: an error)",
    )


def _add_span(parser: argparse.ArgumentParser) -> None:
    when = "ISO 8601, epoch, or +10s after the first record"
    parser.add_argument("--start", metavar="TIME", help=f"write from then on: {when}")
    parser.add_argument("--end", metavar="TIME", help="write up to before then")
    parser.add_argument(
        "--duration", metavar="TIME", help="an end that counts from the start"
    )
    parser.add_argument(
        "--offset",
        action="append",
        default=[],
        type=name_and_offset,
        metavar="FILE=TIME",
        help="add to the times of a file, as in a.csv=+0.5s; may be repeated",
    )
    parser.add_argument(
        "-n", type=int, metavar="COUNT", help="write so many records at most"
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--where",
        metavar="SCL",
        help="write only records of which this holds, as in 'kind=boot "
        "level=between(low=1 high=5)': all of it, and of a name given twice either",
    )
    parser.add_argument(
        "--exclude", metavar="SCL", help="leave out records of which this holds"
    )


def run(options: argparse.Namespace) -> int:
    from chronomux.replay import merge_files

    if options.json == "-" and options.output == "-":
        raise ValueError("records and --json cannot both go to stdout; give -o a file")
    quiet = quieted(options)
    is_packets_form = options.format in PACKET_FORMATS
    # A progress line on the terminal that takes the records would cut them in pieces.
    shown = not (options.output == "-" and sys.stdout and sys.stdout.isatty())
    shown = shown and not quiet
    with ended_by_signals(), Progress(_size(options.files), shown) as progress:
        report = merge_files(
            options.files,
            options.output,
            timestamp=options.timestamp,
            timestamp_format="auto" if is_packets_form else options.format,
            format=options.format if is_packets_form else None,
            tz=options.tz,
            row_names=options.row_names,
            on_error=options.on_error,
            order=options.order,
            window=options.window,
            late=options.late,
            start=options.start,
            end=options.end,
            duration=options.duration,
            offsets=dict(options.offset),
            where=options.where,
            exclude=options.exclude,
            most=options.n,
            add_source=options.add_source,
            source_column=options.source_column,
            progress=progress if progress.shown else None,
        )
    if options.json is not None:
        _write_json(report, options.json, [*options.files, options.output])
    if not quiet:
        _say_findings(report)
    return int(any(_spoils(source, report.order) for source in report.sources))


def _write_json(report: MergeReport, target: str, taken: list[str]) -> None:
    from chronomux.replay import Output

    with Output(target) as out:
        out.refuse(name for name in taken if name != "-")
        out.write(json.dumps(report.as_dict(), indent=2).encode() + b"\n")


def _size(files: list[str]) -> int | None:
    """Bytes of all inputs, or None if one of them is a pipe."""
    sizes = [os.stat(name).st_size for name in files if os.path.isfile(name)]
    return sum(sizes) if len(sizes) == len(files) else None


def _say_findings(report: MergeReport) -> None:
    """Say on stderr what is wrong with the captures."""
    for source in report.sources:
        for line in _complaints(source, report.order):
            say(line)


def _spoils(source: SourceReport, order: str) -> bool:
    """Whether the output is not all the records in order."""
    out_of_order = source.late if order == "keep" else source.emitted
    return bool(out_of_order or source.dropped or source.untimed)


def _complaints(source: SourceReport, order: str) -> Iterator[str]:
    for line in source.untimed_lines[:LINES_SHOWN]:
        yield f"{source.name}:{line}: no readable time"
    # Of packets it was said when they were read.
    if source.untimed > LINES_SHOWN and not source.has_packets:
        yield f"{source.name}: and {_records(source.untimed - LINES_SHOWN)} like these"
    if source.late:
        yield (
            f"{source.name}{source.mark}{source.first_late}: the first of "
            f"{_records(source.late, source.has_packets)} older than one before; "
            f"the largest step back is {source.largest_step_back / 1e9:g} s; "
            f"{_fate(source, order)}"
        )


def _fate(source: SourceReport, order: str) -> str:
    """What became of the late records."""
    if order == "keep":
        return "all stand as in the file"
    fates = {
        "put in order": source.repaired,
        "out of order": source.emitted,
        "dropped": source.dropped,
    }
    return ", ".join(f"{count} {fate}" for fate, count in fates.items() if count)


def _records(count: int, are_packets: bool = False) -> str:
    what = "packet" if are_packets else "record"
    return f"{count} {what}{'s' if count != 1 else ''}"
