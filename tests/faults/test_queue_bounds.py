"""Who has died, or left, takes no room in a queue, and none that others have."""

from __future__ import annotations

import queue

import pytest

from chronomux.queue import Queue


def test_a_put_that_waits_sends_nothing_but_items() -> None:
    """A wait for room sends the open frame; after a flush there is none."""
    shared = Queue(1)
    shared.put("a")
    shared.flush()
    with pytest.raises(queue.Full):
        shared.put("b", timeout=0.01)
    assert shared.get(timeout=5) == "a"
    with pytest.raises(queue.Empty):
        shared.get(timeout=0.01)
    assert shared.qsize() == 0
