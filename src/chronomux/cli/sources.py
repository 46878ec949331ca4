"""The arguments of verbs that read captures of any format."""

from __future__ import annotations

import argparse
import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chronomux.replay import Capture

__all__ = ["add_sources", "column_names", "name_and_offset", "opened", "quieted"]

ORDER_OF_FILES = """\
A folder stands for the files in it whose format is known, without hidden ones and
without its folders; a quoted pattern ('run*.csv', '**/*.pcap') for the files that
have it. Both give them in the order of their paths, character by character: run10
before run2. Formats are known by content (pcap, pcapng), then by suffix: .csv .tsv
.jsonl .ndjson .scl, compressed or not."""


def add_sources(parser: argparse.ArgumentParser) -> None:
    """FILES, and how they are to be read."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a capture, a folder or a pattern, also as gzip, bz2, xz or zstd; - is "
        "stdin",
    )
    parser.add_argument(
        "-t",
        "--timestamp",
        type=column_names,
        metavar="COLUMN[,COLUMN]",
        help="the column of the time, or its path in JSON lines (default: timestamp or "
        "time, whichever is there)",
    )
    parser.add_argument(
        "--format", help="of times: auto (default), epoch, iso, or a strptime pattern"
    )
    parser.add_argument("--tz", help="zone of times that name none (default: UTC)")
    parser.add_argument(
        "--input-format",
        metavar="NAME",
        help="read every file as csv, tsv, jsonl, scl, pcap, pcapng, or what a package "
        "adds",
    )
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="nothing on stderr but errors, and no progress",
    )


def opened(options: argparse.Namespace, on_error: str | None = None) -> Capture:
    """The capture that the arguments ask for."""
    from chronomux.replay import open

    columns = options.timestamp
    return open(
        options.files,
        format=options.input_format,
        timestamp=columns[0] if columns and len(columns) == 1 else columns,
        timestamp_format=options.format,
        tz=options.tz,
        on_error=on_error,
    )


def quieted(options: argparse.Namespace) -> bool:
    """Whether nothing but errors is to be said; the logger then says no more."""
    if options.quiet:
        import logging

        logging.getLogger("chronomux").setLevel(logging.ERROR)
    return bool(options.quiet)


def column_names(text: str) -> list[str]:
    """'Date,Time' -> two names; a name with a comma is quoted as in CSV."""
    names = next(csv.reader([text]), [])
    if not all(names) or not names:
        raise argparse.ArgumentTypeError(f"{text!r} holds an empty column name")
    return names


def name_and_offset(text: str) -> tuple[str, str]:
    """'a.csv=+0.5s' -> the file, and by how much its times are to be moved."""
    name, equals, by = text.rpartition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not like a.csv=+0.5s")
    return name, by
