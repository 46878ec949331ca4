"""Operators on numbers, and on all that has an order: below, above, between."""

from __future__ import annotations

import math
from typing import Any

from chronomux.event.operator import Operator

__all__ = ["above", "below", "between"]

EXACT = 1 << 53
"""Up to here every int is a double; the index of ranges holds doubles."""


def checked_bound(operator: Operator, bound: Any) -> Any:
    name = type(operator).__name__
    if bound is None or isinstance(bound, (bool, complex)) or not comparable(bound):
        raise TypeError(f"{name}() takes a bound that has an order, not {bound!r}")
    if bound != bound:
        raise ValueError(f"{name}() takes no NaN: nothing is above or below it")
    return bound


def comparable(bound: Any) -> bool:
    try:
        return bool(bound <= bound) or bound != bound
    except Exception:
        return False


def indexable(bound: Any) -> bool:
    return isinstance(bound, float) or (type(bound) is int and abs(bound) <= EXACT)


class Range(Operator):
    """Values from `_low` to `_high`; None stands for no bound."""

    __slots__ = ("_high", "_low", "_with_high", "_with_low")

    def __init__(self, low: Any, with_low: bool, high: Any, with_high: bool) -> None:
        self._low, self._with_low = low, with_low
        self._high, self._with_high = high, with_high

    def __call__(self, value: Any) -> bool:
        if isinstance(value, bool) or value is None:
            return False
        try:
            return self._above_low(value) and self._below_high(value)
        except Exception:  # no order between the two, or numpy's of many
            return False

    def _above_low(self, value: Any) -> bool:
        if self._low is None:
            return True
        return bool(value > self._low or (self._with_low and value == self._low))

    def _below_high(self, value: Any) -> bool:
        if self._high is None:
            return True
        return bool(value < self._high or (self._with_high and value == self._high))

    def hint(self) -> tuple[str, Any, bool] | None:
        low = -math.inf if self._low is None else self._low
        high = math.inf if self._high is None else self._high
        if not (indexable(low) and indexable(high)):
            return None
        with_low = self._with_low or self._low is None
        with_high = self._with_high or self._high is None
        return "range", (float(low), with_low, float(high), with_high), True


class above(Range):
    """Values greater than `bound`, or equal to it if it is `inclusive`."""

    __slots__ = ()

    def __init__(self, bound: Any, inclusive: bool = False) -> None:
        super().__init__(checked_bound(self, bound), bool(inclusive), None, False)
        self._arguments = (bound, True) if inclusive else (bound,)


class below(Range):
    """Values less than `bound`, or equal to it if it is `inclusive`."""

    __slots__ = ()

    def __init__(self, bound: Any, inclusive: bool = False) -> None:
        super().__init__(None, False, checked_bound(self, bound), bool(inclusive))
        self._arguments = (bound, True) if inclusive else (bound,)


class between(Range):
    """Values from `low` to `high`; which of the two belong to it, `bounds` says as
    brackets: '[]' both, '[)' only low, '(]' only high, '()' none.

    ValueError if no value can be in it.
    """

    __slots__ = ()

    def __init__(self, low: Any, high: Any, bounds: str = "[]") -> None:
        if bounds not in ("[]", "[)", "(]", "()"):
            raise ValueError(f"bounds={bounds!r}: use '[]', '[)', '(]' or '()'")
        checked_bound(self, low)
        checked_bound(self, high)
        try:
            empty = low > high or (low == high and bounds != "[]")
        except TypeError as error:
            raise TypeError(f"between(): {low!r} has no order with {high!r}") from error
        if empty:
            raise ValueError(f"between({low!r}, {high!r}, {bounds!r}) holds no value")
        super().__init__(low, bounds[0] == "[", high, bounds[1] == "]")
        self._arguments = (low, high) if bounds == "[]" else (low, high, bounds)
