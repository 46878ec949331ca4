"""Times and durations as people read them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

__all__ = ["duration_text", "moment_text"]

_SECOND = 10**9
_UNITS = (
    ("y", 365.25 * 86400 * _SECOND),
    ("d", 86400 * _SECOND),
    ("h", 3600 * _SECOND),
    ("min", 60 * _SECOND),
    ("s", _SECOND),
    ("ms", 10**6),
    ("us", 10**3),
)


def moment_text(ns: int) -> str:
    """ns since 1970 in ISO 8601, UTC, with the digits there are."""
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=ns // 10**9)
    fraction = f".{ns % 10**9:09}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def duration_text(ns: int) -> str:
    """Four digits of ns in the greatest unit that fits: '46.03 y', '12.5 ms', '0 s'."""
    if not ns:
        return "0 s"
    for unit, size in _UNITS:
        if ns >= size:
            return f"{ns / size:.4g} {unit}"
    return f"{ns} ns"
