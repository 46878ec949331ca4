"""What PLY cannot use of a grammar is said when an object is made, with the place."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from chronomux.errors import GrammarError
from chronomux.lexer import Lexer
from chronomux.lexer.grammar import Grammar


def rule(docstring: str | None) -> Any:
    def method(self: Any, p: Any) -> None:
        pass

    method.__doc__ = docstring
    return method


def grammar(**attributes: Any) -> type[Lexer]:
    given = {
        "cache": False,
        "tokens": ("A", "B"),
        "t_A": "a",
        "t_B": "b",
        "p_start": rule("start : A B"),
        **attributes,
    }
    rules = {name: value for name, value in given.items() if value is not None}
    return type("Broken", (Lexer,), rules)


def two_arguments(self: Any, p: Any, q: Any) -> None:
    "start : A"


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"tokens": None}, "it has no tokens: list them"),
        ({"tokens": "AB"}, "tokens must be a list or tuple of strings"),
        ({"tokens": ("A", 2)}, "tokens must be strings, not 2"),
        ({"tokens": ("A", "B", "x y")}, "bad name 'x y' of a token"),
        ({"tokens": ("A", "B", "error")}, "that word is PLY's own"),
        ({"literals": ["++"]}, "'\\+\\+' must be a single character"),
        ({"literals": 5}, "literals must be a list or tuple"),
        ({"states": "x"}, "states must be a list or tuple of pairs"),
        ({"states": [("x", "other")]}, "a state is a pair"),
        ({"states": [("x", "exclusive")] * 2}, "'x' is declared twice"),
        ({"states": [("x", "exclusive")]}, "no rules for the lexer's state 'x'"),
        ({"precedence": "left"}, "precedence must be a list or tuple"),
        ({"precedence": [("left",)]}, "a level of precedence is"),
        ({"precedence": [("up", "A")]}, "Associativity must be one of"),
        ({"precedence": [("left", "A"), ("left", "A")]}, "already specified"),
        ({"precedence": [("left", "C")]}, "precedence names 'C'"),
        ({"start": 5}, "start must be a string"),
        ({"start": "other"}, "start symbol other undefined"),
        ({"t_A": "a("}, "the expression of t_A is wrong: .*unterminated"),
        ({"t_A": "a*"}, "the expression of t_A matches the empty string"),
        ({"t_C": "c"}, "t_C is a rule for C, which is not in tokens"),
        ({"t_ignore": rule("x")}, "t_ignore must be a string"),
        ({"t_error": "x"}, "t_error must be a method"),
        ({"t_A": rule(None)}, "t_A has no docstring with a regular expression"),
        ({"t_A": 5}, "t_A must be a method, not 5"),
        ({"p_start": 5}, "p_start must be a method, not 5"),
        ({"p_start": two_arguments}, r"grammar.py:\d+: p_start must take one argument"),
        ({"p_error": two_arguments}, "p_error must take one argument"),
        ({"p_start": rule("start A B")}, r"grammar.py:\d+: a rule reads 'head : sym"),
        ({"p_start": rule("| A")}, "a rule reads 'head : symbols'"),
        ({"p_start": rule("start : C")}, r"grammar.py:\d+: 'C' is neither a token nor"),
        ({"p_start": rule("start : start A")}, "'start' never ends"),
        ({"p_start": rule("A : B")}, "Illegal rule name 'A'"),
        ({"p_start": rule("start : A\n| A")}, "Duplicate rule"),
        ({"p_start": rule("start : 'ab'")}, "may only be a single character"),
        ({"p_start": rule("start : A %prec C")}, "about the precedence of 'C'"),
        (
            {"p_start": None, "t_A": None, "t_B": None},
            r"it has no rules t_\.\.\. or p_\.\.\.",
        ),
    ],
)
def test_grammar_that_cannot_be_used_is_refused(
    attributes: dict[str, Any], message: str
) -> None:
    with pytest.raises(GrammarError, match=message) as caught:
        grammar(**attributes)()
    assert "Broken" in str(caught.value)


def test_conflicts_are_logged_with_what_is_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cls = grammar(p_start=rule("start : start B start\n| A"))
    with caplog.at_level(logging.WARNING, "chronomux"):
        cls()
    assert (
        "Broken: shift/reduce conflict for B in state 4: shift is taken" in caplog.text
    )


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    grammar(tokens=("A", "B", "UNUSED"), p_other=rule("other : A"))()
    assert capfd.readouterr() == ("", "")


def test_static_and_class_methods_are_rules_as_well() -> None:
    class Static(Lexer):
        cache = False
        tokens = ("A",)

        @staticmethod
        def t_A(t: Any) -> Any:
            "a"
            return t

        @classmethod
        def p_start(cls, p: Any) -> None:
            "start : A"
            p[0] = cls.__name__

    assert Static().parse("a") == "Static"


def test_digest_follows_the_grammar_and_nothing_else() -> None:
    digests = {
        name: Grammar(cls).digest
        for name, cls in {
            "base": grammar(),
            "same": grammar(unrelated=5, p_error=rule(None)),
            "tokens": grammar(tokens=("A", "B", "C")),
            "regex": grammar(t_A="aa"),
            "rule": grammar(p_start=rule("start : A")),
            "literals": grammar(literals="+"),
            "reflags": grammar(reflags=0),
            "precedence": grammar(precedence=[("left", "A")]),
        }.items()
    }
    assert digests["base"] == digests["same"]
    assert len(set(digests.values())) == len(digests) - 1


def test_object_without_the_constructor_works_all_the_same() -> None:
    class Own(grammar()):  # type: ignore[misc]
        def __init__(self, word: str) -> None:
            self.word = word

        def p_start(self, p: Any) -> None:
            "start : A B"
            p[0] = self.word

    assert Own("x").parse("ab") == "x"
