"""Other readers of SCL, for those that are installed; each gives what ours gives."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

try:
    import lark
except ImportError:
    lark = None
try:
    import lark_cython
except ImportError:
    lark_cython = None
try:
    import pyparsing
except ImportError:
    pyparsing = None

Read = Callable[[str], Any]

NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?!\w)"
GRAMMAR = rf"""
text: statement*
statement: KEYWORD "=" (value children? | children)
?value: NUMBER | STRING | KEYWORD
children: "(" statement* ")"
NUMBER.2: /{NUMBER}/
STRING: /"(?:[^"\\]|\\.)*"/
KEYWORD: /\w+/
%ignore /[ \t\n]+/
"""


def pair(key: str, value: Any, children: Any = None) -> dict[str, Any]:
    if children is None:
        return {"key": key, "value": value}
    return {"key": key, "value": value, "children": children}


def string(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted[1:-1])


def lark_reader(plugins: Any = None) -> Read | None:
    if lark is None:
        return None

    class Results(lark.Transformer):  # type: ignore[misc, name-defined]
        text = children = staticmethod(list)
        NUMBER = staticmethod(lambda token: Decimal(token.value))
        STRING = staticmethod(lambda token: string(token.value))
        KEYWORD = staticmethod(lambda token: token.value)

        def statement(self, parts: list[Any]) -> dict[str, Any]:
            return pair(*parts)

    return lark.Lark(  # type: ignore[no-any-return]
        GRAMMAR,
        start="text",
        parser="lalr",
        transformer=Results(),
        _plugins=plugins or {},
    ).parse


def lark_cython_reader() -> Read | None:
    return lark_reader(lark_cython.plugins) if lark_cython else None


def pyparsing_reader() -> Read | None:
    if pyparsing is None:
        return None
    p = pyparsing
    statement = p.Forward()
    word = p.Regex(r"\w+")
    number = p.Regex(NUMBER).set_parse_action(lambda t: Decimal(t[0]))
    quoted = p.Regex(r'"(?:[^"\\]|\\.)*"').set_parse_action(lambda t: string(t[0]))
    below = p.Suppress("(") + p.Group(statement[...], aslist=True) + p.Suppress(")")
    value = (number | quoted | word) + p.Optional(below) | below
    statement <<= (word + p.Suppress("=") + value).set_parse_action(lambda t: pair(*t))
    text = statement[...]
    return lambda line: text.parse_string(line, parse_all=True).as_list()
