"""The one place that touches pathos: its multiprocess (multiprocessing over dill).

pathos' own pool classes are not used. They share workers between pools of one size,
their two queues are locked by whichever worker reads or writes (one killed worker, even
an idle one, and every later call hangs), and a SystemExit in a task is never reported.
"""

from __future__ import annotations

import importlib
import os
from multiprocessing.connection import Connection
from typing import Any

from chronomux.util import lifecycle

with lifecycle.signals_held():  # some of what it imports swallows KeyboardInterrupt
    from pathos.helpers import mp  # type: ignore[import-untyped]

# What the package itself loads late. A child forked while another thread did that would
# wait for it for ever; forks wait until this module is here.
for late in ["connection", "managers", "popen_fork" if hasattr(os, "fork") else "util"]:
    importlib.import_module(f"{mp.__name__}.{late}")

__all__ = ["Connection", "TimeoutReached", "dumps", "loads", "mp"]


def _forget_children() -> None:
    # Or the exit function of a forked child ends its parent's processes.
    mp.process._children.clear()


lifecycle.at_fork(_forget_children)


class TimeoutReached(mp.TimeoutError, TimeoutError):  # type: ignore[misc]
    """A result was not there in time; both TimeoutErrors catch it."""


def dumps(value: Any) -> bytes:
    """Pickle by value whatever is not importable: lambdas, closures, `__main__`."""
    return bytes(mp.reduction.ForkingPickler.dumps(value))


def loads(data: bytes | memoryview) -> Any:
    """Unpickle what `dumps` made, or plain pickle."""
    return mp.reduction.ForkingPickler.loads(data)
