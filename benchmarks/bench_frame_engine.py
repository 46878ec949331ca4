"""Items from queue to queue as frames, beside the same multiplexers with objects.

Both merge in the calling thread, over queues in shared memory that were filled off the
clock. The outputs serve all rounds, so that no round pays for memory of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import pytest

from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer

ITEM_BYTES = 200  # more than a record takes in a frame


class Objects(SortedQueueMultiplexer):
    _frames_allowed = False


class ObjectsByTurns(QueueMultiplexer):
    _frames_allowed = False


@pytest.mark.parametrize("pattern", ["interleaved", "bursty"])
@pytest.mark.parametrize("k", [2, 8, 64])
def test_ready_frames_through_the_sorted_multiplexer(
    contest: Contest, scale: Scale, k: int, pattern: data.Pattern
) -> None:
    n = scale(quick=20_000, full=100_000)
    lists = data.record_lists(n, k, pattern)
    outputs = [Queue(sort_key="time", ring_bytes=n * ITEM_BYTES) for _ in range(2)]
    kinds = partial(SortedQueueMultiplexer, "time"), partial(Objects, "time")
    framed, merged = run_both(kinds, lists, outputs)
    assert framed == merged == sorted(merged, key=lambda record: record["time"])
    compete(contest, f"frame engine k={k} {pattern}", n, kinds, lists, outputs)


@pytest.mark.parametrize("k", [1, 8])
def test_ready_frames_through_the_multiplexer_by_turns(
    contest: Contest, scale: Scale, k: int
) -> None:
    n = scale(quick=20_000, full=100_000)
    lists = data.record_lists(n, k, "interleaved")
    outputs = [Queue(ring_bytes=n * ITEM_BYTES) for _ in range(2)]
    kinds = QueueMultiplexer, ObjectsByTurns
    framed, merged = run_both(kinds, lists, outputs)
    assert framed == merged
    assert len(framed) == n
    compete(contest, f"frame engine by turns k={k}", n, kinds, lists, outputs)


Kind: TypeAlias = Callable[[], QueueMultiplexer]


def compete(
    contest: Contest,
    group: str,
    n: int,
    kinds: Sequence[Kind],
    lists: list[list[Any]],
    outputs: list[Queue],
) -> None:
    contest(
        group,
        lambda ours, objects: ours._run_thread(),
        peers={"objects": lambda ours, objects: objects._run_thread()},
        items=n,
        prepare=lambda: prepared(kinds, lists, outputs),
        rounds=9,
    )


def run_both(
    kinds: Sequence[Kind], lists: list[list[Any]], outputs: list[Queue]
) -> list[list[Any]]:
    """What each makes of these lists."""
    for multiplexer in prepared(kinds, lists, outputs):
        multiplexer._run_thread()
    return [list(output) for output in outputs]


def prepared(
    kinds: Sequence[Kind], lists: list[list[Any]], outputs: list[Queue]
) -> tuple[QueueMultiplexer, ...]:
    """Multiplexers over full queues, with outputs that are empty."""
    for output in outputs:
        while not output.empty():
            output.get_many(1_000_000)
    return tuple(
        registered(kind(), lists, output)
        for kind, output in zip(kinds, outputs, strict=True)
    )


def registered(
    multiplexer: QueueMultiplexer, lists: list[list[Any]], output: Queue
) -> QueueMultiplexer:
    multiplexer.output_queue(output)
    for records in lists:
        size = len(records) * ITEM_BYTES + 65536
        source = Queue(sort_key=output.sort_key, ring_bytes=size)
        source.put_many(records)
        source.put(Queue.Empty)
        source.flush()
        multiplexer.input_queue(source)
    return multiplexer
