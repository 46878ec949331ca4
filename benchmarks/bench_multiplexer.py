"""Items through the sorted multiplexer, beside the same algorithm in pure Python.

Both merge in the calling thread, over queues that were filled and registered off the
clock: what is measured is the way of an item from queue to queue, and no waiting.

The yardstick "no merge" knows the order: a loop in C takes each item from the queue
whose turn it is, reads its time and puts it. What grows there with the number of inputs
is the wait for memory, as records of 64 inputs come from 64 places.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from itertools import tee
from operator import itemgetter, methodcaller
from queue import Empty, SimpleQueue
from typing import Any

import pytest

from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.data import Record
from chronomux.queue import SortedQueueMultiplexer

try:
    from benchmarks.reference.multiplexer import SortedQueueMultiplexer as PurePython
except ImportError:  # no sortedcontainers
    PurePython = None


class ListQueue:
    """A queue in the memory of one thread: the least that get and put can cost."""

    def __init__(self) -> None:
        items: deque[Any] = deque()
        self.get = self.get_nowait = items.popleft
        self.put = self.put_nowait = items.append


KINDS: dict[str, Callable[[], Any]] = {"lists": ListQueue, "SimpleQueue": SimpleQueue}


@pytest.mark.parametrize("k", [2, 8, 64])
@pytest.mark.parametrize("kind", KINDS)
def test_items_through_the_sorted_multiplexer(
    contest: Contest, scale: Scale, kind: str, k: int
) -> None:
    # As few as a cache holds: the items of a live merge have only just been made.
    n = scale(quick=10_000, full=10_000)
    lists = data.record_lists(n, k, "interleaved")
    turns = data.input_numbers(n, k, "interleaved").tolist()
    makers = [SortedQueueMultiplexer, PurePython or SortedQueueMultiplexer]
    ready = [registered(maker, KINDS[kind], lists) for maker in makers]
    for multiplexer, _ in ready:
        multiplexer._run_thread()
    received = [list(iter(output.get, Empty)) for _, output in ready]
    assert received[0] == received[1] == sorted(received[0], key=lambda r: r["time"])
    contest(
        f"multiplexer {kind} k={k}",
        lambda ours, pure, queues: ours[0]._run_thread(),
        peers={
            "pure Python": PurePython
            and (lambda ours, pure, queues: pure[0]._run_thread())
        },
        yardsticks={"no merge": lambda ours, pure, queues: hand_over(*queues)},
        items=n,
        prepare=lambda: (
            *(registered(maker, KINDS[kind], lists) for maker in makers),
            in_turn(KINDS[kind], lists, turns),
        ),
    )


def registered(
    maker: Callable[..., Any], make_queue: Callable[[], Any], lists: list[list[Record]]
) -> tuple[Any, Any]:
    """A multiplexer over full queues, and its output."""
    multiplexer, output = maker(sort_key="time"), make_queue()
    multiplexer.output_queue(output)
    for records in lists:
        multiplexer.input_queue(filled(make_queue, records))
    return multiplexer, output


def in_turn(
    make_queue: Callable[[], Any], lists: list[list[Record]], turns: Iterable[int]
) -> tuple[list[Any], Any]:
    """For each record in the merged order, the queue that it waits in; an output."""
    queues = [filled(make_queue, records) for records in lists]
    return [queues[number] for number in turns], make_queue()


def filled(make_queue: Callable[[], Any], records: list[Record]) -> Any:
    queue = make_queue()
    for record in records:
        queue.put(record)
    queue.put(Empty)
    return queue


def hand_over(queues: list[Any], output: Any) -> None:
    read, sent = tee(map(methodcaller("get_nowait"), queues))
    keys = map(itemgetter("time"), read)
    deque(zip(keys, map(output.put_nowait, sent), strict=True), maxlen=0)
