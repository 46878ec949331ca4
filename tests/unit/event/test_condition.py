"""What a condition says of an event, rule by rule."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict, namedtuple
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType, SimpleNamespace
from typing import Any

import dill
import pytest

from chronomux._core.conditions.index import ConditionIndex
from chronomux.event import Condition
from chronomux.event import operators as op
from tests.condition_oracle import matches

NAN = float("nan")
Point = namedtuple("Point", "x y")


def starts(value: Any) -> bool:
    return str(value).startswith("t")


def answer(rules: Any, event: Any) -> bool:
    """Of the condition, which must be that of the oracle and of an index."""
    condition = Condition(rules)
    index = ConditionIndex()
    index.add(condition)
    found = condition.matches(event)
    assert matches(rules, event) == found, (rules, event)
    assert (index.match(event) == [0]) == found, (rules, event)
    return found


@pytest.mark.parametrize(
    ("rules", "event", "expected"),
    [
        # Keys and paths
        ({}, {}, True),
        ({}, {"a": 1}, True),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a.b": 1}, {"a": {"b": 1}}, True),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, True),
        ({"a": {"b.c": 1}}, {"a.b": {"c": 1}}, True),
        ({"a.b": 1}, {"a.b": 1}, True),
        ({"a.b": 1}, {"a.b": 2, "a": {"b": 1}}, False),
        ({"a.b": 1}, {"a.b": 1, "a": {"b": 2}}, True),
        ({"a.b.c": 1}, {"a.b": {"c": 2}, "a": {"b.c": 1}}, False),
        ({"a.b.c": 1, "a.d": 2}, {"a.b": {"c": 1}, "a": {"d": 2, "b": 5}}, True),
        ({"a.0": 1}, {"a": [1, 2]}, False),
        ({"a.0": 1}, {"a": {"0": 1}}, True),
        ({"": 1}, {"": 1}, True),
        ({"a": {}}, {}, True),
        # Names that Python knows
        ({"items": 1}, {"items": 1}, True),
        ({"items": callable}, {"keys": 1}, False),
        ({"a.items": op.exists()}, {"a": {}}, False),
        ({"a.count": op.exists()}, {"a": "text"}, False),
        ({"a.real": op.exists()}, {"a": 1}, False),
        ({"a.x": 3}, {"a": SimpleNamespace(x=3)}, True),
        ({"a.x": op.absent()}, {"a": SimpleNamespace(y=3)}, True),
        ({"t.hour": 5}, {"t": datetime(2020, 1, 1, 5)}, True),
        ({"a.x": 3}, {"a": MappingProxyType({"x": 3})}, True),
        # Values
        ({"a": 1}, {"a": 1.0}, True),
        ({"a": Decimal("2.5")}, {"a": Fraction(5, 2)}, True),
        ({"a": 2**53 + 1}, {"a": float(2**53)}, False),
        ({"a": 1}, {"a": True}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": False}, {"a": 0}, False),
        ({"a": False}, {"a": False}, True),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {}, False),
        ({"a": ""}, {"a": ""}, True),
        ({"a": 0}, {"a": 0}, True),
        ({"a": NAN}, {"a": NAN}, False),
        ({"a": [NAN, 1]}, {"a": 1}, True),
        ({"a": "1"}, {"a": 1}, False),
        ({"a": "x"}, {"a": b"x"}, False),
        ({"a": 1}, {"a": Decimal("sNaN")}, False),
        ({"a": Decimal("sNaN")}, {"a": Decimal("sNaN")}, False),
        ({"a": Decimal("NaN")}, {"a": Decimal("NaN")}, False),
        ({"a": 10**400}, {"a": Decimal(10**400)}, True),
        ({"a": 10**400}, {"a": float("inf")}, False),
        ({"a": op.above(1e300)}, {"a": 10**400}, True),
        ({"a": op.below(float("inf"))}, {"a": 10**400}, True),
        # Lists in the condition
        ({"a": []}, {"a": []}, False),
        ({"a": ()}, {"a": None}, False),
        ({"a": {1, 2}}, {"a": 2}, True),
        ({"a": (1, "x")}, {"a": "x"}, True),
        ({"a": [[]]}, {"a": []}, True),
        ({"a": [[1, 2]]}, {"a": [1, 2]}, True),
        ({"a": [[1, 2]]}, {"a": (1, 2)}, True),
        ({"a": [[1, True]]}, {"a": [1, 1]}, False),
        ({"a": [{1, 2}]}, {"a": {2.0, 1}}, True),
        ({"a": [{1, 2}]}, {"a": {True, 2}}, False),
        ({"a": [{(1, 2)}]}, {"a": {(True, 2)}}, False),
        ({"a": [{NAN}]}, {"a": {NAN}}, False),
        ({"a": [[NAN]]}, {"a": [NAN]}, False),
        ({"a": [{"b": 1}]}, {"a": {"b": 1}}, True),
        ({"a": [{"b": 1}]}, {"a": {"b": 1, "c": 2}}, False),
        ({"a": [{"b": 1}]}, {"a": {"b": True}}, False),
        ({"a": [1, op.prefix("x"), starts]}, {"a": "total"}, True),
        # Lists in the event
        ({"a": 1}, {"a": [2, 1]}, True),
        ({"a": 1}, {"a": (2, {1})}, True),
        ({"a": 1}, {"a": [[[2], [1]]]}, True),
        ({"a": 1}, {"a": []}, False),
        ({"a": True}, {"a": [1]}, False),
        ({"a": starts}, {"a": ["x", ["t"]]}, True),
        ({"a": 3}, {"a": Point(3, 4)}, True),
        ({"a.x": 3}, {"a": Point(3, 4)}, False),
        # Lists of mappings
        ({"d": {"a": 1, "b": 2}}, {"d": [{"a": 1, "b": 2}]}, True),
        ({"d": {"a": 1, "b": 2}}, {"d": [{"a": 1}, {"b": 2}]}, False),
        ({"d.a": 1, "d.b": 2}, {"d": [{"a": 1}, {"b": 2}]}, False),
        ({"d.a": 1, "d.b": 2}, {"d": [[{"a": 1}], {"a": 1, "b": 2}]}, True),
        ({"d.a": 1}, {"d": [5, None, {"a": 1}]}, True),
        ({"d.a": 1, "d.e.f": 2}, {"d": [{"a": 1, "e": [{"f": 3}, {"f": 2}]}]}, True),
        ({"d.a": 1, "d.b": op.absent()}, {"d": [{"a": 1, "b": 2}, {"a": 1}]}, True),
        ({"d.a": 1, "d.b": op.absent()}, {"d": [{"a": 1, "b": 2}, {"c": 1}]}, False),
        # What is missing
        ({"a": op.absent()}, {}, True),
        ({"a": op.absent()}, {"a": None}, False),
        ({"a": op.absent()}, {"a": []}, False),
        ({"a": op.exists()}, {"a": []}, True),
        ({"a": op.exists()}, {"a": None}, True),
        ({"a.b": op.absent()}, {"a": 1}, True),
        ({"a.b": op.absent()}, {"a": []}, True),
        ({"a": [op.absent(), 1]}, {}, True),
        ({"a": [op.absent(), 1]}, {"a": 2}, False),
        ({"a": op.none_of(1)}, {}, False),
        ({"a": lambda value: True}, {}, False),
        ({"a": 1}, {"a": {"b": 1}}, False),
        # What sees a list as it is
        ({"a": op.whole(lambda value: len(value) == 2)}, {"a": [1, 2]}, True),
        ({"a": op.contains_all(1, op.prefix("x"))}, {"a": ["xy", 1.0]}, True),
        ({"a": op.contains_all(1, True)}, {"a": [1]}, False),
    ],
)
def test_a_condition_matches(
    rules: dict[str, Any], event: dict[str, Any], expected: bool
) -> None:
    assert answer(rules, event) == expected


def test_values_without_a_hash_fall_back_to_equality() -> None:
    class Odd(bytearray):
        pass

    assert Condition(a=bytearray(b"x")).matches({"a": bytearray(b"x")})
    assert Condition(a=b"x").matches({"a": Odd(b"x")})
    assert not Condition(a=bytearray(b"x")).matches({"a": b"y"})
    index = ConditionIndex()
    index.add(Condition(a=b"x"))
    assert index.match({"a": Odd(b"x")}) == [0]


def test_a_condition_knows_nothing_of_later_changes() -> None:
    inner = [1, [2]]
    rules: dict[str, Any] = {"a": inner, "b": {"c": inner}, "d": bytearray(b"x")}
    condition = Condition(rules)
    inner.append(5)
    rules["a"] = 7
    rules["b"]["c"] = 7
    rules["d"].append(1)
    assert condition.matches({"a": 1, "b": {"c": 5}, "d": bytearray(b"x")}) is False
    assert condition.matches({"a": 1, "b": {"c": 1}, "d": bytearray(b"x")})
    assert not condition.matches({"a": 5, "b": {"c": 1}, "d": bytearray(b"x")})


def test_what_a_condition_hands_out_is_not_what_it_asks_for() -> None:
    condition = Condition({"a": [{"b": 1}], "c": bytearray(b"x"), "d": [print, "y"]})
    same = Condition(condition)
    condition["a"][0]["b"] = 2
    condition["c"].append(1)
    assert condition == same
    assert condition.matches({"a": {"b": 1}, "c": b"x", "d": "y"})
    assert condition["d"] == (print, "y")


def test_a_condition_is_a_mapping() -> None:
    condition = Condition({"a.b": [1, 2]}, c="x")
    assert dict(condition) == {"a.b": (1, 2), "c": "x"}
    assert (len(condition), list(condition), "c" in condition) == (
        2,
        ["a.b", "c"],
        True,
    )
    both = condition & Condition({"a.b": 1})
    assert (len(both), both["c"]) == (2, "x")
    with pytest.raises(KeyError):
        both["d"]
    with pytest.raises(TypeError):
        condition["c"] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("rules", "error"),
    [
        ({5: 1}, r"5: a path is a str, not int"),
        ({"a": {"b": {None: 1}}}, r"a\.b\.None: a path is a str, not NoneType"),
        ({"a.b": {"c": iter([1])}}, r"'a\.b\.c': list_iterator can be read only once"),
        ({"a": [(x for x in "ab")]}, "'a': generator can be read only once"),
        ({"a": {(x for x in "ab")}}, "'a': generator can be read only once"),
    ],
)
def test_a_wrong_type_is_refused_with_its_path(rules: Any, error: str) -> None:
    with pytest.raises(TypeError, match=error):
        Condition(rules)


SAME = [
    (Condition({"a.b": 1}), Condition({"a": {"b": 1}})),
    (Condition({"a": [1, 2]}), Condition({"a": (2, 1.0)})),
    (Condition({"a": 1}), Condition({"a": [1]})),
    (
        Condition({"a": op.prefix("x"), "b": starts}),
        Condition(b=starts, a=op.prefix("x")),
    ),
    (Condition({"a": [[1, {"b": 2}]]}), Condition({"a": [[1, {"b": 2}]]})),
    (Condition({"a": float("nan")}), Condition({"a": float("nan")})),
]
OTHER = [
    (Condition({"a": 1}), Condition({"a": True})),
    (Condition({"a": 1}), Condition({"b": 1})),
    (Condition({"a": 1}), Condition({"a": 1, "b": 1})),
    (Condition({"a": op.prefix("x")}), Condition({"a": op.suffix("x")})),
    (Condition({"a": op.above(1)}), Condition({"a": op.above(1, inclusive=True)})),
    (Condition({"a": [[1, {"b": 2}]]}), Condition({"a": [[1, {"b": 3}]]})),
    (Condition({"a": [{1}]}), Condition({"a": [{True}]})),
    (Condition({"a": Decimal("sNaN")}), Condition({"a": Decimal("sNaN")})),
]


@pytest.mark.parametrize(("left", "right"), SAME)
def test_conditions_that_ask_the_same_are_equal(
    left: Condition, right: Condition
) -> None:
    assert left == right
    try:
        hashes = {hash(left), hash(right)}
    except TypeError:
        assert "{" in repr(left["a"])  # a dict has no hash
    else:
        assert len(hashes) == 1


@pytest.mark.parametrize(("left", "right"), OTHER)
def test_conditions_that_ask_something_else_differ(
    left: Condition, right: Condition
) -> None:
    assert left != right
    assert left != dict(left)


ROUND_TRIPS = [
    Condition(),
    Condition({"a.b": [1, "x", None, 2.5], "c": {"d": True, "e": {"f": b"x"}}}),
    Condition({"a": {3}, "b": set(), "c": [[1, [2]], {"x": 1}]}),
    Condition({"a": op.prefix("x"), "b": [op.between(1, 2, "[)"), op.cidr("::/8")]}),
    Condition({"a": [float("inf"), float("-inf"), NAN], "b": op.below(float("inf"))}),
    Condition({"a": op.none_of(op.ignore_case(op.wildcard("x*")), True)}),
    Condition({"a": 1}) & Condition({"a": op.whole(len), "b": op.exists()}),
    Condition(op.any_of_fields({"a": 1}, {"b": op.above(2)}), c=op.regex("^x")),
]


@pytest.mark.parametrize("condition", ROUND_TRIPS, ids=repr)
def test_repr_pickle_and_copy_give_the_same_condition(condition: Condition) -> None:
    names = {name: getattr(op, name) for name in op.__all__}
    assert eval(repr(condition), {**names, "Condition": Condition}) == condition
    for again in pickle.loads(pickle.dumps(condition)), copy.deepcopy(condition):
        assert again == condition
        assert repr(again) == repr(condition)


def test_repr_names_callables_by_qualified_name() -> None:
    assert (
        repr(Condition(a=[starts, len]))
        == f"Condition({{'a': [{__name__}.starts, len]}})"
    )


def test_lambdas_travel_with_dill() -> None:
    condition = dill.loads(dill.dumps(Condition(a=lambda value: value > 3)))
    assert condition.matches({"a": 4})
    assert not condition.matches({"a": 2})


def test_and_asks_each_for_itself() -> None:
    both = Condition({"d": {"a": 1}}) & Condition({"d": {"b": 2}})
    assert both.matches({"d": [{"a": 1}, {"b": 2}]})
    assert not Condition({"d": {"a": 1, "b": 2}}).matches({"d": [{"a": 1}, {"b": 2}]})
    assert Condition(a=1) & Condition(b=2) == Condition(a=1, b=2)
    with pytest.raises(TypeError):
        Condition(a=1) & {"b": 2}


def test_a_list_that_holds_itself_ends_in_a_recursion_error() -> None:
    ring: list[Any] = []
    ring.append(ring)
    index = ConditionIndex()
    index.add(Condition(a=1))
    for match in Condition(a=1).matches, Condition({"a.b": 1}).matches, index.match:
        with pytest.raises(RecursionError):
            match({"a": ring})
    assert index.match({"a": 1}) == [0]


def test_exceptions_of_predicates_pass_through() -> None:
    with pytest.raises(AttributeError):
        Condition(a=lambda value: value.startswith("x")).matches({"a": 5})


def test_a_property_that_fails_is_missing() -> None:
    class Broken:
        @property
        def x(self) -> int:
            raise ValueError("no")

    assert answer({"a.y": op.absent()}, {"a": Broken()})
    assert Condition({"a.x": op.absent()}).matches({"a": Broken()})


def test_any_mapping_is_searched() -> None:
    assert answer({"a.b": 1}, OrderedDict(a=MappingProxyType({"b": 1})))
