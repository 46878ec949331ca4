"""Which rules there are: by index, and by callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chronomux._core.conditions.dispatch import Rule

__all__ = ["Registry"]


class Registry:
    """Rules by index and by callback, small for a callback with one rule."""

    def __init__(self) -> None:
        self._rules: dict[int, Rule] = {}
        self._of: dict[Any, Rule | dict[int, Rule]] = {}

    def __len__(self) -> int:
        return len(self._rules)

    def get(self, index: int) -> Rule | None:
        return self._rules.get(index)

    def add(self, rule: Rule) -> None:
        self._rules[rule.index] = rule
        key = key_of(rule.callback)
        there = self._of.setdefault(key, rule)
        if isinstance(there, dict):
            there[rule.index] = rule
        elif there is not rule:
            self._of[key] = {there.index: there, rule.index: rule}

    def remove(self, rule: Rule) -> None:
        del self._rules[rule.index]
        key = key_of(rule.callback)
        there = self._of[key]
        if isinstance(there, dict):
            del there[rule.index]
        if there is rule or not there:
            del self._of[key]

    def of_callback(self, callback: Callable[[Any], Any]) -> list[Rule]:
        """In the order of registration."""
        there = self._of.get(key_of(callback))
        if there is None:
            return []
        return list(there.values()) if isinstance(there, dict) else [there]


def key_of(callback: Any) -> Any:
    """The callback, or what stands for one without a hash: there is only this one."""
    try:
        hash(callback)
    except TypeError:
        return (id(callback), "unhashable")
    return callback
