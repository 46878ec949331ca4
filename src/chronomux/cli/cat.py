"""`chronomux cat`: captures of any format as one stream of JSON lines or CSV."""

from __future__ import annotations

import argparse
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

from chronomux.cli.messages import say
from chronomux.cli.progress import Progress
from chronomux.cli.signals import ended_by_signals
from chronomux.cli.sources import (
    ORDER_OF_FILES,
    add_sources,
    column_names,
    opened,
    quieted,
)

if TYPE_CHECKING:
    from chronomux.replay import Capture, Catenation

__all__ = ["add_arguments", "run"]

NOTES = """\
Records come in the order of time, those of equal time in the order of files. Each has
a 'timestamp' in ns since 1970; data of packets is in hexadecimal digits. A record that
is older than one before it in its file comes as soon as it can, is counted on stderr,
and makes the exit code 1; 'chronomux merge' puts such records in their places.
"""
EXAMPLES = """\
examples:
  chronomux cat cpu.csv network.pcapng commands.scl
  chronomux cat --source-key file recordings/ | jq -c .
  chronomux cat --start +10s --end +20s --layers --where 'udp=(dstport=53)' *.pcap
  chronomux cat --to csv --columns timestamp,length,data -o all.csv.gz *.pcap
"""
EVERY = 1024  # items between two looks at the clock


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"{NOTES}\n{ORDER_OF_FILES}\n\n{EXAMPLES}"
    add_sources(parser)
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip", "null"),
        default="raise",
        help="a record without a readable time ends it all (default), is left out, or "
        "comes as soon as it can",
    )
    _add_selection(parser)
    parser.add_argument(
        "--to",
        choices=("jsonl", "csv"),
        help="what is written (default: csv if OUT ends so, else jsonl)",
    )
    parser.add_argument(
        "--columns",
        type=column_names,
        metavar="NAME,...",
        help="of CSV (default: those of the first record)",
    )
    parser.add_argument("--layers", action="store_true", help="decode packets' layers")
    parser.add_argument(
        "--source-key", metavar="NAME", help="add the file's name under that key"
    )
    parser.add_argument(
        "-o",
        "--output",
        default="-",
        metavar="OUT",
        help="appears when complete; compressed with .gz, .bz2, .xz or .zst; - is "
        "stdout (default)",
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    when = "ISO 8601, epoch, or +10s after the first record"
    parser.add_argument("--start", metavar="TIME", help=f"write from then on: {when}")
    parser.add_argument("--end", metavar="TIME", help="write up to before then")
    parser.add_argument(
        "-n", type=int, metavar="COUNT", help="write so many records at most"
    )
    parser.add_argument(
        "--where",
        metavar="SCL",
        help="write only records of which this holds, as in 'kind=boot "
        "level=between(low=1 high=5)'",
    )
    parser.add_argument(
        "--exclude", metavar="SCL", help="leave out records of which this holds"
    )


def run(options: argparse.Namespace) -> int:
    from chronomux.replay import Catenation

    if options.n is not None and options.n < 0:
        raise ValueError(f"-n {options.n}: give a number of records")
    quiet = quieted(options)
    shown = not quiet and not (
        options.output == "-" and sys.stdout and sys.stdout.isatty()
    )
    with ended_by_signals(), opened(options, options.on_error) as capture:
        items = Catenation(
            capture,
            where=options.where,
            exclude=options.exclude,
            start=options.start,
            end=options.end,
            source=options.source_key,
            layers=options.layers,
        )
        _write(options, capture, items, shown)
    for name, count in () if quiet else items.late.items():
        records = f"{count} record{'s' if count != 1 else ''}"
        say(f"{name}: {records} older than one before; each came as soon as it could")
    return int(bool(items.late))


def _write(
    options: argparse.Namespace, capture: Capture, items: Catenation, shown: bool
) -> None:
    from chronomux.replay import Output

    with Output(options.output) as out, Progress(capture.size, shown) as progress:
        out.refuse(name for name in capture.names if name != "<stdin>")
        writer = _writer(options, out)
        write = writer.write
        for number, item in enumerate(islice(iter(items), options.n)):
            write(item)
            if not number % EVERY:
                progress(capture.position)
        writer.flush()


def _writer(options: argparse.Namespace, out: Any) -> Any:
    from chronomux.replay.catenation import in_json
    from chronomux.replay.formats import uncompressed_suffix
    from chronomux.replay.merging.item_lines import CSVLines, JSONLWriter

    as_named = "csv" if uncompressed_suffix(options.output) == ".csv" else "jsonl"
    if (options.to or as_named) == "csv":
        return CSVLines(out, options.columns)
    if options.columns:
        raise ValueError("--columns are for CSV: use --to csv")
    return JSONLWriter(out, default=in_json)
