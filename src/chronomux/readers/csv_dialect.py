"""Dialects of the csv module as rules for the compiled tokeniser."""

from __future__ import annotations

import csv
from functools import cache
from typing import Any, NamedTuple

from chronomux._core.csv.rules import Rules

__all__ = ["FIELD_SIZE_LIMIT", "dialect_of", "rules_of"]

FIELD_SIZE_LIMIT = 1 << 24
_NO_NUMBERS, _PLAIN_NUMBERS, _UNQUOTED_NUMBERS = range(3)
# Since Python 3.12; older ones refuse them.
_QUOTE_STRINGS, _QUOTE_NOTNULL = 4, 5


class _Habits(NamedTuple):
    """How this Python's csv.reader differs from others."""

    numbers: int
    reads_nulls: bool
    refuses_nul: bool


def dialect_of(dialect: Any, fmtparams: dict[str, Any]) -> Any:
    """The csv.Dialect of a name, class or instance and what is given beside it.

    Raises TypeError, ValueError or csv.Error for what csv.reader would not take.
    """
    return csv.reader((), dialect, **fmtparams).dialect


def rules_of(dialect: Any, field_size_limit: int) -> Rules | None:
    """None if a character of the dialect is not ASCII: only csv can read by it."""
    habits = _habits()
    quotes = dialect.quoting != csv.QUOTE_NONE
    characters = (
        dialect.delimiter,
        dialect.quotechar if quotes else None,
        dialect.escapechar,
    )
    if not all(character is None or character.isascii() for character in characters):
        return None
    delimiter, quote, escape = (-1 if c is None else ord(c) for c in characters)
    knows_nulls = habits.reads_nulls and quotes
    has_numbers = dialect.quoting == csv.QUOTE_NONNUMERIC or (
        knows_nulls and dialect.quoting == _QUOTE_STRINGS
    )
    return Rules(
        delimiter,
        quote,
        escape,
        doublequote=bool(dialect.doublequote),
        skips_space=bool(dialect.skipinitialspace),
        strict=bool(dialect.strict),
        refuses_nul=habits.refuses_nul,
        has_nulls=knows_nulls and dialect.quoting in (_QUOTE_STRINGS, _QUOTE_NOTNULL),
        numbers=habits.numbers if has_numbers else _NO_NUMBERS,
        limit=field_size_limit,
    )


@cache
def _habits() -> _Habits:
    """Found by trial: patch releases have changed them."""
    row: list[Any] = next(
        csv.reader(["\\1"], quoting=csv.QUOTE_NONNUMERIC, escapechar="\\")
    )
    numbers = _UNQUOTED_NUMBERS if row == [1.0] else _PLAIN_NUMBERS
    nulls: dict[str, Any] = {"quoting": _QUOTE_NOTNULL}
    try:
        reads_nulls = None in next(csv.reader([","], **nulls))
    except TypeError:
        reads_nulls = False
    try:
        refuses_nul = not list(csv.reader(["\0"]))
    except csv.Error:
        refuses_nul = True
    return _Habits(numbers, reads_nulls, refuses_nul)
