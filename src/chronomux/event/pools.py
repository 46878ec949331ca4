"""How a callback is handed to a pool, whoever made the pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["checked_pool", "hand_over"]


def checked_pool(pool: Any) -> Any:
    """TypeError unless calls can be handed to it."""
    if pool is not None and _sender(pool) is None:
        raise TypeError(
            f"async_pool={pool!r} takes no calls: it has neither submit(), apipe() nor "
            f"apply_async(); give a concurrent.futures.Executor or a pool of pathos"
        )
    return pool


def hand_over(pool: Any, callback: Callable[[Any], Any], event: Any) -> Any:
    """Let the pool call it; what stands for the result, a future or pathos' like."""
    send = _sender(pool)
    assert send is not None
    return send(callback, event)


def _sender(pool: Any) -> Callable[[Any, Any], Any] | None:
    for name in ("submit", "apipe"):
        method: Any = getattr(pool, name, None)
        if callable(method):
            return lambda callback, event: method(callback, event)
    apply: Any = getattr(pool, "apply_async", None)
    if callable(apply):
        return lambda callback, event: apply(callback, (event,))
    return None
