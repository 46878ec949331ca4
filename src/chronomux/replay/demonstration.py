"""The shipped captures, live: reader processes, a multiplexer, three listeners.

    worker --> Manager().Queue() --.                        .--> listener, shows
    worker --> Manager().Queue() ---> SortedQueueMultiplexer --> listener, counts
    worker --> Manager().Queue() --'                        '--> EventManager, 5 rules

A capture with a column `arrived` is replayed as it arrived, in bursts, only faster; the
others come as fast as they can be read. The order is the same in any case.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from chronomux.queue import IterableQueue, SortedQueueMultiplexer
from chronomux.readers import CSVReader, PcapReader, time_parser
from chronomux.replay.demonstration_rules import RULES, Watch
from chronomux.replay.scl_reader import SCLReader
from chronomux.types import QueueLike
from chronomux.util import MultiProcessing

__all__ = ["Demonstrated", "SourceCount", "demonstrate", "replay"]

Item: TypeAlias = "dict[str, Any]"
SPEED = 60.0  # two minutes of bursts in two seconds
BURST_GAP = 0.1  # s of recorded time between two bursts, at least


@dataclass
class SourceCount:
    """What was seen of one source, or by one rule: rows, first and last time (ns).

    `backward` counts rows whose time is before that of the row before them.
    """

    source: str
    rows: int = 0
    first: int = 0
    last: int = 0
    backward: int = 0

    @property
    def rate(self) -> float:
        """Rows a second of recorded time."""
        span = self.last - self.first
        return (self.rows - 1) * 1e9 / span if span else 0.0

    def add(self, moment: int) -> None:
        if not self.rows:
            self.first = moment
        elif moment < self.last:
            self.backward += 1
        self.rows += 1
        self.last = moment


class _Replay:
    """A reader's wrapper: names the source of a row, when it is time for it."""

    def __init__(self, source: str, speed: float) -> None:
        self._source = source
        self._speed = speed
        self._in_ns = time_parser()
        self._arrived: int | None = None  # ns, of the burst being replayed

    def __call__(self, row: Item) -> Item:
        if "arrived" in row:
            self._wait(self._in_ns(row["arrived"]))
        return {"source": self._source, **row}

    def _wait(self, arrived: int) -> None:
        gap = 0 if self._arrived is None else (arrived - self._arrived) / 1e9
        if self._arrived is None or gap > BURST_GAP:
            time.sleep(gap / self._speed)
            self._arrived = arrived


def replay(path: str, queue: QueueLike, speed: float) -> None:
    """Put one capture on a queue: dicts with `source` and `timestamp`, then Empty."""
    source, suffix = Path(path).stem, Path(path).suffix
    if suffix == ".scl":
        SCLReader(path, queue, partial(_command, source)).start()
    elif suffix == ".pcap":
        PcapReader(path, queue, partial(_packet, source)).start()
    else:
        CSVReader(path, queue, _Replay(source, speed), timestamp="time").start()


def _command(source: str, row: Item) -> Item:
    return {"source": source, **row}


def _packet(source: str, packet: Mapping[str, Any]) -> Item:
    """A datagram: where from and to, and its text."""
    moment, udp = packet["timestamp"], packet["udp"]
    ports = {name: udp[name] for name in ("srcport", "dstport")}
    text = udp["payload"].decode()
    return {"source": source, "timestamp": moment, "udp": ports, "text": text}


class _Listener(threading.Thread):
    """Hands every item of a queue to a callback until Empty; keeps what went wrong."""

    def __init__(self, queue: QueueLike, callback: Callable[[Item], object]) -> None:
        super().__init__(daemon=True)
        self._queue = queue
        self._callback = callback
        self.error: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            for item in IterableQueue(self._queue):
                self._callback(item)
        except BaseException as error:
            self.error = error


class _Count:
    """The listener that counts, and checks the order of all and of each source."""

    def __init__(self) -> None:
        self.sources: dict[str, SourceCount] = {}
        self.all = SourceCount("all")

    def __call__(self, item: Item) -> None:
        name, moment = item["source"], item["timestamp"]
        self.sources.setdefault(name, SourceCount(name)).add(moment)
        self.all.add(moment)


@dataclass
class Demonstrated:
    """What the listeners have seen: by source, of all sources, by rule.

    `watched` is how many rows reached the event manager.
    """

    sources: list[SourceCount]
    everything: SourceCount
    rules: list[SourceCount]
    watched: int


def demonstrate(
    captures: Sequence[Path],
    show: Callable[[Item], object],
    speed: float = SPEED,
) -> Demonstrated:
    """Replay captures through a live multiplexer to three listeners.

    `show` is called with every item, in a thread of its own; its exception ends the
    demonstration and is raised here, as is that of a reader. `speed` is how many
    seconds of a recorded burst pass in one. Returns what was counted, the sources by
    name.
    """
    parallel = MultiProcessing()
    manager = parallel.Manager()
    pool = parallel.GlobalProcessPool(len(captures))  # all at once
    multiplexer = SortedQueueMultiplexer(
        sort_key="timestamp", wait_for_n_input_queues=len(captures)
    )
    queues = [multiplexer.input_queue(manager.Queue()) for _ in captures]
    outputs = [multiplexer.output_queue() for _ in range(3)]
    count = _Count()
    rules = {name: SourceCount(name) for name in RULES}
    watch = Watch(outputs[2], lambda name, row: rules[name].add(row["timestamp"]))
    listeners: list[_Listener | Watch] = [
        *(_Listener(outputs[0], show), _Listener(outputs[1], count)),
        watch,
    ]
    with multiplexer:
        readers = [
            pool.apipe(replay, str(path), queue, speed)
            for path, queue in zip(captures, queues, strict=True)
        ]
        try:
            _wait(listeners, readers)
        except BaseException:
            pool.terminate()
            for queue in outputs:
                queue.cancel_join_thread()  # or exit waits until somebody reads on
            raise
        multiplexer.join()
    sources = sorted(count.sources.values(), key=lambda c: c.source)
    return Demonstrated(sources, count.all, list(rules.values()), watch.seen)


def _wait(listeners: Sequence[_Listener | Watch], readers: list[Any]) -> None:
    """Until all listeners have heard the end, or anything went wrong."""
    while any(listener.is_alive() for listener in listeners):
        for listener in listeners:
            listener.join(0.05)
        _raise_what_went_wrong(listeners, [job for job in readers if job.ready()])
    _raise_what_went_wrong(listeners, readers)


def _raise_what_went_wrong(
    listeners: Sequence[_Listener | Watch], readers: list[Any]
) -> None:
    for listener in listeners:
        if listener.error is not None:
            raise listener.error
    for reader in readers:
        reader.get()  # a reader that failed ended its queue, so the merge went on
