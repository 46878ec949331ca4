"""Queues of every kind."""

from __future__ import annotations

import multiprocessing

import pytest

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
