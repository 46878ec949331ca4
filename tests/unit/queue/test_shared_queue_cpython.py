"""Python's own tests of multiprocessing.Queue, on chronomux.Queue.

They come with Python, in its package `test`, which some distributions leave out.
"""

from __future__ import annotations

import io
import multiprocessing
import queue
import unittest
from contextlib import redirect_stderr
from typing import Any
from unittest import mock

import pytest

from chronomux.queue import Queue

cases: Any = pytest.importorskip("test._test_multiprocessing")

# Where a feeder is a thread, Python warns of any fork.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

NOT_OURS = {
    "test_task_done": "of JoinableQueue: chronomux.Queue has no task_done and join",
    "test_queue_feeder_donot_stop_onexc": "an item that cannot be sent raises in put, "
    "not behind its back; test_shared_queue.py tests that the queue goes on",
    "test_queue_feeder_on_queue_feeder_error": "a hook of the feeder for items that "
    "cannot be sent, of multiprocessing.queues.Queue itself: put raises instead",
}


def without(test: str, reason: str) -> Any:
    def skipped(self: unittest.TestCase) -> None:
        self.skipTest(reason)

    skipped.__name__ = test
    return skipped


class QueueTests(cases._TestQueue):
    """All tests but those named in NOT_OURS, with processes started in one way."""

    TYPE = "processes"
    Queue = Queue
    method: str

    for _test, _reason in NOT_OURS.items():
        locals()[_test] = without(_test, _reason)

    def setUp(self) -> None:
        context: Any = multiprocessing.get_context(self.method)
        self.Process, self.Event = context.Process, context.Event
        # Some tests make their queue by multiprocessing.Queue() whatever they test.
        patch = mock.patch.object(multiprocessing, "Queue", Queue)
        patch.start()
        self.addCleanup(patch.stop)


class TestFork(QueueTests, unittest.TestCase):
    method = "fork"


class TestSpawn(QueueTests, unittest.TestCase):
    method = "spawn"


class TestForkserver(QueueTests, unittest.TestCase):
    method = "forkserver"


def test_the_tests_that_are_left_out_exist() -> None:
    for name in NOT_OURS:
        assert callable(getattr(cases._TestQueue, name)), name


def test_a_feeder_goes_on_after_an_item_that_cannot_be_sent() -> None:
    """test_queue_feeder_donot_stop_onexc, but that put raises."""

    class NotSerializable:
        def __reduce__(self) -> Any:
            raise AttributeError

    for shared in (Queue(), Queue(maxsize=1)):
        with redirect_stderr(io.StringIO()) as said, pytest.raises(AttributeError):
            shared.put(NotSerializable())
        shared.put(True)
        assert shared.qsize() == 1
        assert shared.get(timeout=20) is True
        assert shared.empty()
        with pytest.raises(queue.Empty):
            shared.get_nowait()
        assert said.getvalue() == ""
