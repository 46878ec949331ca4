"""How late items come when they are played on time, and what that costs.

    python benchmarks/lateness.py                      60 s each, 12 minutes in all
    python benchmarks/lateness.py --seconds 5 --rates 1000

Every contender hands items over at moments that stand on one line from the first item
on; whoever takes them notes when they come. A row: microseconds late (half of them, 99
of a hundred, all), how late the last one came, the CPU time of the process and its
children as a share of one core, and a histogram: the items of a hundred that were no
later than so many microseconds. `chronomux` is `Player` over items in memory; its peers
are the loop one writes oneself, with the schedule anchored to its start, the one that
sleeps from item to item, and, for root where it is installed, tcpreplay: it sends
packets on loopback, and what it costs to take them there is counted too.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
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
BOUNDS = (50, 100, 200, 500, 1_000, 10_000)  # us, of the histogram
ALL_PACKETS = 3  # ETH_P_ALL
SO_RCVBUFFORCE = 33
MARK = b"\x02late\x00"  # an address of Ethernet that is nobody's
PACKET = np.dtype(
    [
        *(("s", "<u4"), ("us", "<u4"), ("size", "<u4"), ("length", "<u4")),
        *(("to", "V6"), ("from", "V6"), ("type", ">u2")),
        *(("number", "<u8"), ("rest", "V38")),
    ]
)
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


def tcpreplayed(count: int, step: int) -> Played:
    """Packets of one number each, as they come from the loopback interface."""
    with (
        tempfile.NamedTemporaryFile(suffix=".pcap") as file,
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as wire,
    ):
        _write_packets(file, count, step)
        wire.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
        wire.bind(("lo", ALL_PACKETS))
        wire.settimeout(10)
        command = ["tcpreplay", "-q", "-i", "lo", file.name]
        with subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ):
            number = 0
            while number < count:
                packet = wire.recv(64)  # each comes twice: as sent, and as received
                if packet[:6] == MARK and packet[14:] == number.to_bytes(46, "little"):
                    yield [number]
                    number += 1


def _write_packets(file: Any, count: int, step: int) -> None:
    us = np.arange(count) * step // 1000
    packets = np.zeros(count, PACKET)
    packets["s"], packets["us"] = BEGIN // SECOND + us // 10**6, us % 10**6
    packets["size"] = packets["length"] = 60
    packets["to"], packets["number"] = np.void(MARK), np.arange(count)
    file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, 1))
    file.write(packets.tobytes())
    file.flush()


def may_replay() -> bool:
    return shutil.which("tcpreplay") is not None and os.geteuid() == 0


CONTENDERS: dict[str, Contender] = {
    "chronomux sleep": partial(played, precision="sleep"),
    "chronomux spin": partial(played, precision="spin"),
    "chronomux batch": partial(played, precision="batch"),
    "anchored sleep": anchored,
    "sleep from item to item": from_item_to_item,
    "tcpreplay": tcpreplayed,
}


class Lateness(NamedTuple):
    """us late, and the share of a core."""

    half: float
    most: float
    worst: float
    last: float
    share: float
    within: list[float]  # of a hundred, of BOUNDS


def lateness(contender: Contender, rate: int, seconds: float) -> Lateness:
    """Of items that were to come `rate` times a second."""
    count, step = int(rate * seconds), SECOND // rate
    came = np.empty(count, np.int64)
    cpu, begun = _cpu(), time.monotonic()
    place = 0
    for batch in contender(count, step):
        came[place : place + len(batch)] = time.monotonic_ns()
        place += len(batch)
    assert place == count
    share = (_cpu() - cpu) / (time.monotonic() - begun)
    late = (came - came[0] - np.arange(count) * step) / 1000
    half, most = np.percentile(late, [50, 99])
    within = [100 * float(np.mean(late <= bound)) for bound in BOUNDS]
    return Lateness(half, most, late.max(), late[-1], share, within)


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description="How late items come.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument(
        "--rates", type=int, nargs="+", default=[1_000, 10_000, 100_000]
    )
    options = parser.parse_args()
    bounds = " | ".join(f"{bound:,}" for bound in BOUNDS)
    print("| items/s | contender | us late p50 | p99 | most | the last | of a core | "
          f"within {bounds} us |")  # fmt: skip
    print("|---|---|---|---|---|---|---|" + "---|" * len(BOUNDS))
    for rate in options.rates:
        for name, contender in CONTENDERS.items():
            if rate > 10_000 and contender is from_item_to_item:
                continue  # it takes ten times as long as it should
            if contender is tcpreplayed and not may_replay():
                continue
            found = lateness(contender, rate, options.seconds)
            late = " | ".join(f"{us:,.0f}" for us in found[:4])
            within = " | ".join(f"{share:.4g}" for share in found.within)
            print(f"| {rate:,} | {name} | {late} | {found.share:.0%} | {within} |",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
