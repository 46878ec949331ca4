"""Which rules there are: by number, by callback, and in the index of conditions."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from chronomux._core.conditions.dispatch import Dispatcher, Rule

__all__ = ["Registry"]


class Registry:
    """Rules by index and by callback, small for a callback with one rule."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._rules: dict[int, Rule] = {}
        self._of: dict[Any, Rule | dict[int, Rule]] = {}
        self.renew_lock()

    def renew_lock(self) -> None:
        """In a forked child: the thread that held it is not there."""
        self._lock = threading.RLock()

    def __len__(self) -> int:
        return len(self._rules)

    def get(self, index: int) -> Rule | None:
        return self._rules.get(index)

    def add(self, rule: Rule) -> int:
        """The index of the rule."""
        with self._lock:
            index = self._dispatcher.register(rule)
            self._rules[index] = rule
            key = key_of(rule.callback)
            there = self._of.setdefault(key, rule)
            if isinstance(there, dict):
                there[index] = rule
            elif there is not rule:
                self._of[key] = {there.index: there, index: rule}
        return index

    def remove(self, rule: Rule) -> bool:
        """Whether it was there: one that is to be called once may be claimed."""
        with self._lock:
            if not rule.claim():
                return False
            del self._rules[rule.index]
            key = key_of(rule.callback)
            there = self._of[key]
            if isinstance(there, dict):
                del there[rule.index]
            if there is rule or not there:
                del self._of[key]
            self._dispatcher.remove(rule.index)
            return True

    def of_callback(self, callback: Callable[[Any], Any]) -> list[Rule]:
        """In the order of registration."""
        with self._lock:
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
