"""Conditions written as SCL and read again are the same conditions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux.event import Condition
from chronomux.event import operators as op
from chronomux.lexer import to_scl
from chronomux.replay import scl_condition

Statement = dict[str, Any]

TEXTS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\r\v\f"), max_size=8
)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(
    allow_nan=False, allow_infinity=False
)
VALUES = TEXTS | NUMBERS
KEYS = st.from_regex(r"[a-zé_][a-z0-9_]{0,3}", fullmatch=True)
TEXT_OPERATORS = st.one_of(
    TEXTS.map(op.prefix), TEXTS.map(op.suffix), TEXTS.map(op.wildcard)
)
OPERATORS = st.one_of(
    TEXT_OPERATORS,
    TEXT_OPERATORS.map(op.ignore_case),
    TEXTS.map(op.ignore_case),
    st.builds(op.above, NUMBERS, st.booleans()),
    st.builds(op.below, NUMBERS, st.booleans()),
    st.lists(NUMBERS, min_size=2, max_size=2, unique=True)
    .map(sorted)
    .map(lambda bounds: op.between(*bounds, "[)")),
    st.lists(VALUES | TEXT_OPERATORS, max_size=3).map(lambda given: op.none_of(*given)),
    st.lists(VALUES, max_size=3).map(lambda given: op.contains_all(*given)),
    st.sampled_from([op.exists(), op.absent(), op.cidr("10.0.0.0/8")]),
)
WANTED = st.recursive(
    VALUES | OPERATORS | st.lists(VALUES | OPERATORS, min_size=1, max_size=3),
    lambda inner: st.dictionaries(KEYS, inner, min_size=1, max_size=2),
    max_leaves=4,
)
NAMES = {
    op.prefix: ["text"],
    op.suffix: ["text"],
    op.wildcard: ["pattern"],
    op.ignore_case: ["text"],
    op.above: ["bound", "inclusive"],
    op.below: ["bound", "inclusive"],
    op.between: ["low", "high", "bounds"],
    op.cidr: ["net"],
}


def statements(rules: dict[str, Any]) -> list[Statement]:
    return [
        statement(key, value)
        for key, wanted in rules.items()
        for value in (wanted if isinstance(wanted, list) else [wanted])
    ]


def statement(key: str, value: Any) -> Statement:
    """As SCLLexer.parse gives it."""
    if isinstance(value, dict):
        return {"key": key, "value": statements(value)}
    if isinstance(value, op.Operator):
        names = NAMES.get(type(value), ["value"] * len(value._arguments))
        inner = [
            statement(name, "yes" if argument is True else argument)
            for name, argument in zip(names, value._arguments, strict=False)
        ]
        return {"key": key, "value": type(value).__name__, "children": inner}
    if isinstance(value, (int, float)):
        return {"key": key, "value": Decimal(value)}
    return {"key": key, "value": value}


@given(st.dictionaries(KEYS, WANTED, max_size=3))
def test_a_condition_survives_the_way_through_scl(rules: dict[str, Any]) -> None:
    text = to_scl(statements(rules))
    assert scl_condition(text) == Condition(rules), text
