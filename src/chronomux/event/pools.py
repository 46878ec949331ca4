"""How a callback is handed to a pool, whoever made the pool, and its error comes back.

Whoever offers it tells of errors: a pool by `error_callback`, a future by
`add_done_callback`. Other results are asked by an overseer.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from chronomux.event.overseer import Failed, Overseer, can_be_asked

__all__ = ["checked_pool", "hand_over"]

SENDERS = ("submit", "apply_async", "apipe")


def checked_pool(pool: Any) -> Any:
    """TypeError unless calls can be handed to it."""
    if pool is not None and not any(_has(pool, name) for name in SENDERS):
        raise TypeError(
            f"async_pool={pool!r} takes no calls: it has neither submit(), apipe() nor "
            f"apply_async(); give a concurrent.futures.Executor or a pool of pathos"
        )
    return pool


def hand_over(
    pool: Any,
    callback: Callable[[Any], Any],
    event: Any,
    failed: Failed,
    overseer: Overseer,
) -> Any:
    """Let the pool call it; what stands for the result, a future or pathos' like.

    failed: called with what the callback raises, in whatever thread learns of it.
    """
    if _has(pool, "submit"):
        result = pool.submit(callback, event)
    elif not _has(pool, "apply_async"):
        result = pool.apipe(callback, event)
    elif _takes_error_callback(type(pool)):  # type: ignore[arg-type]
        return pool.apply_async(callback, (event,), error_callback=failed)
    else:
        result = pool.apply_async(callback, (event,))
    if _has(result, "add_done_callback"):
        result.add_done_callback(lambda done: _tell(done, failed))
    elif can_be_asked(result):
        overseer.add(result, failed)
    return result


def _has(thing: Any, name: str) -> bool:
    return callable(getattr(thing, name, None))


@functools.lru_cache(maxsize=32)
def _takes_error_callback(kind: type) -> bool:
    """As pools of multiprocessing do. A proxy takes anything, and would send it."""
    try:
        apply: Any = getattr(kind, "apply_async", None)
        return "error_callback" in inspect.signature(apply).parameters
    except (TypeError, ValueError):
        return False


def _tell(future: Any, failed: Failed) -> None:
    """A future is done."""
    if future.cancelled():
        return
    error = future.exception()
    if isinstance(error, Exception):
        failed(error)
