"""Bounds on time that an honest program keeps also on a busy machine."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

__all__ = ["assert_within", "seconds_of"]


def assert_within(seconds: float, attempt: Callable[[], float]) -> None:
    """The best of up to three attempts takes less than `seconds`."""
    taken: list[float] = []
    for _ in range(3):
        taken.append(attempt())
        if taken[-1] < seconds:
            return
    pytest.fail(f"took {[round(t, 3) for t in taken]} s, more than {seconds} s")


def seconds_of(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.monotonic()
    call()
    return time.monotonic() - began
