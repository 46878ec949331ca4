from collections.abc import Iterable
from enum import IntEnum
from typing import Any, final

class Trial(IntEnum):
    VALUE = 0
    EQUAL = 1
    ELEMENT = 2
    WHOLE = 3
    EXISTS = 4
    ABSENT = 5

@final
class Test:
    def __new__(cls, alternatives: Iterable[tuple[Any, ...]]) -> Test: ...
    def __call__(self, value: Any) -> bool: ...

@final
class Branch:
    def __new__(cls) -> Branch: ...

@final
class Matcher:
    def __new__(
        cls, conjuncts: Iterable[tuple[tuple[str, ...], Iterable[tuple[Any, ...]]]]
    ) -> Matcher: ...
    def matches(self, event: Any) -> bool: ...
