"""SCL read the obvious way: one character after the other, one function a rule.

It is right because it says what the language's description says, in the same order: no
tables, no tokens, nothing in common with the parser but the escapes of strings.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?(?P<exponent>\d+))?")
WORD = re.compile(r"\w+")
STRING = re.compile(r'"((?:[^"\\\n]|\\[^\n])*)"')
BLANKS = " \t\n\v\f\r"


class Fault(Exception):
    """The text is not SCL, and `offset` is where that shows."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


class Reader:
    """Reads one text; `at` is how far."""

    def __init__(self, text: str, dialect: str = "scl", max_depth: int = 100) -> None:
        self.text = text
        self.escapes = {"n": "\n", "t": "\t"} if dialect == "scl" else {}
        self.max_depth = max_depth
        self.at = 0

    def here(self) -> str:
        return self.text[self.at : self.at + 1]

    def read(self) -> list[dict[str, Any]]:
        self.skip_blanks()
        found = self.statements(0, "")
        if self.at < len(self.text):
            raise Fault(self.place())
        return found

    def skip_blanks(self) -> bool:
        """Whether there were any, comments among them."""
        start = self.at
        while self.at < len(self.text):
            before = self.text[self.at - 1] if self.at else "\n"
            if self.here() in BLANKS:
                self.at += 1
            elif self.here() == "#" and before in BLANKS:
                while self.at < len(self.text) and self.here() != "\n":
                    self.at += 1
            else:
                break
        return self.at > start

    def place(self) -> int:
        """Of what should not be here: of a string without end, where its line ends."""
        if self.here() == '"' and not STRING.match(self.text, self.at):
            end = self.text.find("\n", self.at)
            return len(self.text) if end < 0 else end
        return self.at

    def statements(self, depth: int, closing: str) -> list[dict[str, Any]]:
        """Up to `closing`, or up to what cannot be one of them."""
        found: list[dict[str, Any]] = []
        while self.here() != closing:
            found.append(self.statement(depth))
            separated = self.skip_blanks()
            if self.here() != closing and not separated:
                raise Fault(self.place())
        return found

    def statement(self, depth: int) -> dict[str, Any]:
        if self.number():
            raise Fault(self.at)
        key = WORD.match(self.text, self.at)
        if not key:
            raise Fault(self.place())
        self.at = key.end()
        separated = self.skip_blanks()
        if self.here() != "=":
            raise Fault(self.at if separated else self.place())
        self.at += 1
        self.skip_blanks()
        if self.here() == "(":
            return {"key": key[0], "value": self.children(depth)}
        result = {"key": key[0], "value": self.value()}
        end = self.at
        self.skip_blanks()
        if self.here() == "(":
            result["children"] = self.children(depth)
        else:
            self.at = end
        return result

    def children(self, depth: int) -> list[dict[str, Any]]:
        if depth == self.max_depth:
            raise Fault(self.at)
        self.at += 1
        self.skip_blanks()
        found = self.statements(depth + 1, ")")
        self.at += 1
        return found

    def number(self) -> re.Match[str] | None:
        """A number here, unless a longer word begins at the same place."""
        number, word = (kind.match(self.text, self.at) for kind in (NUMBER, WORD))
        return number if number and (not word or number.end() >= word.end()) else None

    def value(self) -> str | Decimal:
        found = self.number()
        if found:
            if len((found["exponent"] or "").lstrip("0")) > 17:
                raise Fault(self.at)
            self.at = found.end()
            return Decimal(found[0])
        found = WORD.match(self.text, self.at)
        if found:
            self.at = found.end()
            return found[0]
        found = STRING.match(self.text, self.at)
        if not found:
            raise Fault(self.place())
        self.at = found.end()
        return re.sub(
            r"\\(.)", lambda c: self.escapes.get(c[1], c[1]), found[1], flags=re.S
        )


def read(text: str, dialect: str = "scl", max_depth: int = 100) -> list[dict[str, Any]]:
    """Raises Fault."""
    return Reader(text, dialect, max_depth).read()
