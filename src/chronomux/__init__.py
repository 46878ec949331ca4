"""chronomux puts time-stamped captures and live streams into chronological order.

Names are imported on first use, so `import chronomux` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from chronomux.errors import ChronomuxError, DisorderError, SortKeyError
    from chronomux.queue import (
        IterableQueue,
        Queue,
        QueueMultiplexer,
        SortedQueueMultiplexer,
        merge,
        merge_order,
    )

__all__ = [
    "ChronomuxError",
    "DisorderError",
    "IterableQueue",
    "Queue",
    "QueueMultiplexer",
    "SortKeyError",
    "SortedQueueMultiplexer",
    "__version__",
    "merge",
    "merge_order",
]

_HOMES = {
    "ChronomuxError": "chronomux.errors",
    "DisorderError": "chronomux.errors",
    "SortKeyError": "chronomux.errors",
    "IterableQueue": "chronomux.queue",
    "Queue": "chronomux.queue",
    "QueueMultiplexer": "chronomux.queue",
    "SortedQueueMultiplexer": "chronomux.queue",
    "merge": "chronomux.queue",
    "merge_order": "chronomux.queue",
}


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
