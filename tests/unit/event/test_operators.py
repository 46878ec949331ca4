"""Operators as the callables they are, and what they refuse to be made of."""

from __future__ import annotations

import datetime
import pickle
import random
import re
import time
from decimal import Decimal
from typing import Any

import pytest

from chronomux._core.conditions.index import ConditionIndex
from chronomux.event import Condition
from chronomux.event import operators as op

CASES: list[tuple[op.Operator, list[Any], list[Any]]] = [
    (op.prefix("te"), ["te", "test"], ["Te", "", None, 5, b"test", ["test"]]),
    (op.prefix(""), ["", "x"], [None, 0]),
    (op.suffix("st"), ["st", "test"], ["tes", b"test"]),
    (op.wildcard("a*b"), ["ab", "axxb", "a\nb"], ["abc", "xab", "a"]),
    (op.wildcard("*"), ["", "x"], [5]),
    (op.wildcard("a"), ["a"], ["ab", ""]),
    (op.wildcard(r"\*\\*"), ["*\\", "*\\x"], ["x\\"]),
    (op.wildcard("*a*a"), ["aa", "xaya"], ["a", "xa"]),
    (op.wildcard("%s.?"), ["%s.?"], ["%sx?"]),
    (op.regex("b+"), ["abbc", "b"], ["ac", 5]),
    (op.regex(re.compile(r"\Ax", re.I)), ["Xy"], ["yx"]),
    (op.ignore_case("Straße"), ["STRASSE", "straße"], ["strase", None]),
    (op.ignore_case(op.prefix("AB")), ["abc"], ["bab"]),
    (op.ignore_case(op.suffix("ab")), ["xAB"], ["abx"]),
    (op.ignore_case(op.wildcard("A*C")), ["abc"], ["abcd"]),
    (op.ignore_case(op.regex("^ab")), ["ABc"], ["cab"]),
    (op.between(1, 3), [1, 2, 3, 2.5, Decimal("1.0")], [0, 4, "2", None, True]),
    (op.between(1, 3, "()"), [2], [1, 3]),
    (op.between(1, 3, "[)"), [1], [3]),
    (op.between("a", "c"), ["a", "b"], ["d", 1]),
    (op.above(0), [1, 0.1, float("inf")], [0, -1, float("nan"), "1", True]),
    (op.above(0, inclusive=True), [0], [-1]),
    (op.above(2**53), [2**53 + 1], [2**53, float(2**53)]),
    (op.below(0), [-1, float("-inf")], [0, None, [-1]]),
    (
        op.below(datetime.datetime(2020, 1, 1)),
        [datetime.datetime(2019, 1, 1)],
        [datetime.datetime(2021, 1, 1), 5],
    ),
    (op.one_of(1, "x", op.prefix("y")), [1.0, "x", "yy"], [True, "z", None]),
    (op.one_of(), [], [1, None]),
    (op.none_of(1, op.prefix("x")), [True, "y", None], [1, "xy"]),
    (op.none_of(), [1, None], []),
    (op.exists(), [None, "", []], []),
    (op.absent(), [], [None, 1]),
    (op.cidr("10.1.2.3/8"), ["10.0.0.0", "10.255.0.1"], ["11.0.0.1", "10.1", 5, ""]),
    (op.cidr("2001:db8::/32"), ["2001:db8::1"], ["2001:db9::1", "10.0.0.1", "::1%1"]),
    (op.cidr("0.0.0.0/0"), ["1.2.3.4"], ["::1", "1.2.3.04"]),
    (op.contains_all("a", "b"), [["b", "a", "c"], {"a", "b"}], [["a"], "ab", None]),
    (op.contains_all(), [[], 1], []),
    (op.one_of([float("inf"), 1], 2), [2, [[float("inf"), 1]]], [float("inf"), 1]),
    (op.whole(bool), [[0], "x"], [[], ""]),
    (op.any_of_fields({"a": 1}, {"b": 2}), [{"a": 1}, {"b": [2]}], [{"a": 2}, 5]),
]


@pytest.mark.parametrize(("operator", "yes", "no"), CASES, ids=lambda case: str(case))
def test_an_operator_is_a_callable_and_a_value(
    operator: op.Operator, yes: list[Any], no: list[Any]
) -> None:
    for value in yes:
        assert operator(value) is True, value
    for value in no:
        assert operator(value) is False, value
    again = pickle.loads(pickle.dumps(operator))
    assert again == operator
    assert hash(again) == hash(operator)
    names = {name: getattr(op, name) for name in op.__all__}
    shown = repr(operator)
    assert (
        eval(shown, {**names, "Condition": Condition, "re": re, "datetime": datetime})
        == operator
    )


@pytest.mark.parametrize(("operator", "yes", "no"), CASES, ids=lambda case: str(case))
def test_an_operator_in_an_index_does_as_in_a_condition(
    operator: op.Operator, yes: list[Any], no: list[Any]
) -> None:
    index = ConditionIndex()
    condition = Condition(a=operator)
    for _ in range(3):
        index.add(condition)
    for value in [*yes, *no]:
        expected = [0, 1, 2] if condition.matches({"a": value}) else []
        assert index.match({"a": value}) == expected, value
    index.remove(1)
    index._check()
    for number in 0, 2:
        index.remove(number)
    index._check()


@pytest.mark.parametrize(
    ("make", "error"),
    [
        *((lambda kind=kind: kind(5), TypeError) for kind in (op.prefix, op.suffix)),
        (lambda: op.prefix(b"x"), TypeError),  # type: ignore[arg-type]
        (lambda: op.wildcard(None), TypeError),  # type: ignore[arg-type]
        (lambda: op.regex("("), re.error),
        (lambda: op.regex(5), TypeError),  # type: ignore[arg-type]
        (lambda: op.regex(re.compile(b"x")), TypeError),  # type: ignore[arg-type]
        (lambda: op.ignore_case(op.above(1)), TypeError),
        (lambda: op.between(3, 1), ValueError),
        (lambda: op.between(1, 1, "[)"), ValueError),
        (lambda: op.between(1, 2, "x"), ValueError),
        (lambda: op.between(1, "x"), TypeError),
        (lambda: op.above(None), TypeError),
        (lambda: op.above(True), TypeError),
        (lambda: op.above(1j), TypeError),
        (lambda: op.below(float("nan")), ValueError),
        (lambda: op.below(object()), TypeError),
        (lambda: op.cidr("10.0.0.0/33"), ValueError),
        (lambda: op.cidr(10), TypeError),  # type: ignore[arg-type]
        (lambda: op.whole("x"), TypeError),  # type: ignore[arg-type]
        (lambda: op.any_of_fields(5), TypeError),  # type: ignore[arg-type]
        (lambda: op.one_of(iter([1])), TypeError),
    ],
)
def test_a_wrong_argument_is_refused_when_the_operator_is_made(
    make: Any, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value)


def test_many_asterisks_do_not_take_for_ever() -> None:
    start = time.process_time()
    assert not op.wildcard("*a" * 30 + "b")("a" * 2_000)
    assert time.process_time() - start < 10  # it would be longer than the universe


def test_ranges_are_found_among_thousands() -> None:
    index = ConditionIndex()
    for i in range(3000):
        index.add(Condition(a=op.between(i, i + 2, "[)")))
    for value, expected in (10, [9, 10]), (0.5, [0]), (2999.5, [2998, 2999]), (-1, []):
        assert index.match({"a": value}) == expected
    for i in range(0, 3000, 2):
        index.remove(i)
    index._check()
    assert index.match({"a": 10}) == [9]
    assert index.match({"a": Decimal("10.5")}) == [9]


def test_ranges_with_bounds_in_common_come_and_go() -> None:
    rng = random.Random(7)
    index, live = ConditionIndex(), dict[int, op.Operator]()
    for _ in range(1_500):
        low, high = rng.choice([0, 1, 2]), rng.randint(3, 400)
        kind = rng.choice([op.below, op.above, op.between])
        operator = kind(high) if kind is not op.between else kind(low, high, "[)")
        live[index.add(Condition(a=operator))] = operator
        if rng.random() < 0.4:
            gone = rng.choice(list(live))
            index.remove(gone)
            del live[gone]
    index._check()
    for value in -1, 0, 2.5, 3, 200, 399.5, 400, 10**400:
        expected = [number for number, holds in live.items() if holds(value)]
        assert index.match({"a": value}) == expected, value


def test_a_rule_comes_and_goes_in_time_however_many_ranges_there_are() -> None:
    """All begin at the same place, and most are younger than the last ordering."""
    index = ConditionIndex()
    numbers = [index.add(Condition(a=op.below(i))) for i in range(20_000)]
    start = time.process_time()
    for number in reversed(numbers):
        index.remove(number)
    assert time.process_time() - start < 15  # by search in lists: a minute
    assert len(index) == 0


def test_a_rule_with_a_long_list_is_added_in_time() -> None:
    index = ConditionIndex()
    start = time.process_time()
    index.add(Condition(a=[*range(60_000), *range(60_000)]))
    assert time.process_time() - start < 15  # by search in lists: a minute
    assert index.match({"a": 59_999}) == [0]
