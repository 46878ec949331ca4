"""What stands at a path in an event, for those who compare two events."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from chronomux.event.values import frozen, is_hashable, key_of

__all__ = ["comparable", "value_at"]

_PLAIN = (str, bytes, int, float, type(None))
_NOTHING = object()


def value_at(event: Any, path: str) -> Any:
    """What stands there, the first of it where there are lists; None for nothing.

    As in a Condition, a key that is literally 'a.b' counts before a path of two names.
    """
    found = _found(event, path)
    return None if found is _NOTHING else found


def comparable(value: Any) -> Hashable:
    """Equal for values that are equal, True not being 1; None for None and NaN."""
    if type(value) is str or type(value) is int:
        return (value,)
    if value is None or value != value:
        return None
    if isinstance(value, Mapping):
        pairs = ((name, comparable(one)) for name, one in value.items())
        return (Mapping, frozenset(pairs))
    if isinstance(value, (list, tuple)):
        return (list, tuple(comparable(one) for one in value))
    key = key_of(frozen(value, ""))
    return (key,) if is_hashable(key) else (type(value), repr(value))


def _found(value: Any, path: str) -> Any:
    if isinstance(value, (list, tuple)):
        inside = (_found(one, path) for one in value)
        return next((one for one in inside if one is not _NOTHING), _NOTHING)
    whole = _member(value, path)
    if whole is not _NOTHING:
        return whole
    name, dot, rest = path.partition(".")
    below = _member(value, name) if dot else _NOTHING
    return below if below is _NOTHING else _found(below, rest)


def _member(value: Any, name: str) -> Any:
    if isinstance(value, Mapping) or hasattr(type(value), "keys"):
        try:
            return value[name]
        except KeyError:
            return _NOTHING
    if isinstance(value, _PLAIN):
        return _NOTHING
    return getattr(value, name, _NOTHING)
