"""Conditions and their index against the oracle, on events made to be awkward."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)

from chronomux._core.conditions.index import ConditionIndex
from chronomux.event import Condition
from chronomux.event import operators as op
from tests.condition_oracle import matches

NAMES = st.sampled_from(["a", "b", "c", "0"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(".".join)
SCALARS = st.sampled_from(
    [
        *(None, True, False, 0, 1, 2, 1.0, 2.5, -1, 2**53 + 1, float(2**53)),
        *(Decimal("1"), Decimal("2.5"), Fraction(5, 2), float("nan"), float("inf")),
        *("", "x", "xy", "xyz", "XY", "yx", b"x", "10.0.0.1", "10.1.2.3", "::1"),
    ]
)


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_list(value: Any) -> bool:
    return isinstance(value, list)


OPERATORS = st.sampled_from(
    [
        *(
            op.prefix("x"),
            op.prefix(""),
            op.prefix("xy"),
            op.suffix("y"),
            op.suffix(""),
        ),
        *(op.wildcard("x*z"), op.wildcard("*y*"), op.regex("y"), op.ignore_case("xy")),
        *(op.ignore_case(op.prefix("X")), op.between(0, 2), op.between(1, 2.5, "()")),
        *(op.above(1), op.above(2**53), op.below(1, inclusive=True), op.below(0.5)),
        *(op.one_of(1, "x", op.prefix("y")), op.none_of(1, "x"), op.exists()),
        *(op.absent(), op.cidr("10.0.0.0/8"), op.cidr("10.0.0.1/32"), op.cidr("::/0")),
        *(op.contains_all(1, "x"), op.whole(is_list), op.between("a", "y"), is_text),
    ]
)
SETS = st.frozensets(SCALARS, max_size=2)
WANTED = st.recursive(
    st.one_of(
        SCALARS,
        OPERATORS,
        st.lists(SCALARS | OPERATORS | SETS, max_size=3),
        SETS,
    ),
    lambda inner: st.dictionaries(PATHS, inner, max_size=2),
    max_leaves=4,
)
RULES = st.dictionaries(PATHS, WANTED, max_size=3)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=2).map(tuple),
        SETS,
        st.dictionaries(PATHS, inner, max_size=3),
        st.dictionaries(st.sampled_from("abc"), inner, max_size=2).map(
            lambda names: SimpleNamespace(**names)
        ),
    ),
    max_leaves=8,
)
EVENTS = st.dictionaries(PATHS, VALUES, max_size=4)


@given(RULES, EVENTS)
def test_a_condition_matches_what_the_oracle_does(
    rules: dict[str, Any], event: dict[str, Any]
) -> None:
    assert Condition(rules).matches(event) == matches(rules, event)


@given(st.lists(RULES, max_size=6), st.lists(EVENTS, min_size=1, max_size=4))
def test_an_index_matches_what_its_conditions_do(
    rules: list[dict[str, Any]], events: list[dict[str, Any]]
) -> None:
    index = ConditionIndex()
    for one in rules:
        index.add(Condition(one))
    index._check()
    expected = [
        [i for i, one in enumerate(rules) if matches(one, event)] for event in events
    ]
    assert index.match_many(events) == expected


@given(RULES, RULES, EVENTS)
def test_and_matches_what_both_match(
    left: dict[str, Any], right: dict[str, Any], event: dict[str, Any]
) -> None:
    both = Condition(left) & Condition(right)
    expected = matches(left, event) and matches(right, event)
    assert both.matches(event) == expected
    index = ConditionIndex()
    index.add(both)
    assert index.match(event) == [0] * expected


# Two names and two values: paths meet, and keys spell parts of other paths.
NARROW_PATHS = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(".".join)
NARROW_RULES = st.dictionaries(
    NARROW_PATHS,
    st.sampled_from([1, 2, [1, 2], op.exists(), op.absent(), op.none_of(1)]),
    min_size=1,
    max_size=3,
)
NARROW_EVENTS = st.recursive(
    st.dictionaries(NARROW_PATHS, st.sampled_from([1, 2, 3])),
    lambda inner: st.dictionaries(
        NARROW_PATHS,
        st.one_of(st.sampled_from([1, 2]), inner, st.lists(inner, max_size=3)),
        max_size=3,
    ),
    max_leaves=6,
)


@given(st.lists(NARROW_RULES, min_size=1, max_size=3), NARROW_EVENTS)
def test_dotted_keys_and_lists_of_mappings(
    rules: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    index = ConditionIndex()
    for one in rules:
        index.add(Condition(one))
    expected = [i for i, one in enumerate(rules) if matches(one, event)]
    assert index.match(event) == expected
    assert [
        i for i, one in enumerate(rules) if Condition(one).matches(event)
    ] == expected


# Few paths and values, so that postings crowd and pairs are made.
COMMON = st.dictionaries(
    st.sampled_from(["a", "b", "c.d", "c.e"]),
    st.one_of(
        st.sampled_from(["x", "y", 1]),
        st.lists(st.sampled_from(["x", "y", "z", 1, 2]), max_size=3),
        OPERATORS,
    ),
    max_size=3,
)


class Life(RuleBasedStateMachine):
    """Conditions come and go; after each step all is as the oracle says."""

    numbers = Bundle("numbers")

    def __init__(self) -> None:
        super().__init__()
        self.index = ConditionIndex()
        self.live: dict[int, dict[str, Any]] = {}

    @rule(target=numbers, rules=COMMON | RULES)
    def add(self, rules: dict[str, Any]) -> int:
        number = self.index.add(Condition(rules))
        assert number not in self.live
        self.live[number] = rules
        return number

    @rule(rules=COMMON, count=st.integers(34, 50))
    def crowd(self, rules: dict[str, Any], count: int) -> None:
        added = [self.index.add(Condition(rules)) for _ in range(count)]
        for number in added[::2]:
            self.index.remove(number)
        self.live.update(dict.fromkeys(added[1::2], rules))

    @rule(number=consumes(numbers))
    def remove(self, number: int) -> None:
        self.index.remove(number)
        del self.live[number]
        with pytest.raises(KeyError):
            self.index.remove(number)

    @rule(event=EVENTS | COMMON)
    def match(self, event: dict[str, Any]) -> None:
        expected = [i for i, rules in self.live.items() if matches(rules, event)]
        assert self.index.match(event) == sorted(expected)

    @invariant()
    def is_sound(self) -> None:
        assert len(self.index) == len(self.live)
        self.index._check()


def test_conditions_that_come_and_go() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Life, settings=settings(max_examples=8, stateful_step_count=15, deadline=None)
    )


STEPS = 100_000


class LongLife(Life):
    """Counts the steps of all runs: those that draw much are shorter than others."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        LongLife.steps -= 1  # the state before the first step is looked at as well

    @invariant()
    def is_counted(self) -> None:
        LongLife.steps += 1


@pytest.mark.deep
def test_conditions_that_come_and_go_for_long() -> None:
    """100,000 steps, in some 2,700 runs; takes about five minutes."""
    before = LongLife.steps
    long = settings(
        max_examples=100,
        stateful_step_count=50,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    for _ in range(100):
        if LongLife.steps - before >= STEPS:
            break
        run_state_machine_as_test(LongLife, settings=long)  # type: ignore[no-untyped-call]
    assert LongLife.steps - before >= STEPS
