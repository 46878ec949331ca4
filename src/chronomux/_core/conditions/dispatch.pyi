from collections.abc import Callable
from typing import Any, final

from chronomux._core.conditions.index import ConditionIndex

@final
class Rule:
    index: int
    callback: Callable[[Any], Any]
    condition: Any
    options: dict[str, Any]
    once: bool
    live: bool
    calls: int
    errors: int
    def __new__(
        cls,
        callback: Callable[[Any], Any],
        condition: Any,
        options: dict[str, Any],
        once: bool,
    ) -> Rule: ...
    def claim(self) -> bool: ...

@final
class Dispatcher(ConditionIndex):
    events: int
    matches: int
    callbacks: int
    errors: int
    def __new__(
        cls,
        special: Callable[[Rule, Any, Any], list[Any]],
        failed: Callable[[Rule, Any, Exception], object],
        predicate_failed: Callable[[int, Any, Exception], object],
    ) -> Dispatcher: ...
    def register(self, rule: Rule) -> int: ...
    def trigger(self, event: Any, options: Any = None) -> list[Any]: ...
    def count_error(self, rule: Rule | None) -> None: ...
