"""Processes that put on a queue and get from it, and keep books that outlive them.

A book is memory that a killed process leaves behind: a producer notes how many of its
items it has put and flushed, a consumer every item it got, one call at a time, and
every item that it began to decode. From the books `Shooting.finish` tells what was
lost, doubled, torn or out of order.
"""

from __future__ import annotations

import contextlib
import mmap
import multiprocessing
import os
import queue
import random
import signal
import time
import warnings
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

from chronomux.queue import Queue

PROGRESS_SECONDS = 2.0  # until whoever is left must have got on
END_SECONDS = 20.0
ROOM = 1 << 19  # entries of a book
TORN = 1 << 63

Make = Callable[[int, int], Any]


class Seen:
    """A part of an item that notes in the consumer's book that it is decoded."""

    book: Book | None = None

    def __init__(self, entry: int) -> None:
        self.entry = entry

    def __reduce__(self) -> tuple[Any, ...]:
        return _see, (self.entry,)


def _see(entry: int) -> Seen:
    if Seen.book is not None:
        Seen.book.write([entry])
    return Seen(entry)


def small(producer: int, number: int) -> dict[str, Any]:
    """A dict of a few keys."""
    body = {
        "producer": producer,
        "number": number,
        "time": number * 0.25,
        "name": "voltage",
        "text": f"{producer}/{number}" * (number % 4),
    }
    return {
        "seen": Seen(producer << 32 | number),
        **body,
        "check": zlib.crc32(repr(body).encode()),
    }


def large(producer: int, number: int) -> dict[str, Any]:
    """200 kB and a few bytes, of a content that only this item has."""
    body = random.Random(producer << 32 | number).randbytes(997) * 201
    return {
        "seen": Seen(producer << 32 | number),
        "producer": producer,
        "number": number,
        "body": body[: 200_000 + number % 64],
        "check": zlib.crc32(body[: 200_000 + number % 64]),
    }


def entry_of(item: Any) -> int:
    """What a consumer's book says of an item: TORN, or who made it and its number."""
    try:
        body = {k: value for k, value in item.items() if k not in ("check", "seen")}
        content = body["body"] if "body" in body else repr(body).encode()
        if zlib.crc32(content) == item["check"]:
            return int(item["producer"]) << 32 | int(item["number"])
    except (AttributeError, KeyError, TypeError):
        pass
    return TORN


class Book:
    """A column of numbers in memory that forked processes share."""

    def __init__(self, room: int = ROOM) -> None:
        self._memory = mmap.mmap(-1, 8 * room)
        self.words = memoryview(self._memory).cast("Q")

    @property
    def count(self) -> int:
        return self.words[0]

    @count.setter
    def count(self, count: int) -> None:
        self.words[0] = count

    def write(self, entries: list[int]) -> None:
        """All of them, or, if the writer dies, none."""
        begin = self.count + 1
        for i, entry in enumerate(entries):
            self.words[begin + i] = entry
        self.count += len(entries)

    def entries(self) -> list[int]:
        return self.words[1 : self.count + 1].tolist()


def put_on(
    shared: Any, me: int, book: Book, stop: Book, make: Make, every: int
) -> None:
    """Put, flush after `every` items, note that, until told to stop."""
    number = 0
    while not stop.count:
        for _ in range(every):
            shared.put(make(me, number))
            number += 1
        shared.flush()
        book.count = number
    shared.close()
    shared.join_thread()


def get_from(shared: Any, book: Book, seen: Book, stop: Book, most: int) -> None:
    """Get and note, until told to stop and nothing is left."""
    Seen.book = seen
    while True:
        try:
            if most == 1:
                items = [shared.get(timeout=0.05)]
            else:
                items = shared.get_many(most, timeout=0.05)
        except queue.Empty:
            if stop.count:
                return
        else:
            book.write([entry_of(item) for item in items])


class Peer:
    """A process at work, and its book."""

    book: Book
    seen: Book

    def __init__(self, process: BaseProcess) -> None:
        self.process = process
        self.most = 0  # items that a call of a consumer gets

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.process.kill()
        self.process.join(END_SECONDS)


class Shooting:
    """Producers and consumers of one queue, some of which are killed.

    Leaving the `with` block kills whoever is left.
    """

    def __init__(self, seed: int, make: Make = small, **options: Any) -> None:
        self.random = random.Random(seed)
        self.queue = Queue(**options)
        self.make = make
        self.producers: list[Peer] = []  # of all times: the index is its number
        self.consumers: list[Peer] = []
        self.killed: list[Peer] = []
        self._stop_putting = Book(1)
        self._stop_getting = Book(1)

    def producer(self, every: int = 1) -> Peer:
        """Start another producer, which flushes after so many items."""
        me, book = len(self.producers), Book(1)
        peer = start(put_on, self.queue, me, book, self._stop_putting, self.make, every)
        peer.book = book
        self.producers.append(peer)
        return peer

    def consumer(self, most: int = 1) -> Peer:
        """Start another consumer, which gets up to `most` items a call."""
        book, seen = Book(), Book()
        peer = start(get_from, self.queue, book, seen, self._stop_getting, most)
        peer.book, peer.seen = book, seen
        peer.most = most
        self.consumers.append(peer)
        return peer

    def living(self) -> list[Peer]:
        return [p for p in self.producers + self.consumers if p not in self.killed]

    def pause(self, most: float = 0.004) -> None:
        """A random while: mostly shorter than it takes to put a few items."""
        time.sleep(self.random.choice([0.0, 0.0003, most]) * self.random.random())

    def shoot(self, *victims: Peer) -> None:
        """Kill them now, and see that those who are left get on."""
        for victim in victims:
            victim.process.kill()
        for victim in victims:
            victim.process.join(END_SECONDS)
        self.killed += victims

    def assert_progress(self) -> None:
        """Everybody who lives gets on within two seconds."""
        before = [(peer, peer.book.count) for peer in self.living()]
        deadline = time.monotonic() + PROGRESS_SECONDS
        while before:
            before = [(p, count) for p, count in before if p.book.count == count]
            if before and time.monotonic() > deadline:
                raise AssertionError(f"stuck: {self.account(p for p, _ in before)}")
            time.sleep(0.0005)

    def account(self, peers: Iterator[Peer]) -> str:
        stuck = [
            f"{'consumer' if peer.most else 'producer'} at {peer.book.count}"
            for peer in peers
        ]
        return (
            f"{stuck}, {len(self.killed)} killed, slots {self.queue._ring.producers()}"
        )

    def stop(self) -> None:
        """Let producers end, then consumers get what is left and end."""
        self._end(self.producers, self._stop_putting)
        self._end(self.consumers, self._stop_getting)

    def _end(self, peers: list[Peer], stop: Book) -> None:
        stop.count = 1
        for peer in peers:
            peer.process.join(END_SECONDS)
            if peer not in self.killed:
                code = peer.process.exitcode
                assert code == 0, f"{code}: {self.account(iter([peer]))}"

    def finish(self) -> None:
        """Stop, and see what has arrived: all, whole, in order, and once; but what a
        killed consumer had in its hands may come once more, and late."""
        self.stop()
        arrived = Counter(e for peer in self.consumers for e in peer.book.entries())
        assert arrived[TORN] == 0, f"{arrived[TORN]} torn"
        in_hands = sum(peer.most for peer in self.killed)
        doubled = sum(arrived.values()) - len(arrived)
        assert doubled <= in_hands, f"doubled: {doubled} > {in_hands}"
        # Killed behind a call that had returned, it could not note what it got.
        known = {e for peer in self.consumers for e in peer.seen.entries()}
        known |= arrived.keys()
        lost = [
            (me, number)
            for me, peer in enumerate(self.producers)
            for number in range(peer.book.count)
            if me << 32 | number not in known
        ]
        assert not lost, f"lost {len(lost)}: {lost[:5]}"
        late = sum(count_late(peer.book.entries()) for peer in self.consumers)
        assert late <= in_hands, f"{late} late > {in_hands}"
        assert self.queue.qsize() == 0
        assert self.queue.empty()

    def __enter__(self) -> Shooting:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for peer in self.producers + self.consumers:
            with contextlib.suppress(ProcessLookupError):
                peer.kill()


def count_late(entries: list[int]) -> int:
    """How much of what one consumer got of one producer came behind what is later."""
    last: dict[int, int] = {}
    late = 0
    for entry in entries:
        producer, number = divmod(entry, 1 << 32)
        late += number < last.get(producer, -1)
        last[producer] = max(number, last.get(producer, -1))
    return late


def start(target: Callable[..., None], *arguments: Any) -> Peer:
    """Fork: quick, and what is shared need not travel."""
    context = multiprocessing.get_context("fork")
    process = context.Process(target=target, args=arguments, daemon=True)
    with warnings.catch_warnings():
        # From 3.12 on, of any thread that another test has left.
        warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
        process.start()
    return Peer(process)
