"""What an event must have: a mapping of paths to values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chronomux._core.conditions.matcher import Matcher
from chronomux.event.alternatives import alternatives_of
from chronomux.event.operator import (
    Alternative,
    OnFields,
    Operator,
    shown_argument,
)
from chronomux.event.values import frozen, key_of

__all__ = ["Condition"]

Path = tuple[str, ...]
Conjunct = tuple[Path, tuple[Alternative, ...]]


class Condition(Mapping[str, Any]):
    """Matches events that have all that is asked for; `{}` matches every event.

    rules: a mapping of paths to what must stand there, or an `any_of_fields`; keywords
    add to it. TypeError, naming the path, for keys that are no str and for values that
    can be read only once.

    A path 'a.b' is the same as {'a': {'b': ...}}; if the event has a key 'a.b', that
    one counts. Names are looked up in mappings as keys, in other objects as attributes;
    plain data (text, numbers) has nothing inside. A number in a path is a name, never
    a place in a list.

    What must stand there:
    - a value: equality, of numbers of any type; but True and 1 differ, NaN equals
      nothing, and None is a value.
    - a list, tuple or set: any of its items. A dict or list in it is compared whole.
    - a callable: truth of `predicate(value)`; see `chronomux.event.operators`.

    A list, tuple or set in the event, however deep, matches if one element does. In a
    list of mappings all that is asked below it must hold in the same one.

    Conditions are immutable, equal if they ask the same, hashable if their values are,
    and `a & b` matches what both match.

    >>> condition = Condition({"name.type": ["command", "response"], "level": 3})
    >>> condition.matches({"name": {"type": "command"}, "level": 3.0})
    True
    """

    __slots__ = ("_also", "_matcher", "_rules")
    _also: tuple[Operator | Condition, ...]
    _rules: dict[str, Any]

    def __init__(
        self, rules: Mapping[str, Any] | OnFields | None = None, /, **keywords: Any
    ) -> None:
        self._matcher: Matcher | None = None
        self._also = ()
        given: Mapping[str, Any] = {}
        if isinstance(rules, Condition):
            self._also, given = rules._also, rules._rules
        elif isinstance(rules, OnFields):
            self._also = (rules,)
        elif isinstance(rules, Mapping):
            given = rules
        elif rules is not None:
            raise TypeError(f"a condition is a mapping of paths, not {rules!r}")
        self._rules = frozen_rules({**given, **keywords}, "")

    def matches(self, event: Any) -> bool:
        """Whether the event has all that is asked for.

        Exceptions of predicates pass through.
        """
        matcher = self._matcher
        if matcher is None:
            matcher = self._matcher = Matcher(self.conjuncts)
        return matcher.matches(event)

    @property
    def conjuncts(self) -> list[Conjunct]:
        """(path, alternatives) of all that must hold, as the core takes them."""
        return list(conjuncts_of(self, ()))

    # The mapping

    def __getitem__(self, path: str) -> Any:
        """What is asked for there; a copy of what could be changed."""
        for part in (self._rules, *self._also):
            if isinstance(part, Mapping) and path in part:
                value = part[path]
                return value if isinstance(value, Condition) else frozen(value, path)
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        mappings = [part for part in self._also if isinstance(part, Mapping)]
        return iter(
            dict.fromkeys(key for part in (self._rules, *mappings) for key in part)
        )

    def __len__(self) -> int:
        return len(self._rules) if not self._also else sum(1 for _ in self)

    # A value

    def __and__(self, other: Any) -> Condition:
        """Both; each is asked for itself, so each may hold in another element."""
        if not isinstance(other, (Condition, OnFields)):
            return NotImplemented
        other = other if isinstance(other, Condition) else Condition(other)
        both = Condition(self)
        if first_names(self).isdisjoint(first_names(other)):
            both._rules = {**self._rules, **other._rules}
            both._also = (*self._also, *other._also)
        else:
            alone = Condition(other._rules)
            both._also = (*self._also, alone, *other._also)
        return both

    def _key(self) -> list[tuple[Path, Any]]:
        return [
            (path, frozenset((way[0], *map(key_of, way[1:2])) for way in alternatives))
            for path, alternatives in self.conjuncts
        ]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Condition):
            return NotImplemented
        try:
            return frozenset(self._key()) == frozenset(other._key())
        except TypeError:  # unhashable values are compared in the order they stand in
            return are_equal(ordered_key(self), ordered_key(other))

    def __hash__(self) -> int:
        return hash(frozenset(self._key()))

    def __repr__(self) -> str:
        parts = [shown(self._rules)] if self._rules or not self._also else []
        parts += [shown(p) if isinstance(p, Condition) else repr(p) for p in self._also]
        return " & ".join(f"Condition({part})" for part in parts)

    def __reduce__(self) -> tuple[Any, ...]:
        return restored, (self._rules, self._also)


def restored(rules: dict[str, Any], also: tuple[Any, ...]) -> Condition:
    """What was pickled."""
    condition = Condition(rules)
    condition._also = also
    return condition


def frozen_rules(rules: Mapping[str, Any], where: str) -> dict[str, Any]:
    """A copy of the rules of a (nested) condition, of which nobody else knows."""
    copied = {}
    for key, value in rules.items():
        if not isinstance(key, str):
            raise TypeError(
                f"{where + '.' if where else ''}{key!r}: a path is a str, "
                f"not {type(key).__name__}"
            )
        path = f"{where}.{key}" if where else key
        kind = type(value)
        if kind is str or kind is int:  # by far the most
            copied[key] = value
        elif isinstance(value, Mapping):
            copied[key] = nested(value, path)
        else:
            copied[key] = frozen(value, path)
    return copied


def nested(rules: Mapping[str, Any], path: str) -> Condition:
    if isinstance(rules, Condition):
        return rules
    condition = Condition()
    condition._rules = frozen_rules(rules, path)
    return condition


def conjuncts_of(condition: Condition, above: Path) -> Iterator[Conjunct]:
    for key, value in condition._rules.items():
        path = (*above, *key.split("."))
        if isinstance(value, Condition):
            yield from conjuncts_of(value, path)
        else:
            yield path, alternatives_of(value)
    for part in condition._also:
        yield (
            above,
            (part if isinstance(part, Operator) else as_operator(part)).alternatives(),
        )


def as_operator(condition: Condition) -> Operator:
    from chronomux.event.fields import any_of_fields

    return any_of_fields(condition)


def first_names(condition: Condition) -> set[str]:
    """The names that paths begin with; none where that cannot be told."""
    return {key.split(".")[0] for key in condition}


def ordered_key(condition: Condition) -> list[tuple[Path, list[Any]]]:
    return sorted(
        (
            (path, [(way[0], *map(key_of, way[1:2])) for way in alternatives])
            for path, alternatives in condition.conjuncts
        ),
        key=lambda conjunct: conjunct[0],
    )


def are_equal(left: Any, right: Any) -> bool:
    """What cannot be compared, as a signalling NaN, is not equal."""
    try:
        return bool(left == right)
    except Exception:
        return False


def shown(value: Any) -> str:
    """A value as it is written in a condition."""
    if isinstance(value, Condition) and not value._also:
        value = value._rules
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {shown(v)}" for k, v in value.items()) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(shown, value)) + "]"
    if isinstance(value, frozenset) and value:
        return "{" + ", ".join(map(shown, value)) + "}"
    if isinstance(value, frozenset):
        return "set()"
    return shown_argument(value)
