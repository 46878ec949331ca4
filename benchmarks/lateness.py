"""How late items come when they are played on time, and what that costs.

    python benchmarks/lateness.py                      60 s each, 12 minutes in all
    python benchmarks/lateness.py --seconds 5 --rates 1000

Every contender hands items over at moments that stand on one line from the first item
on; whoever takes them notes when they come. A row: microseconds late (half of them, 99
of a hundred, all), how late the last one came, and the CPU time of the process as a
share of one core. `chronomux` is `Player` over items in memory; its peers are the loop
one writes oneself, with the schedule anchored to its start, and the one that sleeps
from item to item. No file is read: the pace alone is measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script

from chronomux.replay.playing.player import Player
from chronomux.replay.playing.programme import Cue

SECOND = 10**9
BEGIN = 1_700_000_000 * SECOND

Played = Iterator[list[int]]
Contender = Callable[[int, int], Played]


class Ticks:
    """A programme of `count` items, `step` ns apart; each is its own number."""

    def __init__(self, count: int, step: int) -> None:
        self.count, self.step = count, step

    def cues(self, start: Any = None) -> Iterator[Cue]:
        step = self.step
        return (Cue(BEGIN + n * step, "ticks", n) for n in range(self.count))

    def moment(self, moment: Any) -> int:
        return BEGIN


def played(count: int, step: int, **options: Any) -> Played:
    programme: Any = Ticks(count, step)
    return Player(programme, **options).batches()


def anchored(count: int, step: int) -> Played:
    """Sleep until each item's place on the line."""
    start = time.monotonic_ns()
    for number in range(count):
        wait = start + number * step - time.monotonic_ns()
        if wait > 0:
            time.sleep(wait / SECOND)
        yield [number]


def from_item_to_item(count: int, step: int) -> Played:
    for number in range(count):
        yield [number]
        time.sleep(step / SECOND)


CONTENDERS: dict[str, Contender] = {
    "chronomux sleep": partial(played, precision="sleep"),
    "chronomux spin": partial(played, precision="spin"),
    "chronomux batch": partial(played, precision="batch"),
    "anchored sleep": anchored,
    "sleep from item to item": from_item_to_item,
}


class Lateness(NamedTuple):
    """us late, and the share of a core."""

    half: float
    most: float
    worst: float
    last: float
    share: float


def lateness(contender: Contender, rate: int, seconds: float) -> Lateness:
    """Of items that were to come `rate` times a second."""
    count, step = int(rate * seconds), SECOND // rate
    came = np.empty(count, np.int64)
    cpu, begun = time.process_time(), time.monotonic()
    place = 0
    for batch in contender(count, step):
        came[place : place + len(batch)] = time.monotonic_ns()
        place += len(batch)
    assert place == count
    share = (time.process_time() - cpu) / (time.monotonic() - begun)
    late = (came - came[0] - np.arange(count) * step) / 1000
    half, most = np.percentile(late, [50, 99])
    return Lateness(half, most, late.max(), late[-1], share)


def main() -> None:
    parser = argparse.ArgumentParser(description="How late items come.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--rates", type=int, nargs="+", default=[1_000, 10_000, 100_000]
    )
    options = parser.parse_args()
    print("| items/s | contender | us late p50 | p99 | most | the last | of a core |")
    print("|---|---|---|---|---|---|---|")
    for rate in options.rates:
        for name, contender in CONTENDERS.items():
            if rate > 10_000 and contender is from_item_to_item:
                continue  # it takes ten times as long as it should
            found = lateness(contender, rate, options.seconds)
            late = " | ".join(f"{us:,.0f}" for us in found[:4])
            print(f"| {rate:,} | {name} | {late} | {found.share:.0%} |", flush=True)


if __name__ == "__main__":
    main()
