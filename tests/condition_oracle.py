"""The oracle of conditions: slow, short, obvious.

It takes the rules as the user wrote them, a mapping of paths, and knows nothing of
trees, symbols or stamps: each conjunct is a path and a question about one value, and
conjuncts that go through the same value go on together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chronomux.event import operators as op

MISSING = object()
LISTS = (list, tuple, set, frozenset)
DATA = (str, bytes, int, float, type(None))
Question = Callable[[Any], bool]
Conjunct = tuple[tuple[str, ...], Question]


def matches(rules: Mapping[str, Any], event: Any) -> bool:
    return together(list(conjuncts(rules, ())), event)


def conjuncts(rules: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[Conjunct]:
    for key, wanted in rules.items():
        path = (*above, *key.split("."))
        if isinstance(wanted, Mapping):
            yield from conjuncts(wanted, path)
        else:
            yield path, question(wanted)


def question(wanted: Any) -> Question:
    """What is asked of the value at a path."""
    if isinstance(wanted, LISTS):
        questions = [single(one) for one in wanted]
        return lambda value: any(ask(value) for ask in questions)
    return single(wanted)


def single(wanted: Any) -> Question:
    if isinstance(wanted, op.absent):
        return lambda value: value is MISSING
    if isinstance(wanted, op.exists):
        return lambda value: value is not MISSING
    if isinstance(wanted, (op.whole, op.contains_all)):
        return lambda value: value is not MISSING and bool(wanted(value))
    if isinstance(wanted, op.one_of):
        return question(list(wanted._arguments))
    if callable(wanted):
        return lambda value: any(
            bool(wanted(one)) for one in inside(value) if not isinstance(one, LISTS)
        )
    return lambda value: any(equal(wanted, one) for one in inside(value))


def inside(value: Any) -> Iterator[Any]:
    """A value, and if it is a list all that is in it, however deep."""
    if value is not MISSING:
        yield value
    if isinstance(value, LISTS):
        for element in value:
            yield from inside(element)


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            equal(left[k], right[k]) for k in left
        )
    if isinstance(left, (set, frozenset)) and isinstance(right, (set, frozenset)):
        return len(left) == len(right) and all(
            any(equal(one, other) for other in right) for one in left
        )
    try:
        return bool(left == right)
    except ArithmeticError:  # a signalling NaN
        return False


def together(asked: list[Conjunct], value: Any) -> bool:
    """Whether all conjuncts hold below this value, in one mapping of it if a list."""
    if isinstance(value, LISTS):
        places = [e for e in inside(value) if not isinstance(e, (*LISTS, *DATA))]
        if places:
            return any(together(asked, place) for place in places)
        value = MISSING
    groups: dict[tuple[str, ...], list[Conjunct]] = {}
    for path, ask in asked:
        taken = first_step(path, value)
        groups.setdefault(path[:taken], []).append((path[taken:], ask))
    return all(one_value(step(value, key), group) for key, group in groups.items())


def one_value(value: Any, group: list[Conjunct]) -> bool:
    below = [(path, ask) for path, ask in group if path]
    return all(ask(value) for path, ask in group if not path) and (
        not below or together(below, value)
    )


def first_step(path: tuple[str, ...], value: Any) -> int:
    """How many segments the longest key spells that the mapping has; else one."""
    if isinstance(value, Mapping):
        for length in range(len(path), 1, -1):
            if ".".join(path[:length]) in value:
                return length
    return 1


def step(value: Any, key: tuple[str, ...]) -> Any:
    name = ".".join(key)
    if isinstance(value, Mapping):
        return value.get(name, MISSING)
    if value is MISSING or isinstance(value, DATA):
        return MISSING
    return getattr(value, name, MISSING)
