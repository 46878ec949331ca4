"""`Lexer` against PLY itself: tokens, results, and all that methods see on the way."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.lexer.ply_lexer import Rule
from chronomux.lexer import Lexer
from chronomux.lexer.masters import named
from chronomux.lexer.plan import analysed, parse
from tests.grammars import CalculatorRules, Oracle, ProgramRules, seen


class Calculator(CalculatorRules, Lexer):
    cache = False


class Program(ProgramRules, Lexer):
    cache = False


CALCULATOR = Oracle(CalculatorRules())
PROGRAM = Oracle(ProgramRules())

SUMS = st.lists(
    st.sampled_from(["1", "23", "x", "y_1", *"=+-*/()", " ", "\n", "?", "é"]),
    max_size=25,
).map("".join)
SENTENCES = [
    "a = 1 + 2;",
    "if { b = -(c); } ",
    "f(1, x, 2.5);",
    "a < 1 <= 2;",
    "x ^ y ^ 2 - 3;",
    "q!;",
    "1 ! q;",
    '"te\\"xt";',
    "/* a * # b\n */",
    "// remark\n",
    "@HEY!@",
]
WORDS = [
    *'=+-^<;(){}!,@$%*#\n" .',
    "a",
    "if",
    "ä7",
    "٣",
    "<=",
    "42",
    "1.",
    "/*",
    "*/",
    "//",
]
PROGRAMS = st.lists(st.sampled_from(SENTENCES + WORDS), max_size=25).map(" ".join)
MODES = st.sampled_from(["record", "restart", "skip", "panic"])


class Endless(Exception):
    """PLY's recovery can drop what an empty production made, and make it again."""


class Trace(list[Any]):
    """Ends a parse that goes in circles, for PLY and for us at the same event."""

    def append(self, event: Any) -> None:
        if len(self) >= 500:
            raise Endless
        super().append(event)


def outcome(of: Any, rules: Any, text: str, tracking: bool) -> Any:
    """The result and all that the methods saw, or how it ended."""
    rules.trace = Trace()
    try:
        result = of.parse(text, tracking=tracking)
    except RecursionError:
        raise
    except Exception as error:
        result = type(error).__name__
    return plain(result), plain(rules.trace)


def plain(value: Any) -> Any:
    """Tokens, which are values behind an error, as what there is to see of them."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return seen(value) if hasattr(value, "type") else value


@given(SUMS)
def test_calculator_equals_ply(text: str) -> None:
    calculator = Calculator()
    CALCULATOR.rules.names.clear()
    assert outcome(calculator, calculator, text, False) == outcome(
        CALCULATOR, CALCULATOR.rules, text, False
    )
    assert calculator.names == CALCULATOR.rules.names


@given(PROGRAMS)
def test_tokens_equal_plys(text: str) -> None:
    ours = Program()
    PROGRAM.rules.trace.clear()
    assert [seen(token) for token in ours.test(text)] == [
        seen(token) for token in PROGRAM.test(text)
    ]
    assert ours.trace == PROGRAM.rules.trace


@given(PROGRAMS, MODES, st.booleans())
def test_parse_with_errors_equals_plys(text: str, mode: str, tracking: bool) -> None:
    ours = Program(mode)
    PROGRAM.rules.mode = mode
    assert outcome(ours, ours, text, tracking) == outcome(
        PROGRAM, PROGRAM.rules, text, tracking
    )


ATOMS = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", r"\d", r"\w", r"\S", ".", "é", r"\+", "(?:ab)", "(a|b)"]
)
REPEATED = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "*?", "{0,1}"])
REGEXES = st.lists(st.tuples(ATOMS, REPEATED).map("".join), min_size=1, max_size=4)
TEXTS = st.text(st.sampled_from("aab1+_ \né"), max_size=8)


@given(REGEXES.map("".join), TEXTS)
def test_quick_ways_find_what_the_expression_finds(regex: str, text: str) -> None:
    first, runs = analysed(parse(named("t_X", regex), 0), 0)
    match = re.compile(regex).match(text)
    end = match.end() if match else -1
    if end > 0 and ord(text[0]) < 128:
        assert ord(text[0]) in first
    assert Rule(regex, None, "X", runs, 0).end_of_token(text, 0) == end


def test_modes_of_recovery_are_all_reached() -> None:
    """The comparisons above say something: errors of all kinds come up in them."""
    text = "b ! ; a = ; if { c ( } 1 < 2 < 3; /* open"
    for mode in "record", "restart", "skip", "panic":
        rules = Program(mode)
        rules.parse(text, tracking=True)
        kinds = {event[0] for event in rules.trace}
        assert {"error", "rejected"} <= kinds, (mode, kinds)
