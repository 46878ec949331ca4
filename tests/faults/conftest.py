"""Shared by tests that break things."""

from __future__ import annotations

import multiprocessing

import pytest


@pytest.fixture
def doomed_manager():
    """A manager whose process a test may kill."""
    manager = multiprocessing.Manager()
    yield manager
    manager._process.kill()
    manager._process.join(20)
    manager.shutdown()
