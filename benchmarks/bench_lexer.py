"""`Lexer` beside PLY, whose tables and methods it runs: the calculator of its manual.

Half of the time that is left goes into the grammar's own methods, which are Python in
both.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from ply import lex, yacc

from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from benchmarks.reference.calculator import CalculatorRules
from chronomux.lexer import Lexer


class Calculator(CalculatorRules, Lexer):
    cache = False


def ply_calculator() -> tuple[Any, Any]:
    """PLY's own lexer and parser of the same methods."""
    rules, silent = CalculatorRules(), yacc.NullLogger()
    parser = yacc.yacc(module=rules, write_tables=False, debug=False, errorlog=silent)
    return lex.lex(module=rules, optimize=True, lextab="", errorlog=silent), parser


def expression(chance: random.Random, depth: int = 0) -> str:
    """About ten numbers and names, with operators and parentheses."""
    kind = chance.random()
    if depth > 3 or kind < 0.3:
        return chance.choice(["x", str(chance.randrange(10_000))])
    if kind < 0.4:
        return f"-{expression(chance, depth + 1)}"
    if kind < 0.5:
        return f"({expression(chance, depth + 1)})"
    left, right = expression(chance, depth + 1), expression(chance, depth + 1)
    return f"{left} {chance.choice('+-*/')} {right}"


@pytest.fixture
def texts(scale: Scale) -> list[str]:
    chance = random.Random(20_261_123)
    return [expression(chance) for _ in range(scale(quick=2_000, full=20_000))]


def test_calculator(contest: Contest, texts: list[str]) -> None:
    calculator = Calculator()
    lexer, parser = ply_calculator()

    def ours() -> list[Any]:
        return [calculator.parse(text) for text in texts]

    def plys() -> list[Any]:
        return [parser.parse(text, lexer=lexer) for text in texts]

    assert ours() == plys()
    contest("calculator", ours, peers={"PLY": plys}, items=len(texts))


def test_tokens_of_the_calculator(contest: Contest, texts: list[str]) -> None:
    text = "\n".join(texts)
    ours = Calculator().lexer
    plys, _ = ply_calculator()

    def count(lexer: Any) -> int:
        lexer.input(text)
        return sum(1 for _ in lexer)

    tokens = count(ours)
    assert tokens == count(plys)
    contest(
        "calculator, tokens",
        lambda: count(ours),
        peers={"PLY": lambda: count(plys)},
        items=tokens,
    )
