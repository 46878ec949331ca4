"""What a condition holds: values made safe from change, and told apart exactly."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["frozen", "key_of"]


def frozen(value: Any, path: str) -> Any:
    """A copy that nobody else can change: lists as tuples, sets as frozensets.

    TypeError, naming the path, for what is used up by reading or cannot be copied.
    """
    kind = type(value)
    if kind is str or kind is int or kind is float or kind is bool or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item, path) for item in value)
    if isinstance(value, (set, frozenset)):
        return frozenset(frozen(item, path) for item in value)
    if isinstance(value, Mapping) and not is_hashable(value):
        return {key: frozen(item, path) for key, item in value.items()}
    if callable(value):
        return value
    if isinstance(value, Iterator):
        raise TypeError(
            f"{path!r}: {kind.__name__} can be read only once; give a list of values"
        )
    return value if is_hashable(value) else _copied(value, path)


def _copied(value: Any, path: str) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception as error:
        raise TypeError(
            f"{path!r}: {type(value).__name__} is neither hashable nor can it be "
            f"copied: {error}; give a value, a list of values or a callable"
        ) from error


def is_hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True


def key_of(value: Any) -> Any:
    """Stands for a value where values are compared: True is not 1 there.

    Nor is a NaN another than any other NaN: both ask for the same, for nothing.
    """
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, float) and value != value:
        return (float, "nan")
    if isinstance(value, tuple):
        return tuple(key_of(item) for item in value)
    if isinstance(value, frozenset):
        return frozenset(key_of(item) for item in value)
    return value
