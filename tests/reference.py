"""The oracle: slow, short, obvious.

A stable sort of the concatenation *is* the definition of a k-way merge of sorted
inputs: equal keys stay in the order (input, position), which is the promise.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any


def rank(key: Any) -> tuple[int, Fraction]:
    """An exact, total rank for ints and floats; NaN and None are missing, lowest."""
    if key is None or key != key:
        return (0, Fraction(0))
    if isinstance(key, float) and math.isinf(key):
        return (1, Fraction(0)) if key < 0 else (3, Fraction(0))
    return (2, Fraction(key))


def merge_order(
    columns: list[list[Any]], reverse: bool = False
) -> list[tuple[int, int]]:
    """(source, index) of every item in merged order."""
    places = [(s, i) for s, column in enumerate(columns) for i in range(len(column))]
    return sorted(places, key=lambda p: rank(columns[p[0]][p[1]]), reverse=reverse)


def merge(
    iterables: list[list[Any]], key: Any = None, reverse: bool = False
) -> list[Any]:
    """The items of sorted iterables in one stable order."""
    return sorted(
        (item for items in iterables for item in items), key=key, reverse=reverse
    )
