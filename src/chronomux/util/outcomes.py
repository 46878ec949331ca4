"""How a task ends: with the values of its calls, or with an exception."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

__all__ = ["Failure", "Outcome", "Values", "run"]


class Outcome(Protocol):
    """How a task ended."""

    @property
    def failed(self) -> bool: ...

    def take(self) -> list[Any]:
        """The task's values, or its exception, raised."""


class Values:
    """The outcome of a task that ran in this process."""

    failed = False

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def take(self) -> list[Any]:
        return self._values


class Failure:
    """The outcome of a task that raised here, or that nobody will ever finish."""

    failed = True

    def __init__(self, error: Exception) -> None:
        self._error = error

    def take(self) -> list[Any]:
        raise self._error


def run(
    function: Callable[..., Any],
    items: Sequence[tuple[Any, ...]],
    kwds: Mapping[str, Any],
) -> list[Any]:
    """Call `function` with each tuple of arguments."""
    if kwds:
        return [function(*args, **kwds) for args in items]
    return [function(*args) for args in items]
