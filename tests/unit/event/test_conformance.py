"""Cases of other engines: event-ruler's and quamina's, and the documented usage."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chronomux._core.conditions.index import ConditionIndex
from chronomux.event import Condition
from chronomux.event import operators as op
from tests.condition_oracle import matches

DIALECT = {
    # I-Regexp writes a category as ~p{L}; in Python \w and \s are the nearest.
    "[~p{L}~p{Zs}~p{Nd}]*": r"\A[\w\s]*\Z",
}
# Where our answer is the other one, and the rule that decides so.
DISAGREEMENTS = {
    # name is "c": keys are ANDed, so it must also be one of "a" and "b". event-ruler
    # lets what $or says of a key take the place of what stands beside it.
    "opera-160": "keys are ANDed",
}
LAMBDA = "<lambda x: x.startswith('test')>"


def cases(conformance: Path, name: str) -> Iterator[dict[str, Any]]:
    with open(conformance / "conditions" / name, encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def translated(pattern: dict[str, Any]) -> Condition:
    """An EventBridge pattern; one with $or below a key becomes an OR of conditions."""
    rules: dict[str, Any] = {}
    either = None
    for key, value in pattern.items():
        if key == "$or":
            either = op.any_of_fields(*map(translated, value))
        elif isinstance(value, dict):
            rules[key] = translated(value)
        else:
            rules[key] = [alternative(one) for one in value]
    condition = Condition(rules)
    return condition if either is None else condition & Condition(either)


def alternative(one: Any) -> Any:
    if not isinstance(one, dict):
        return one
    ((name, what),) = one.items()
    return TRANSLATIONS[name](what)


def numeric(limits: list[Any]) -> Any:
    if limits[0] == "=":
        return limits[1]
    bounds = dict(zip(limits[::2], limits[1::2], strict=True))
    low = next((sign for sign in (">", ">=") if sign in bounds), None)
    high = next((sign for sign in ("<", "<=") if sign in bounds), None)
    if low and high:
        brackets = ("[" if low == ">=" else "(") + ("]" if high == "<=" else ")")
        return op.between(bounds[low], bounds[high], brackets)
    if low:
        return op.above(bounds[low], inclusive=low == ">=")
    assert high
    return op.below(bounds[high], inclusive=high == "<=")


def text(kind: Any) -> Any:
    def make(what: Any) -> Any:
        if isinstance(what, dict):
            return op.ignore_case(kind(what["equals-ignore-case"]))
        return kind(what)

    return make


def anything_but(what: Any) -> Any:
    if isinstance(what, dict):
        ((name, inner),) = what.items()
        inner = inner if isinstance(inner, list) else [inner]
        return op.none_of(*(TRANSLATIONS[name](one) for one in inner))
    return op.none_of(*(what if isinstance(what, list) else [what]))


TRANSLATIONS: dict[str, Any] = {
    "exists": lambda what: op.exists() if what else op.absent(),
    "prefix": text(op.prefix),
    "suffix": text(op.suffix),
    "wildcard": op.wildcard,
    "shellstyle": op.wildcard,
    "equals-ignore-case": op.ignore_case,
    "cidr": op.cidr,
    "numeric": numeric,
    "anything-but": anything_but,
    "regexp": lambda what: op.regex(DIALECT.get(what, rf"\A(?:{what})\Z")),
}


def answers(condition: Condition, event: Any) -> tuple[bool, bool]:
    """Of the condition itself, and of an index that holds it among others."""
    index = ConditionIndex()
    index.add(Condition({"other": 1}))
    number = index.add(condition)
    return condition.matches(event), number in index.match(event)


@pytest.mark.parametrize(("name", "count"), [("plain", 193), ("operators", 183)])
def test_cases_of_other_engines(conformance: Path, name: str, count: int) -> None:
    seen, wrong = 0, set()
    for case in cases(conformance, f"{name}.jsonl"):
        seen += 1
        condition = translated(case["pattern"])
        expected = case["match"] != (case["id"] in DISAGREEMENTS)
        if answers(condition, case["event"]) != (expected, expected):
            wrong.add(case["id"])
    assert not wrong
    assert seen >= count


def test_cases_on_which_the_engines_disagree(conformance: Path) -> None:
    """Each decided by a rule of ours: a key with dots counts as the path it spells;
    `absent` holds if one mapping of a list lacks the path; a path with dots is one."""
    wrong = [
        case["id"]
        for case in cases(conformance, "engines_disagree.jsonl")
        if answers(translated(case["pattern"]), case["event"]) != (case["match"],) * 2
    ]
    assert wrong == []


def test_cases_of_the_documentation(conformance: Path) -> None:
    for case in cases(conformance, "documented.jsonl"):
        rules = {
            path: (lambda x: x.startswith("test")) if value == LAMBDA else value
            for path, value in case["condition"].items()
        }
        expected = (case["match"],) * 2
        assert answers(Condition(rules), case["event"]) == expected, case
        assert matches(rules, case["event"]) == case["match"], case


def test_the_oracle_agrees_on_plain_cases(conformance: Path) -> None:
    for case in cases(conformance, "plain.jsonl"):
        assert matches(case["pattern"], case["event"]) == case["match"], case
