"""A PLY grammar as it stands in a class: read off, checked, and hashed."""

from __future__ import annotations

import hashlib
import re
import sys
from types import FunctionType, MethodType

from chronomux.errors import GrammarError
from chronomux.lexer.docstrings import docstring, regex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

__all__ = ["PLY_VERSION", "Grammar"]

PLY_VERSION = "3.11"  # the one whose tables we know; tables are bound to it
FORMAT = 1  # of Tables: others are not read any more once it is raised


class Grammar:
    """The attributes of `owner`, a class, that PLY would look at.

    tokens, literals, states, precedence, start, reflags: as PLY has them, without
        the variety that it allows.
    token_rules: the attributes t_..., as (name, text or None, expression or None,
        line): a string has a text, a method for tokens an expression.
    rules: (method, head, symbols, file, line) for each production, by line.
    digest: SHA-256, in hex, of all that and of the version of PLY; of lines only their
        order is part of it, the name of the class and files are not.

    GrammarError says what of it PLY cannot use.
    """

    def __init__(self, owner: type) -> None:
        self.owner = owner
        self.tokens = self._names("tokens", required=True)
        self.literals = "".join(self._names("literals"))
        self.states = self._states()
        self.precedence = self._precedence()
        self.start = self._text("start")
        self.reflags = int(getattr(owner, "reflags", re.VERBOSE))
        self.token_rules = tuple(self._token_rules())
        self.rules = tuple(self._rules())
        self._check_symbols()
        self.digest = self._digest()

    def refuse(self, what: str) -> NoReturn:
        raise GrammarError(f"{self.owner.__module__}.{self.owner.__qualname__}: {what}")

    def attribute(self, name: str) -> Any:
        """As it stands in the class, unbound; None if nothing of that name does."""
        for base in self.owner.__mro__:
            if name in vars(base):
                return vars(base)[name]
        return None

    def function(self, name: str, value: Any) -> FunctionType:
        """The function of a method that takes one argument beside its `self`."""
        bound = getattr(self.owner, name)
        found = bound.__func__ if isinstance(bound, MethodType) else bound
        if not isinstance(found, FunctionType):
            self.refuse(f"{name} must be a method, not {value!r}")
        wanted = 1 if isinstance(value, staticmethod) else 2
        if found.__code__.co_argcount != wanted:
            kind = "token" if name.startswith("t_") else "production"
            self.refuse(
                f"{place(found)}: {name} must take one argument, the {kind}"
                + (", beside self" if wanted == 2 else "")
            )
        return found

    def _text(self, name: str) -> str | None:
        value = getattr(self.owner, name, None)
        if value is not None and not isinstance(value, str):
            self.refuse(f"{name} must be a string, not {value!r}")
        return value

    def _names(self, name: str, required: bool = False) -> tuple[str, ...]:
        value = getattr(self.owner, name, None) or ()
        if required and not value:
            self.refuse(f"it has no {name}: list them in the body of the class")
        if not isinstance(value, (list, tuple, str)) or (
            required and isinstance(value, str)
        ):
            self.refuse(f"{name} must be a list or tuple of strings, not {value!r}")
        for item in value:
            if not isinstance(item, str):
                self.refuse(f"{name} must be strings, not {item!r}")
            if name == "literals" and len(item) != 1:
                self.refuse(f"the literal {item!r} must be a single character")
        return tuple(dict.fromkeys(value))

    def _states(self) -> dict[str, str]:
        states = {"INITIAL": "inclusive"}
        declared = getattr(self.owner, "states", None) or ()
        if not isinstance(declared, (list, tuple)):
            self.refuse(f"states must be a list or tuple of pairs, not {declared!r}")
        for state in declared:
            if not (
                isinstance(state, tuple)
                and len(state) == 2
                and isinstance(state[0], str)
                and state[1] in ("inclusive", "exclusive")
            ):
                self.refuse(
                    "a state is a pair (name, 'inclusive' or 'exclusive'), not "
                    f"{state!r}"
                )
            if state[0] in states:
                self.refuse(f"state {state[0]!r} is declared twice")
            states[state[0]] = state[1]
        return states

    def _precedence(self) -> tuple[tuple[str, ...], ...]:
        declared = getattr(self.owner, "precedence", None) or ()
        if not isinstance(declared, (list, tuple)):
            self.refuse(f"precedence must be a list or tuple, not {declared!r}")
        for level in declared:
            if not (
                isinstance(level, (list, tuple))
                and len(level) >= 2
                and all(isinstance(word, str) for word in level)
            ):
                self.refuse(
                    "a level of precedence is ('left', 'right' or 'nonassoc', token, "
                    f"...), not {level!r}"
                )
        return tuple(tuple(level) for level in declared)

    def _token_rules(self) -> Iterator[tuple[str, str | None, str | None, int]]:
        """In the order of dir(), as PLY finds them."""
        for name in dir(self.owner):
            if not name.startswith("t_"):
                continue
            value = self.attribute(name)
            if isinstance(value, str):
                yield name, value, None, 0
            else:
                found = self.function(name, value)
                yield name, None, regex(found), found.__code__.co_firstlineno

    def _rules(self) -> Iterator[tuple[str, str, tuple[str, ...], str, int]]:
        methods = []
        for name in dir(self.owner):
            if name.startswith("p_"):
                found = self.function(name, self.attribute(name))
                if name != "p_error":
                    line = found.__code__.co_firstlineno
                    methods.append((line, found.__module__, name, found))
        for line, _, name, found in sorted(methods, key=lambda method: method[:3]):
            file = found.__code__.co_filename
            for head, symbols, where in self._productions(found, file, line):
                yield name, head, symbols, file, where

    def _productions(
        self, method: FunctionType, file: str, line: int
    ) -> Iterator[tuple[str, tuple[str, ...], int]]:
        """The productions of a docstring: `head : symbols`, then `| symbols`."""
        head = ""
        for number, text in enumerate((docstring(method) or "").splitlines(), line + 1):
            words = text.split()
            if not words:
                continue
            if words[0] == "|" and head:
                yield head, tuple(words[1:]), number
            elif len(words) > 1 and words[1] in (":", "::="):
                head = words[0]
                yield head, tuple(words[2:]), number
            else:
                self.refuse(
                    f"{file}:{number}: a rule reads 'head : symbols' or, after "
                    f"one, '| symbols', not {text.strip()!r}"
                )

    def _check_symbols(self) -> None:
        for token in self.tokens:
            if not re.fullmatch("[a-zA-Z0-9_]+", token):
                self.refuse(f"bad name {token!r} of a token")
        if "error" in self.tokens:
            self.refuse("no token may be named 'error': that word is PLY's own")
        if not self.rules and not self.token_rules:
            self.refuse(
                "it has no rules t_... or p_... with a docstring"
                + (
                    ", and python -OO has dropped the docstrings"
                    if sys.flags.optimize > 1
                    else ""
                )
            )

    def _digest(self) -> str:
        lines = {line for *_, line in self.rules}
        ranks = {line: rank for rank, line in enumerate(sorted(lines))}
        content = (
            FORMAT,
            PLY_VERSION,
            self.tokens,
            self.literals,
            tuple(self.states.items()),
            self.precedence,
            self.start,
            self.reflags,
            tuple(
                (name, text, expression and unindented(expression))
                for name, text, expression, _ in sorted(
                    self.token_rules, key=lambda rule: rule[3]
                )
            ),
            tuple((*rule[:3], ranks[rule[4]]) for rule in self.rules),
        )
        return hashlib.sha256(repr(content).encode()).hexdigest()


def unindented(docstring: str) -> str:
    """As Python 3.13 and later have it, nearly: the digest is that of any Python."""
    return "\n".join(line.strip() for line in docstring.strip().splitlines())


def place(function: FunctionType) -> str:
    code = function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"
