"""Record the captures beside this file: `python -m chronomux.samples.record`.

Reads the counters that Linux keeps in /proc while the machine does whatever it does,
one thread a stream, for two minutes (`--seconds`), and writes them to this folder
(`--folder`), under 300 kB together. Meanwhile an instrument is commanded over loopback,
and the packets are captured, if this process may (see exchange.py):

    cpu.csv        20 Hz  ticks of 1/100 s that all processors spent, by kind
    memory.csv      5 Hz  kB free, available, cached and dirty
    network.csv     2 Hz  bytes and packets, in and out, all interfaces but loopback
    scheduler.csv   5 Hz  context switches, forks and interrupts
    commands.scl    2 Hz  what the instrument was told to do
    instrument.pcap       packets of commands and answers: Ethernet, IPv4, UDP

Counters run since the machine was started and are written as they are read. The four
streams do not agree on how to write a time, as captures seldom do. The scheduler's
samples go through a courier that sleeps for 0.5 to 4 s and then delivers all it has:
`time` is the moment of the sample, `arrived` the moment of its delivery.

Nothing that names the machine, its users, its addresses or its interfaces is read into
a file; the packets are those of the exchange alone. Each file is in the order of its
own times, which `in_order` checks.
"""

from __future__ import annotations

import argparse
import itertools
import queue
import random
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from chronomux.samples.exchange import Exchange

PROC = Path("/proc")
ZONE = timezone(timedelta(hours=2))
COURIER_SLEEPS = (0.5, 4.0)  # seconds, shortest and longest
Sample = tuple[int, list[int]]  # ns since the epoch, values


def seconds(ns: int) -> str:
    return f"{ns // 10**9}.{ns // 1000 % 10**6:06d}"


def milliseconds(ns: int) -> str:
    return str(ns // 10**6)


def iso(ns: int, zone: timezone = ZONE) -> str:
    # In whole numbers: a float of this size would round to the nearest microsecond.
    moment = datetime.fromtimestamp(ns // 10**9, zone)
    micros = ns // 1000 % 10**6
    return moment.replace(microsecond=micros).isoformat(timespec="microseconds")


def iso_utc(ns: int) -> str:
    return iso(ns, timezone.utc).replace("+00:00", "Z")


def labelled(name: str) -> dict[str, list[str]]:
    """A /proc file of lines 'label value value ...', by label."""
    lines = (line.split() for line in (PROC / name).read_text().splitlines())
    return {words[0].rstrip(":"): words[1:] for words in lines if words}


def cpu() -> list[int]:
    ticks = [int(word) for word in labelled("stat")["cpu"]]
    user, nice, system, idle, iowait, irq, softirq, steal = ticks[:8]
    return [user + nice, system, idle, iowait, irq + softirq, steal]


def memory() -> list[int]:
    kilobytes = labelled("meminfo")
    names = ("MemFree", "MemAvailable", "Cached", "Dirty")
    return [int(kilobytes[name][0]) for name in names]


def network() -> list[int]:
    # Interface names are dropped here: the file holds their sums only.
    rows = [row for name, row in labelled("net/dev").items() if name != "lo"]
    counters = [[int(word) for word in row] for row in rows if len(row) == 16]
    return [sum(row[column] for row in counters) for column in (0, 1, 8, 9)]


def scheduler() -> list[int]:
    counters = labelled("stat")
    return [int(counters[name][0]) for name in ("ctxt", "processes", "intr")]


@dataclass(frozen=True)
class Stream:
    name: str
    rate: int  # samples a second
    columns: str
    read: Callable[[], list[int]]
    stamp: Callable[[int], str]
    late: bool = False

    @property
    def header(self) -> str:
        return f"time,{'arrived,' if self.late else ''}{self.columns}"

    def samples(self, duration: float) -> Iterator[Sample]:
        """A sample every 1/rate seconds; a late one does not delay the next."""
        start = time.monotonic()
        for number in range(int(duration * self.rate)):
            time.sleep(max(0.0, start + number / self.rate - time.monotonic()))
            yield time.time_ns(), self.read()

    def row(self, sample: Sample, arrived: int) -> str:
        moment, values = sample
        times = [moment, arrived] if self.late else [moment]
        return ",".join([*map(self.stamp, times), *map(str, values)])


STREAMS = (
    Stream("cpu", 20, "user,system,idle,iowait,irq,steal", cpu, seconds),
    Stream("memory", 5, "free,available,cached,dirty", memory, iso),
    Stream(
        "network",
        2,
        "bytes_in,packets_in,bytes_out,packets_out",
        network,
        milliseconds,
    ),
    Stream("scheduler", 5, "switches,forks,interrupts", scheduler, iso_utc, late=True),
)


def delivered(samples: Iterable[Sample]) -> Iterator[Sample]:
    """The same samples, through a courier who sleeps and then brings all at once."""
    bag: queue.SimpleQueue[Sample | None] = queue.SimpleQueue()

    def pack() -> None:
        for sample in samples:
            bag.put(sample)
        bag.put(None)

    threading.Thread(target=pack, daemon=True).start()
    while True:
        time.sleep(random.uniform(*COURIER_SLEEPS))
        for _ in range(bag.qsize()):
            sample = bag.get()
            if sample is None:
                return
            yield sample


def in_order(moments: list[int]) -> bool:
    return all(a <= b for a, b in itertools.pairwise(moments))


def record(stream: Stream, duration: float, folder: Path) -> list[Path]:
    samples = stream.samples(duration)
    kept = [
        (sample, time.time_ns())
        for sample in (delivered(samples) if stream.late else samples)
    ]
    if not in_order([moment for (moment, _), _ in kept]):
        sys.exit(f"{stream.name}: the clock was set back while recording; record again")
    lines = [stream.header, *(stream.row(*pair) for pair in kept)]
    path = folder / f"{stream.name}.csv"
    path.write_text("\n".join(lines) + "\n")
    return [path]


def main() -> None:
    parser = argparse.ArgumentParser(description="Record this machine's counters.")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parent)
    options = parser.parse_args()
    if not PROC.joinpath("net/dev").exists():
        sys.exit("/proc/net/dev is not there: record on Linux")
    try:
        exchange: Exchange | None = Exchange()
    except OSError as error:
        exchange = None
        print(f"no instrument.pcap and commands.scl: {error.strerror}")
    with ThreadPoolExecutor(len(STREAMS) + 1) as pool:
        recorded = [
            pool.submit(record, stream, options.seconds, options.folder)
            for stream in STREAMS
        ]
        if exchange is not None:
            recorded.append(
                pool.submit(exchange.record, options.seconds, options.folder)
            )
    for path in itertools.chain.from_iterable(future.result() for future in recorded):
        print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
