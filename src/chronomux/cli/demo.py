"""`chronomux demo`: the shipped captures through a live multiplexer."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chronomux.cli.progress import Progress

if TYPE_CHECKING:
    from chronomux.replay import SourceCount

__all__ = ["add_arguments", "run"]

HIDDEN = ("source", "timestamp", "time", "arrived")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Reader processes put six captures of one machine on queues: counters, one "
        "of them late and in bursts, a log of commands, and packets. A multiplexer "
        "merges them for three listeners: one prints the stream, one counts and checks "
        "its order, one is an event manager that counts by condition. Takes a few "
        "seconds."
    )


class _StdoutClosed(Exception):
    """The reader of stdout went away; not to be taken for a queue's broken pipe."""


def run(options: argparse.Namespace) -> int:
    from chronomux.replay import demonstrate
    from chronomux.samples import captures

    paths = captures()
    expected = {path.stem: _records(path) for path in paths}
    with Progress(sum(expected.values()), text=_in_rows) as progress:
        try:
            done = demonstrate(paths, _Printer(progress))
        except _StdoutClosed:
            raise BrokenPipeError from None
    _print_table([*done.sources, *done.rules])
    everything = done.everything
    found = {source.source: source.rows for source in done.sources}
    in_order = not any(source.backward for source in [*done.sources, everything])
    everywhere = found == expected and done.watched == everything.rows
    print(
        f"\n{everything.rows} rows reached {'all' if everywhere else 'NOT all'} "
        f"listeners, "
        f"{'in' if in_order else 'NOT in'} the order of time."
    )
    return 0 if in_order and everywhere else 1


class _Printer:
    """The listener that prints: one line an item."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._count = 0

    def __call__(self, item: dict[str, Any]) -> None:
        fields = " ".join(f"{k}={v}" for k, v in item.items() if k not in HIDDEN)
        self._count += 1
        try:
            with self._progress.hidden():
                print(f"{_moment(item['timestamp'])} {item['source']:<10} {fields}")
        except BrokenPipeError:
            raise _StdoutClosed from None
        self._progress(self._count)


def _records(path: Path) -> int:
    """How many there are, counted without what is to be shown."""
    data = path.read_bytes()
    if path.suffix != ".pcap":
        return data.count(b"\n") - (path.suffix == ".csv")
    count, place = 0, 24  # behind the header of the file
    while place < len(data):
        place += 16 + int.from_bytes(data[place + 8 : place + 12], "little")
        count += 1
    return count


def _in_rows(count: float) -> str:
    return f"{count:.0f} rows"


def _moment(ns: int) -> str:
    """ns since 1970 as HH:MM:SS.ffffff, UTC."""
    clock = time.strftime("%H:%M:%S", time.gmtime(ns // 10**9))
    return f"{clock}.{ns // 1000 % 10**6:06d}"


def _print_table(counts: Iterable[SourceCount]) -> None:
    row = "{:<16} {:>6}  {:<15}  {:<15}  {:>8}".format
    print(f"\n{row('source or rule', 'rows', 'first', 'last', 'rate')}")
    for count in counts:
        first, last = _moment(count.first), _moment(count.last)
        print(row(count.source, count.rows, first, last, f"{count.rate:.2f}/s"))
