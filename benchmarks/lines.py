"""The ways from process to process that compete: ours and the peers installed.

A line has any number of producers and one consumer. Each is used as its documentation
suggests; where there is no call for many items, many are sent one by one. Lines are
made before the processes that they join.

Loops are `map` and `starmap` into a deque: in C, so that all contenders pay as little.
"""

from __future__ import annotations

import multiprocessing
import pickle
import sys
from collections import deque
from collections.abc import Callable
from itertools import repeat, starmap
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Protocol

import chronomux
from benchmarks.ratios import OURS

try:
    import faster_fifo
except ImportError:
    faster_fifo = None

try:
    import zmq
except ImportError:
    zmq = None

BATCH = 100
LARGE = 10_000  # bytes of an item; of such ones a batch is four
FIFO_BYTES = 8 << 20  # a batch must fit
PROTOCOL = 5


class Line(Protocol):
    """number: the producer's. keep: how many of the last items to return, None for all;
    an item is dropped as it comes unless it is kept."""

    def send(self, number: int, items: list[Any]) -> None: ...
    def send_many(self, number: int, items: list[Any]) -> None: ...
    def receive(self, count: int, keep: int | None) -> deque[Any]: ...
    def receive_many(self, count: int, keep: int | None) -> deque[Any]: ...


class QueueLine:
    """A queue with put and get."""

    def __init__(self, queue: Any) -> None:
        self.queue = queue

    def send(self, number: int, items: list[Any]) -> None:
        deque(map(self.queue.put, items), 0)

    def receive(self, count: int, keep: int | None) -> deque[Any]:
        return deque(starmap(self.queue.get, repeat((), count)), keep)

    send_many = send
    receive_many = receive


class OurLine(QueueLine):
    """`chronomux.Queue`."""

    def send_many(self, number: int, items: list[Any]) -> None:
        self.queue.put_many(items)

    def receive_many(self, count: int, keep: int | None) -> deque[Any]:
        return receive_batches(self.queue.get_many, count, keep)


class FifoLine(QueueLine):
    """`faster_fifo.Queue`, in batches of 100 where many are sent."""

    def send_many(self, number: int, items: list[Any]) -> None:
        deque(map(self.queue.put_many, batches(items)), 0)

    def receive_many(self, count: int, keep: int | None) -> deque[Any]:
        def get_many() -> Any:
            return self.queue.get_many(max_messages_to_get=BATCH)

        return receive_batches(get_many, count, keep)


class ZmqLine:
    """A PUSH and a PULL socket over ipc, one pickle for each item."""

    def __init__(self, folder: Path) -> None:
        self.address = f"ipc://{folder}/line"
        self.socket: Any = None

    def open(self, kind: int, join: str) -> Any:
        if self.socket is None:
            self.socket = zmq.Context.instance().socket(kind)
            getattr(self.socket, join)(self.address)
        return self.socket

    def send(self, number: int, items: list[Any]) -> None:
        put = self.open(zmq.PUSH, "connect").send_pyobj
        deque(map(put, items, repeat(0), repeat(PROTOCOL)), 0)

    def receive(self, count: int, keep: int | None) -> deque[Any]:
        get = self.open(zmq.PULL, "bind").recv_pyobj
        return deque(starmap(get, repeat((), count)), keep)

    send_many = send
    receive_many = receive


class PipeLine:
    """A pipe for each producer, a pickle for each batch: no queue, the least that
    a program which batches for itself can do."""

    def __init__(self, producers: int) -> None:
        pipes = [multiprocessing.Pipe(duplex=False) for _ in range(producers)]
        self.readers = [reader for reader, _ in pipes]
        self.writers = [writer for _, writer in pipes]

    def send(self, number: int, items: list[Any]) -> None:
        put = self.writers[number].send_bytes
        for batch in batches(items):
            put(pickle.dumps(batch, PROTOCOL))

    def receive(self, count: int, keep: int | None) -> deque[Any]:
        kept: deque[Any] = deque(maxlen=keep)
        while count:
            alone = len(self.readers) == 1
            for reader in self.readers if alone else wait(self.readers):
                assert isinstance(reader, Connection)
                batch = pickle.loads(reader.recv_bytes())
                kept.extend(batch)
                count -= len(batch)
        return kept

    send_many = send
    receive_many = receive


def batches(items: list[Any]) -> list[list[Any]]:
    size = 4 if sys.getsizeof(items[0]) > LARGE else BATCH
    return [items[start : start + size] for start in range(0, len(items), size)]


def receive_batches(
    get_many: Callable[[], list[Any]], count: int, keep: int | None
) -> deque[Any]:
    kept: deque[Any] = deque(maxlen=keep)
    while count > 0:
        batch = get_many()
        kept.extend(batch)
        count -= len(batch)
    return kept


def make_lines(producers: int, folder: Path) -> dict[str, Line]:
    """Ours and the peers installed. `folder` is for sockets and outlives the lines."""
    context = multiprocessing.get_context("spawn")
    lines: dict[str, Line] = {
        OURS: OurLine(chronomux.Queue()),
        "multiprocessing.Queue": QueueLine(context.Queue()),
        "pipe, pickled batches": PipeLine(producers),
    }
    if faster_fifo is not None:
        lines["faster-fifo"] = FifoLine(faster_fifo.Queue(FIFO_BYTES))
    if zmq is not None:
        lines["pyzmq"] = ZmqLine(folder)
    return lines
