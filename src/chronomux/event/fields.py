"""An OR over conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chronomux.event.condition import Condition
from chronomux.event.operator import OnFields

__all__ = ["any_of_fields"]


class any_of_fields(OnFields):
    """A mapping or object that one of these conditions matches.

    At a key it asks what stands there; alone it makes a condition on the event.

    >>> Condition(any_of_fields({"level": 3}, {"source": "test"})).matches({"level": 3})
    True
    """

    __slots__ = ("_conditions",)

    def __init__(self, *conditions: Mapping[str, Any]) -> None:
        self._conditions = tuple(Condition(condition) for condition in conditions)
        self._arguments = self._conditions

    def __call__(self, value: Any) -> bool:
        return any(condition.matches(value) for condition in self._conditions)

    def hint(self) -> tuple[str, Any, bool] | None:
        return "branches", tuple(one.conjuncts for one in self._conditions), False
