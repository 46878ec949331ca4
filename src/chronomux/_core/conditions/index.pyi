from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from typing_extensions import disjoint_base

from chronomux._core.conditions.rulebook import RuleBook

_OnError: TypeAlias = Callable[[int, Any, Exception], object]

@disjoint_base
class ConditionIndex(RuleBook):
    def __new__(cls) -> ConditionIndex: ...
    def match(self, event: Any, on_error: _OnError | None = None) -> list[int]: ...
    def match_many(
        self, events: Iterable[Any], on_error: _OnError | None = None
    ) -> list[list[int]]: ...
    def match_rows(
        self, columns: Mapping[str, Any], on_error: _OnError | None = None
    ) -> list[list[int]]: ...
    def payloads_of(
        self, event: Any, on_error: _OnError | None = None
    ) -> list[Any]: ...
