"""Operators on text: beginnings, ends, patterns, and case."""

from __future__ import annotations

import re
from typing import Any

from chronomux.event.operator import Operator

__all__ = ["ignore_case", "prefix", "regex", "suffix", "wildcard"]

INNER = re.compile(r"\\(.)|\*", re.DOTALL)


def checked_text(operator: Operator, text: Any) -> str:
    if not isinstance(text, str):
        name = type(operator).__name__
        raise TypeError(f"{name}() takes a str, not {type(text).__name__}: {text!r}")
    return str(text)


class prefix(Operator):
    """Text that begins with this."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = checked_text(self, text)
        self._arguments = (self._text,)

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and value.startswith(self._text)

    def hint(self) -> tuple[str, Any, bool] | None:
        return "prefix", self._text, True


class suffix(Operator):
    """Text that ends with this."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = checked_text(self, text)
        self._arguments = (self._text,)

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and value.endswith(self._text)

    def hint(self) -> tuple[str, Any, bool] | None:
        return "suffix", self._text, True


class regex(Operator):
    r"""Text in which this pattern is found (`re.search`); anchor it with \A and \Z.

    pattern: as text or compiled. `re.error` if it is none.
    """

    __slots__ = ("_search",)

    def __init__(self, pattern: str | re.Pattern[str]) -> None:
        if not isinstance(pattern, re.Pattern):
            checked_text(self, pattern)
        compiled = re.compile(pattern)
        if not isinstance(compiled.pattern, str):
            raise TypeError(
                f"regex() takes a pattern of str, not of bytes: {pattern!r}"
            )
        self._search = compiled.search
        self._arguments = (pattern,)

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and self._search(value) is not None


class wildcard(Operator):
    r"""Text as a whole, where * stands for any run of characters, also of none.

    \* is an asterisk and \\ a backslash. The part before the first * is indexed.
    """

    __slots__ = ("_match", "_start")

    def __init__(self, pattern: str) -> None:
        checked_text(self, pattern)
        parts = wildcard_parts(pattern)
        self._match = re.compile(wildcard_pattern(parts), re.DOTALL).match
        self._start = parts[0]
        self._arguments = (pattern,)

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and self._match(value) is not None

    def hint(self) -> tuple[str, Any, bool] | None:
        return ("prefix", self._start, False) if self._start else None


def wildcard_parts(pattern: str) -> list[str]:
    """The literal texts between the asterisks."""
    parts, end = [""], 0
    for found in INNER.finditer(pattern):
        parts[-1] += pattern[end : found.start()] + (found[1] or "")
        end = found.end()
        if found[1] is None:
            parts.append("")
    parts[-1] += pattern[end:]
    return parts


def wildcard_pattern(parts: list[str]) -> str:
    """A pattern in which each part is taken where it first fits.

    No other place can do better, as only the last part is tied to an end. An atomic
    group keeps `re` from trying them all, which takes for ever on many asterisks.
    """
    first, *middle, last = parts if len(parts) > 1 else (*parts, None)
    text = re.escape(first or "")
    for part in middle:
        # A lookahead is never entered again: before Python 3.11 the way to be atomic.
        number = text.count("(?=(") + 1
        text += rf"(?=(.*?{re.escape(part or '')}))\{number}"
    return text + (r"\Z" if last is None else rf".*{re.escape(last)}\Z")


class ignore_case(Operator):
    """The same without regard to case (`str.casefold`): of a text that a value must
    equal, or of a `prefix`, `suffix`, `wildcard` or `regex`."""

    __slots__ = ("_folded", "_test")

    def __init__(self, what: str | Operator) -> None:
        self._arguments = (what,)
        self._folded: str | None = None
        if isinstance(what, (prefix, suffix, wildcard)):
            self._test: Any = type(what)(what._arguments[0].casefold())
        elif isinstance(what, regex):
            pattern = re.compile(what._arguments[0])
            self._test = regex(re.compile(pattern.pattern, pattern.flags | re.I))
        else:
            self._folded = checked_text(self, what).casefold()
            self._test = self._folded.__eq__

    def __call__(self, value: Any) -> bool:
        if not isinstance(value, str):
            return False
        if isinstance(self._test, regex):
            return self._test(value)
        return bool(self._test(value.casefold()))

    def hint(self) -> tuple[str, Any, bool] | None:
        return None if self._folded is None else ("folded", self._folded, True)
