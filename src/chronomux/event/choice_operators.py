"""Operators on what there is: one of these, none of these, all, something, nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chronomux._core.conditions.matcher import Test, Trial
from chronomux.event.alternatives import alternatives_of
from chronomux.event.fields import any_of_fields
from chronomux.event.operator import Alternative, Operator
from chronomux.event.values import frozen

__all__ = [
    "absent",
    "any_of_fields",
    "contains_all",
    "exists",
    "none_of",
    "one_of",
    "whole",
]

WHOLE = int(Trial.WHOLE)


class OfValues(Operator):
    """Base of operators that are given values, operators and callables alike."""

    __slots__ = ()

    def __init__(self, *values: Any) -> None:
        name = type(self).__name__
        self._arguments = tuple(frozen(value, f"{name}()") for value in values)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


class one_of(OfValues):
    """One of these, as a list in a condition says; none at all holds for nothing."""

    __slots__ = ("_test",)

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self._test = Test(self.alternatives())

    def __call__(self, value: Any) -> bool:
        return self._test(value)

    def alternatives(self) -> tuple[Alternative, ...]:
        return alternatives_of(self._arguments)


class none_of(OfValues):
    """A value that is none of these, also for operators: `none_of(prefix("x"))`.

    Does not hold where there is no value: `absent` does. In a list one element that is
    none of these is enough; `whole` can ask for all.
    """

    __slots__ = ("_test",)

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self._test = Test(alternatives_of(self._arguments))

    def __call__(self, value: Any) -> bool:
        return not self._test(value)


class contains_all(OfValues):
    """A list in which each of these is found; a value that is no list counts as one."""

    __slots__ = ("_tests",)

    def __init__(self, *values: Any) -> None:
        super().__init__(*values)
        self._tests = [Test(alternatives_of((one,))) for one in self._arguments]

    def __call__(self, value: Any) -> bool:
        return all(test(value) for test in self._tests)

    def alternatives(self) -> tuple[Alternative, ...]:
        return ((WHOLE, self, None),)


class whole(Operator):
    """`predicate(value)` of the value as it is: of a list, not of its elements."""

    __slots__ = ("_predicate",)

    def __init__(self, predicate: Callable[[Any], Any]) -> None:
        if not callable(predicate):
            raise TypeError(f"whole() takes a callable, not {predicate!r}")
        self._predicate = predicate
        self._arguments = (predicate,)

    def __call__(self, value: Any) -> bool:
        return bool(self._predicate(value))

    def alternatives(self) -> tuple[Alternative, ...]:
        return ((WHOLE, self, None),)


class exists(Operator):
    """Any value at all: None, '' and [] are values. As a callable True of all."""

    __slots__ = ()

    def __init__(self) -> None:
        self._arguments = ()

    def __call__(self, value: Any) -> bool:
        return True

    def alternatives(self) -> tuple[Alternative, ...]:
        return ((int(Trial.EXISTS),),)


class absent(Operator):
    """No value: the only operator that holds where the event has nothing at the path.

    Below a list of mappings it holds if one of them lacks the path, and for an empty
    list. As a callable False of all.
    """

    __slots__ = ()

    def __init__(self) -> None:
        self._arguments = ()

    def __call__(self, value: Any) -> bool:
        return False

    def alternatives(self) -> tuple[Alternative, ...]:
        return ((int(Trial.ABSENT),),)
