"""From what stands at a key of a condition to what the core tries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chronomux._core.conditions.matcher import Trial
from chronomux.event.operator import Alternative, Operator
from chronomux.event.values import is_hashable

__all__ = ["alternatives_of"]

VALUE, EQUAL, ELEMENT = int(Trial.VALUE), int(Trial.EQUAL), int(Trial.ELEMENT)


def alternatives_of(value: Any) -> tuple[Alternative, ...]:
    """The ways to hold: one for each item of a list, of several for some operators."""
    kind = type(value)
    if kind is str or kind is int:  # by far the most
        return ((VALUE, value),)
    if isinstance(value, (tuple, frozenset)):
        return tuple(way for item in value for way in _of_item(item))
    return _of_item(value)


def _of_item(item: Any) -> tuple[Alternative, ...]:
    if isinstance(item, Operator):
        return item.alternatives()
    if callable(item):
        return ((ELEMENT, item, None),)
    if isinstance(item, (tuple, frozenset, Mapping)) or not is_hashable(item):
        return ((EQUAL, item),)
    return ((VALUE, item),)
