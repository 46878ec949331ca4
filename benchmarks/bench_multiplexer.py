"""Items through the sorted multiplexer, beside the same algorithm in pure Python.

Both merge in the calling thread, over queues that were filled and registered off the
clock: what is measured is the way of an item from queue to queue, and no waiting.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
    makers = [SortedQueueMultiplexer, PurePython or SortedQueueMultiplexer]
    ready = [registered(maker, KINDS[kind], lists) for maker in makers]
    for multiplexer, _ in ready:
        multiplexer._run_thread()
    received = [list(iter(output.get, Empty)) for _, output in ready]
    assert received[0] == received[1] == sorted(received[0], key=lambda r: r["time"])
    contest(
        f"multiplexer {kind} k={k}",
        lambda ours, pure: ours[0]._run_thread(),
        peers={
            "pure Python": PurePython and (lambda ours, pure: pure[0]._run_thread())
        },
        items=n,
        prepare=lambda: tuple(registered(m, KINDS[kind], lists) for m in makers),
    )


def registered(
    maker: Callable[..., Any], make_queue: Callable[[], Any], lists: list[list[Record]]
) -> tuple[Any, Any]:
    """A multiplexer over full queues, and its output."""
    multiplexer, output = maker(sort_key="time"), make_queue()
    multiplexer.output_queue(output)
    for records in lists:
        queue = multiplexer.input_queue(make_queue())
        for record in records:
            queue.put(record)
        queue.put(Empty)
    return multiplexer, output
