"""What all operators share: they are values, and tell the index what to look for."""

from __future__ import annotations

import math
from typing import Any

from chronomux._core.conditions.matcher import Trial
from chronomux.event.values import key_of

__all__ = ["Alternative", "OnFields", "Operator", "qualified_name"]

Alternative = tuple[Any, ...]
"""One way for a conjunct to hold; see `chronomux._core.conditions.matcher.Trial`."""

ELEMENT = int(Trial.ELEMENT)


class Operator:
    """Base of all operators: immutable, equal by kind and arguments, picklable.

    `hint` tells the index where to file a rule: a tuple (kind, key, exact). If it is
    not exact, what the index finds is asked again. None: the index cannot help.
    """

    __slots__ = ("_arguments",)
    _arguments: tuple[Any, ...]

    def __call__(self, value: Any) -> bool:
        raise NotImplementedError

    def hint(self) -> tuple[str, Any, bool] | None:
        return None

    def alternatives(self) -> tuple[Alternative, ...]:
        """What the core tries, in order."""
        return ((ELEMENT, self, self.hint()),)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> Any:
        return type(self), tuple(key_of(value) for value in self._arguments)

    def __repr__(self) -> str:
        shown = ", ".join(shown_argument(value) for value in self._arguments)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._arguments


_BRACKETS: dict[Any, str] = {
    tuple: "({})",
    list: "[{}]",
    frozenset: "frozenset({{{}}})",
}


def shown_argument(value: Any) -> str:
    if callable(value) and not isinstance(value, Operator):
        return qualified_name(value)
    if type(value) is float and not math.isfinite(value):
        return f"float('{value}')"  # inf and nan are no names
    if type(value) in _BRACKETS and value:
        inner = ", ".join(map(shown_argument, value))
        if type(value) is tuple and len(value) == 1:
            inner += ","
        return _BRACKETS[type(value)].format(inner)
    return repr(value)


def qualified_name(function: Any) -> str:
    """module.qualname of a callable, or its repr if it has no name."""
    name = getattr(function, "__qualname__", None)
    if name is None:
        return repr(function)
    module = getattr(function, "__module__", None)
    return f"{module}.{name}" if module not in (None, "builtins") else str(name)


class OnFields(Operator):
    """An operator on mappings and objects; on its own it makes a condition."""

    __slots__ = ()
