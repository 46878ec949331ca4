"""Conditions and an event manager in pure Python.

The way of the proof of concept: conditions are filed under the top-level keys that they
name; an event is tried on all conditions filed under any of its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Check = tuple[list[str], frozenset[Any]]


class Condition:
    """Paths of names, each with the values one of which an event must have there."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        self.checks: list[Check] = [
            (
                path.split("."),
                frozenset(wanted if isinstance(wanted, list) else [wanted]),
            )
            for path, wanted in rules.items()
        ]

    def matches(self, event: Mapping[str, Any]) -> bool:
        for path, wanted in self.checks:
            value: Any = event
            for name in path:
                if not isinstance(value, dict) or name not in value:
                    return False
                value = value[name]
            if isinstance(value, list):
                if not wanted.intersection(value):
                    return False
            elif value not in wanted:
                return False
        return True


class EventManager:
    """Callbacks by condition, through an inverted index of top-level keys."""

    def __init__(self) -> None:
        self.rules: list[tuple[Condition, Callable[[Any], Any]]] = []
        self.by_key: dict[str, list[int]] = {}

    def register(
        self, callback: Callable[[Any], Any], rules: Mapping[str, Any]
    ) -> None:
        index = len(self.rules)
        self.rules.append((Condition(rules), callback))
        for key in {path.split(".")[0] for path in rules}:
            self.by_key.setdefault(key, []).append(index)

    def match(self, event: Mapping[str, Any]) -> list[int]:
        found = {index for key in event for index in self.by_key.get(key, ())}
        return sorted(i for i in found if self.rules[i][0].matches(event))

    def trigger(self, event: Mapping[str, Any]) -> list[Any]:
        return [self.rules[i][1](event) for i in self.match(event)]
