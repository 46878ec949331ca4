"""The process that holds a multiplexer is killed, and another one takes its place."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from typing import Any

import pytest

from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer
from tests.faults.queue_peers import (
    END_SECONDS,
    PROGRESS_SECONDS,
    TORN,
    Book,
    Peer,
    get_from,
    large,
    put_on,
    small,
    start,
)

KINDS: dict[str, tuple[type[QueueMultiplexer], dict[str, Any], str | None]] = {
    "by turns": (QueueMultiplexer, {}, None),
    "sorted": (SortedQueueMultiplexer, {"sort_key": "number"}, "number"),
    "sorted, as objects": (SortedQueueMultiplexer, {"sort_key": "number"}, None),
}


def multiplex(name: str, inputs: list[Queue], output: Queue) -> None:
    kind, options, _ = KINDS[name]
    multiplexer = kind(**options)
    for source in inputs:
        multiplexer.input_queue(source)
    multiplexer.output_queue(output)
    multiplexer._run_thread()


def await_more(books: list[Book], before: list[int]) -> None:
    deadline = time.monotonic() + PROGRESS_SECONDS
    while any(book.count <= count for book, count in zip(books, before, strict=True)):
        assert time.monotonic() < deadline, f"stuck: {before}"
        time.sleep(0.001)


def kills(seed: int, shots: int, name: str, make: Any) -> None:
    chance = random.Random(seed)
    key = KINDS[name][2]
    inputs = [Queue(sort_key=key), Queue(sort_key=key)]
    # What waits in a multiplexer's own memory for a listener dies with it: none does.
    output = Queue(sort_key=key, ring_bytes=1 << 25)
    stop_putting, stop_getting = Book(1), Book(1)
    put, got = [Book(1), Book(1)], Book()
    peers = [
        start(put_on, queue, me, book, stop_putting, make, 5)
        for me, (queue, book) in enumerate(zip(inputs, put, strict=True))
    ]
    peers.append(start(get_from, output, got, Book(), stop_getting, 16))
    try:
        for _ in range(shots):
            holder = start(multiplex, name, inputs, output)
            peers.append(holder)
            await_more([got, *put], [got.count, *(book.count for book in put)])
            time.sleep(chance.random() * 0.02)
            holder.kill()
        peers.append(start(multiplex, name, inputs, output))
        await_more([got, *put], [got.count, *(book.count for book in put)])
        stop_putting.count = 1
        end_inputs(peers[:2], inputs)
        end(peers[-1:])
        stop_getting.count = 1
        end([peers[2]])
    finally:
        for peer in peers:
            peer.kill()
    check(got.entries(), [book.count for book in put], shots, name)


def end(peers: list[Peer]) -> None:
    for peer in peers:
        peer.process.join(END_SECONDS)
        assert peer.process.exitcode == 0


def end_inputs(producers: list[Peer], inputs: list[Queue]) -> None:
    """Each ends when its producer has, or the other could not get rid of its items:
    a sorted merge waits for the input that has none."""
    deadline = time.monotonic() + END_SECONDS
    left = list(zip(producers, inputs, strict=True))
    while left:
        assert time.monotonic() < deadline, "a producer does not end"
        for producer, queue in list(left):
            if producer.process.exitcode is not None:
                assert producer.process.exitcode == 0
                queue.put(Queue.Empty)
                queue.flush()
                left.remove((producer, queue))
        time.sleep(0.001)


def check(entries: list[int], put: list[int], shots: int, name: str) -> None:
    """Nothing torn or lost; what a killed process had not said to be sent may come once
    more. An engine of objects took at most one run of each input with it."""
    assert entries.pop() == TORN, "Empty comes last; it is none of our items"
    assert TORN not in entries
    for me, count in enumerate(put):
        there = [entry - (me << 32) for entry in entries if entry >> 32 == me]
        missing = set(range(count)) - set(there)
        assert there[-1] == count - 1
        if "objects" in name:
            assert len(there) == len(set(there))
            assert there == sorted(there)
            assert count_runs(missing) <= shots, f"lost {sorted(missing)}"
        else:
            assert not missing, f"lost {sorted(missing)}"
            assert max(Counter(there).values()) <= 1 + shots
            assert len(steps_back(there)) <= shots


def count_runs(numbers: set[int]) -> int:
    return sum(number - 1 not in numbers for number in numbers)


def steps_back(numbers: list[int]) -> list[int]:
    return [b for a, b in itertools.pairwise(numbers) if b < a]


@pytest.mark.parametrize("make", [small, large])
@pytest.mark.parametrize("name", KINDS)
def test_another_multiplexer_takes_over(name: str, make: Any) -> None:
    kills(len(name), 3, name, make)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("make", [small, large])
@pytest.mark.parametrize("name", KINDS)
def test_another_multiplexer_takes_over_after_any_of_100_kills(
    name: str, make: Any, seed: int
) -> None:
    kills(seed, 5, name, make)
