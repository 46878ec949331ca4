"""`chronomux info`: a row a capture."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chronomux.cli.messages import say
from chronomux.cli.progress import Progress, in_bytes
from chronomux.cli.sources import ORDER_OF_FILES, add_sources, opened, quieted

if TYPE_CHECKING:
    from chronomux.replay import Capture, SourceInfo

__all__ = ["add_arguments", "run"]

UNUSABLE = 2

EXAMPLES = """\
examples:
  chronomux info cpu.csv network.pcapng commands.scl
  chronomux info recordings/
  chronomux info -t Date,Time --format '%d.%m.%Y %H:%M:%S' 'run*.csv.gz'
  chronomux info --json recordings/ | jq '.[].records'
"""
NOTES = """\
FIRST and LAST are the least and the greatest time. LATE counts the records that are
older than one before them, STEP BACK says by how much at most; TIES counts those that
have the time of the record before them, and GAP is the longest time without a record.
UNTIMED have no readable time of their own. Only headers and times are read. The exit
code is 2 when a file could not be read to its end; its row says what stands before.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = f"{ORDER_OF_FILES}\n\n{NOTES}\n{EXAMPLES}"
    add_sources(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help="the same as JSON, a list of objects; times and durations in int ns",
    )


def run(options: argparse.Namespace) -> int:
    shown = not quieted(options)
    with opened(options) as capture:
        infos = _watched(capture, shown)
    if options.json:
        print(json.dumps([info.as_dict() for info in infos], indent=2))
    else:
        _print_table(infos)
    broken = [info for info in infos if info.error]
    for info in broken:
        say(f"{info.error}")
    return UNUSABLE if broken else 0


def _watched(capture: Capture, shown: bool) -> list[SourceInfo]:
    with Progress(capture.size, shown) as progress:
        return capture.info(progress if progress.shown else None)


def _print_table(infos: Sequence[SourceInfo]) -> None:
    columns = {
        name: [_cell(text, info) for info in infos] for name, text in COLUMNS.items()
    }
    if not any(cell != "-" for cell in columns["IFACES"]):
        del columns["IFACES"]
    widths = {name: max(map(len, [name, *cells])) for name, cells in columns.items()}
    for cells in [columns, *map(list, zip(*columns.values(), strict=True))]:
        pairs = zip(cells, columns, strict=True)
        padded = (
            cell.ljust(widths[name]) if name in LEFT else cell.rjust(widths[name])
            for cell, name in pairs
        )
        print("  ".join(padded).rstrip())


def _cell(text: Callable[[Any], Any], info: SourceInfo) -> str:
    value = text(info)
    return "-" if value is None else str(value)


def _moment(ns: int | None) -> str | None:
    from chronomux.replay.time_texts import moment_text

    return None if ns is None else moment_text(ns)


def _duration(ns: int | None) -> str | None:
    from chronomux.replay.time_texts import duration_text

    return None if ns is None else duration_text(ns)


def _if_timed(info: SourceInfo, ns: int) -> str | None:
    return None if info.first is None else _duration(ns)


def _format(info: SourceInfo) -> str:
    return info.format + (f"+{info.compression}" if info.compression else "")


def _order(info: SourceInfo) -> str | None:
    return None if info.in_order is None else "yes" if info.in_order else "no"


LEFT = ("SOURCE", "FORMAT", "FIRST", "LAST")
COLUMNS: dict[str, Callable[[Any], Any]] = {
    "SOURCE": lambda info: info.name,
    "FORMAT": _format,
    "RECORDS": lambda info: info.records,
    "FIRST": lambda info: _moment(info.first),
    "LAST": lambda info: _moment(info.last),
    "DURATION": lambda info: _duration(info.duration),
    "RATE": lambda info: None if info.rate is None else f"{info.rate:.4g}/s",
    "SIZE": lambda info: None if info.size is None else in_bytes(info.size),
    "IN ORDER": _order,
    "LATE": lambda info: info.late,
    "TIES": lambda info: info.ties,
    "STEP BACK": lambda info: _if_timed(info, info.largest_step_back),
    "GAP": lambda info: _if_timed(info, info.longest_gap),
    "UNTIMED": lambda info: info.untimed,
    "IFACES": lambda info: info.interfaces,
}
