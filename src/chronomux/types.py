"""Types that several rooms share. Standard library only."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

__all__ = ["Frame", "QueueLike", "SortKey"]


class Frame(NamedTuple):
    """A batch of n records as bytes, ready to be merged and copied.

    `keys` holds n timestamps in ns since 1970 (UTC); -2**63 stands for a missing one
    and so sorts lowest. `offsets` holds n + 1 byte offsets: record i is
    `rows[offsets[i]:offsets[i + 1]]`. Both are an array('q') or a view of int64, and
    `rows` may be a view of bytes that other frames have a part in: they do not change.
    """

    keys: array[int] | memoryview
    offsets: array[int] | memoryview
    rows: bytes | memoryview


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
