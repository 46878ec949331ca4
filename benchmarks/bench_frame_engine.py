"""Items from queue to queue as frames, beside the same multiplexer with objects.

Both merge in the calling thread, over queues in shared memory that were filled off the
clock. The outputs serve all rounds, so that no round pays for memory of its own.
"""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from chronomux.queue import Queue, SortedQueueMultiplexer

ITEM_BYTES = 200  # more than a record takes in a frame


class Objects(SortedQueueMultiplexer):
    _frames_allowed = False


@pytest.mark.parametrize("pattern", ["interleaved", "bursty"])
@pytest.mark.parametrize("k", [2, 8, 64])
def test_ready_frames_through_the_sorted_multiplexer(
    contest: Contest, scale: Scale, k: int, pattern: data.Pattern
) -> None:
    n = scale(quick=20_000, full=100_000)
    lists = data.record_lists(n, k, pattern)
    outputs = [Queue(sort_key="time", ring_bytes=n * ITEM_BYTES) for _ in range(2)]

    def prepare() -> tuple[Any, ...]:
        for output in outputs:
            while not output.empty():
                output.get_many(n)
        return (
            registered(SortedQueueMultiplexer, lists, outputs[0]),
            registered(Objects, lists, outputs[1]),
        )

    for multiplexer in prepare():
        multiplexer._run_thread()
    framed, merged = [list(output) for output in outputs]
    assert framed == merged == sorted(merged, key=lambda record: record["time"])
    contest(
        f"frame engine k={k} {pattern}",
        lambda ours, objects: ours._run_thread(),
        peers={"objects": lambda ours, objects: objects._run_thread()},
        items=n,
        prepare=prepare,
        rounds=9,
    )


def registered(
    kind: type[SortedQueueMultiplexer], lists: list[list[Any]], output: Queue
) -> SortedQueueMultiplexer:
    """A multiplexer over full queues."""
    multiplexer = kind(sort_key="time")
    multiplexer.output_queue(output)
    for records in lists:
        source = Queue(sort_key="time", ring_bytes=len(records) * ITEM_BYTES + 65536)
        source.put_many(records)
        source.put(Queue.Empty)
        source.flush()
        multiplexer.input_queue(source)
    return multiplexer
