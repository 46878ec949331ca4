"""Queues of every kind."""

from __future__ import annotations

import multiprocessing
from functools import partial

import pytest

from chronomux.queue import SortedQueueMultiplexer
from tests import queues


@pytest.fixture(scope="session")
def manager():
    with multiprocessing.Manager() as manager:
        yield manager


@pytest.fixture(params=queues.KINDS)
def make_queue(request, manager):
    """Makes queues of one kind; the test runs for each kind."""
    return queues.maker(request.param, manager)


@pytest.fixture(params=queues.BOUNDED_KINDS)
def make_bounded(request, manager):
    """Makes queues of one kind, with a `maxsize`."""
    return queues.maker(request.param, manager)


@pytest.fixture(params=["frames", "objects", "foreign"])
def make_sorted(request, monkeypatch):
    """Makes queues for a sorted merge by a sort_key; the test runs on both engines, on
    that of objects also with queues of the standard library."""
    if request.param == "objects":
        monkeypatch.setattr(SortedQueueMultiplexer, "_frames_allowed", False)
    return queues.foreign if request.param == "foreign" else queues.own


@pytest.fixture
def merge_of(make_sorted):
    return partial(queues.merge_of, make_sorted)


@pytest.fixture
def merged(make_sorted):
    return partial(queues.merged, make_sorted)
