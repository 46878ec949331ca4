"""What is in the hands of a consumer, and no more, goes with it when it is killed."""

from __future__ import annotations

import os
import pickle
import queue
import signal
from typing import Any

import pytest

from chronomux.errors import FrameError
from chronomux.queue import Queue
from tests.faults.queue_peers import start


def get_one_and_die(shared: Queue) -> None:
    shared.get(timeout=20)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("ring_bytes", [1 << 12, 1 << 16, 1 << 20])
def test_get_takes_one_item(ring_bytes: int) -> None:
    shared = Queue(ring_bytes=ring_bytes)
    shared.put_many(range(1000))
    start(get_one_and_die, shared).process.join(20)
    assert [shared.get(timeout=5) for _ in range(999)] == list(range(1, 1000))


class Broken:
    """Nobody can unpickle it."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (b"no pickle",)


def test_get_many_keeps_what_came_before_an_item_that_cannot_be_decoded() -> None:
    shared = Queue()

    def late() -> None:
        shared.put_many([1, Broken(), 2])
        shared.flush()

    producer = start(late)
    assert shared.get_many(timeout=20) == [1]
    with pytest.raises(FrameError):
        shared.get_many(timeout=20)
    assert shared.get_many(timeout=20) == [2]
    with pytest.raises(queue.Empty):
        shared.get_many(timeout=0.01)
    producer.process.join(20)
