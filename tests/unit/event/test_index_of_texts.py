"""Texts in the index of conditions, beside values that are nearly texts."""

from __future__ import annotations

import enum
import random
from typing import Any

import pytest

from chronomux._core.conditions.index import ConditionIndex
from chronomux.event import Condition


class Word(str):
    """Equal to its text, with its hash."""


class Shout(str):
    """Equal to its text, but with a hash of its own: dicts do not find it."""

    __slots__ = ()

    def __hash__(self) -> int:
        return str.__hash__(self) ^ 1

    def __eq__(self, other: object) -> bool:
        return str.__eq__(self, other)  # type: ignore[arg-type]


class Color(str, enum.Enum):
    RED = "red"


class Alike:
    """No str at all, and equal to one."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return other == self.text


NEARLY = [
    *("red", "RED", Word("red"), Shout("red"), Color.RED, Alike("red")),
    *(b"red", 1, None, "", Word("")),
]


@pytest.mark.parametrize("first", NEARLY, ids=repr)
def test_the_index_takes_for_equal_what_the_condition_does(first: Any) -> None:
    for second in NEARLY:
        conditions = [Condition(a=first), Condition(a=second), Condition(b=first)]
        index = ConditionIndex()
        for condition in conditions:
            index.add(condition)
        index._check()
        for value in NEARLY:
            event = {"a": value, "b": [value]}
            expected = [i for i, one in enumerate(conditions) if one.matches(event)]
            assert index.match(event) == expected, (first, second, value)
        index.remove(0)
        index._check()
        for value in NEARLY:
            expected = [1] if conditions[1].matches({"a": value}) else []
            assert index.match({"a": value}) == expected, (first, second, value)


@pytest.mark.parametrize("kind", [str, Word, Shout, Color])
def test_keys_of_an_event_may_be_nearly_texts(kind: type) -> None:
    condition = Condition({"red": 1, "more.red": exists_one})
    index = ConditionIndex()
    index.add(condition)
    key: Any = kind("red")
    for event in {key: 1, "more": {key: 1}}, {"red": 1, "more": {key: 1}}:
        assert index.match(event) == [0] * condition.matches(event)


def exists_one(value: Any) -> bool:
    return bool(value == 1)


def test_texts_come_and_go_in_any_order() -> None:
    """Of several widths, as more and then fewer of them share the table."""
    rng = random.Random(5)
    texts = [f"{prefix}{i}" for i in range(150) for prefix in ("a", "é", "語", "😀")]
    index, numbers = ConditionIndex(), dict[str, int]()
    for limit in 600, 40, 300, 0:
        while len(numbers) != limit:
            text = rng.choice(texts)
            if text in numbers and limit < len(numbers):
                index.remove(numbers.pop(text))
            elif text not in numbers and limit > len(numbers):
                numbers[text] = index.add(Condition({"a": text}))
        index._check()
        for text in texts:
            found = index.match({"a": "".join(text)})
            assert found == ([numbers[text]] if text in numbers else []), text
