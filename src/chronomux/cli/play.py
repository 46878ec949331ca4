"""`chronomux play`: captures as one stream, at the pace at which they were recorded."""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING, Any

from chronomux.cli.messages import say
from chronomux.cli.play_keys import Keys
from chronomux.cli.play_outputs import Datagrams, JSONLines, PlayOutput, address
from chronomux.cli.play_status import PlayStatus
from chronomux.cli.signals import ended_by_signals
from chronomux.cli.sources import (
    ORDER_OF_FILES,
    add_sources,
    name_and_offset,
    opened,
    quieted,
)

if TYPE_CHECKING:
    from chronomux.replay import Capture, Player, PlayStats

__all__ = ["add_arguments", "run"]

FINDINGS = 1

NOTES = """\
Keys, on a terminal: space pauses and goes on, right plays one record more, up and down
change the speed by a quarter, q ends it.

The schedule is laid over a clock that no change of date touches, from the first record
on: nothing adds up to a drift. What is overdue, as after a listener that did not read
or after Ctrl-Z, comes at once, unless --no-catch-up puts the schedule off. Records
without a time, and those older than one before, come as soon as they can.

With --udp a packet is sent as its payload of UDP or TCP, all else as JSON. What has
none, or is too long for a datagram, is counted on stderr; the latter makes the exit
code 1. Nobody has to listen there.
"""
EXAMPLES = """\
examples:
  chronomux play recordings/ | ./consumer
  chronomux play -r 10 --max-gap 1s --loop=3 cpu.csv network.pcapng
  chronomux play --start +10s --duration 5s --start-paused commands.scl
  chronomux play --udp 127.0.0.1:9000 --where 'udp=(dstport=53)' network.pcapng
"""


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
    _add_pace(parser)
    _add_selection(parser)
    parser.add_argument(
        "--udp",
        type=address,
        metavar="HOST:PORT",
        help="send datagrams there, not JSON lines to stdout",
    )
    parser.add_argument(
        "--allow-remote",
        action="store_true",
        help="let --udp leave this machine",
    )
    parser.add_argument(
        "--layers", action="store_true", help="decode packets' layers, in JSON"
    )


def _add_pace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-r",
        "--speed",
        type=_speed,
        default=1.0,
        metavar="N",
        help="2 is twice as fast as recorded, max as fast as it goes (default: 1)",
    )
    parser.add_argument(
        "--max-gap", metavar="DURATION", help="shorten a longer silence to that"
    )
    parser.add_argument(
        "--loop",
        type=int,
        nargs="?",
        const=0,
        default=1,
        metavar="N",
        help="so many passes; without N, or with 0, for ever",
    )
    parser.add_argument(
        "--start-paused", action="store_true", help="wait for a key to begin"
    )
    parser.add_argument(
        "--precision",
        choices=("sleep", "spin", "batch"),
        default="sleep",
        help="sleep to the moment (default), spin for its last 200 us, or wake at most "
        "every 200 us",
    )
    parser.add_argument(
        "--no-catch-up",
        action="store_true",
        help="put the schedule off when a record is over 10 ms late",
    )


def _add_selection(parser: argparse.ArgumentParser) -> None:
    when = "ISO 8601, epoch, or +10s after the first record"
    parser.add_argument("--start", metavar="TIME", help=f"play from then on: {when}")
    parser.add_argument("--end", metavar="TIME", help="play up to before then")
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
    parser.add_argument("-n", type=int, metavar="COUNT", help="so many records at most")
    parser.add_argument(
        "--where", metavar="SCL", help="only records of which this holds"
    )
    parser.add_argument(
        "--exclude", metavar="SCL", help="leave out records of which this holds"
    )


def run(options: argparse.Namespace) -> int:
    if options.n is not None and options.n < 0:
        raise ValueError(f"-n {options.n}: give a number of records")
    quiet = quieted(options)
    with (
        ended_by_signals(),
        opened(options, options.on_error) as capture,
        _output(options) as output,
    ):
        options.end = _end(options, capture)
        player = _player(options, capture)
        with (
            Keys(player, options.files, options.start_paused) as keys,
            PlayStatus(player, capture, output, options, shown=not quiet),
        ):
            player.watch = keys.poll
            _play(player, output, options.n)
    if not quiet:
        _say_end(player.stats)
    output.say_unsent()
    return FINDINGS if output.has_lost else 0


def _play(player: Player, output: PlayOutput, most: int | None) -> None:
    left = math.inf if most is None else most
    for batch in player.batches() if left else ():
        output.send(batch if len(batch) < left else batch[: int(left)])
        left -= len(batch)
        if left <= 0:
            return


def _player(options: argparse.Namespace, capture: Capture) -> Player:
    from chronomux.replay import play

    return play(
        capture,
        speed=options.speed,
        start=options.start,
        end=options.end,
        loop=options.loop,
        max_gap=options.max_gap,
        where=options.where,
        exclude=options.exclude,
        offsets=dict(options.offset),
        precision=options.precision,
        catch_up=not options.no_catch_up,
    )


def _end(options: argparse.Namespace, capture: Capture) -> Any:
    """The end as `play` takes it."""
    if options.duration is None:
        return options.end
    if options.end is not None:
        raise ValueError("give an end or a duration, not both")
    from chronomux.replay.span import duration_ns

    return capture.moment(options.start or "+0s") + duration_ns(options.duration)


def _output(options: argparse.Namespace) -> PlayOutput:
    from chronomux.replay.playing.encoding import Encoding

    encoding = Encoding(options.layers)
    if options.udp is None:
        return JSONLines(encoding)
    return Datagrams(encoding, options.udp, options.allow_remote)


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        return float(text)
    except ValueError:
        message = f"{text!r} is no speed: give a number above 0, or max"
        raise argparse.ArgumentTypeError(message) from None


def _say_end(stats: PlayStats) -> None:
    from chronomux.replay.time_texts import duration_text

    times = stats.late_p50, stats.late_p99, stats.late_max
    half, most, worst = map(duration_text, times)
    records = f"{stats.events} record{'s' if stats.events != 1 else ''}"
    say(f"{records}; late by {half} (half of them), {most} (99 %), {worst} (all)")
