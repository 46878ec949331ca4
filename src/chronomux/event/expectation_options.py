"""What may be said about an expectation."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["checked_callback", "checked_most", "checked_path", "checked_ticks"]


def checked_ticks(within: Any, per_second: Any) -> int | float:
    """Seconds in the units of timestamps: an int where they are whole ones."""
    for name, value in ("within", within), ("per_second", per_second):
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name} is a number, not {value!r}")
    if not 0 <= within < math.inf:
        raise ValueError(f"within={within!r}: give seconds, 0 or more")
    if not 0 < per_second < math.inf:
        raise ValueError(f"per_second={per_second!r}: give how many are a second")
    ticks: int | float = within * per_second
    return round(ticks) if per_second > 1 else ticks


def checked_path(path: Any, name: str) -> str:
    if not isinstance(path, str):
        raise TypeError(f"{name} is a path like 'a.b', not {path!r}")
    if not path:
        raise ValueError(f"{name}='': give a path like 'a.b'")
    return path


def checked_most(most: Any) -> int:
    if isinstance(most, bool) or not isinstance(most, int):
        raise TypeError(f"most is a number of commands, not {most!r}")
    if most < 1:
        raise ValueError(f"most={most}: let one command wait, or more")
    return most


def checked_callback(callback: Any, name: str) -> Any:
    if callback is not None and not callable(callback):
        raise TypeError(f"{name} is a callable, not {callback!r}")
    return callback
