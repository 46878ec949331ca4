"""Types that several rooms share. Standard library only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

__all__ = ["QueueLike", "SortKey"]


class QueueLike(Protocol):
    """What a multiplexer and a reader ask of a queue: `get` and `put`, no more.

    `multiprocessing.Queue`, `Manager().Queue()`, `queue.Queue`, `queue.SimpleQueue`
    and `multiprocessing.SimpleQueue` all have them.
    """

    def get(self) -> Any: ...

    def put(self, item: Any, /) -> Any: ...


SortKey: TypeAlias = str | Sequence[str] | Callable[[Any], Any] | None
"""How an item gives its sort key: a path 'a.b.c' or ['a', 'b', 'c'], a callable, or
None for the item itself."""
