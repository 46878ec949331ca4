"""Other libraries that match rules, each in a plain loop over its compiled rules.

They are measured where they are installed: mongoquery, rule-engine, json-logic-qubit.
None stands for one that is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from benchmarks.events import Event

try:
    import mongoquery
except ImportError:
    mongoquery = None
try:
    import rule_engine
except ImportError:
    rule_engine = None
try:
    import json_logic
except ImportError:
    json_logic = None

__all__ = ["installed_peers"]

Loop: TypeAlias = Callable[[], list[list[int]]]


def installed_peers(rules: list[Event], events: list[Event]) -> dict[str, Loop | None]:
    return {
        "mongoquery": mongoquery and loop(map(mongo_query, rules), events),
        "rule-engine": rule_engine and loop(map(engine_rule, rules), events),
        "json-logic": json_logic and loop(map(json_rule, rules), events),
    }


def loop(matchers: Any, events: list[Event]) -> Loop:
    ready = list(enumerate(matchers))
    return lambda: [[i for i, matches in ready if matches(event)] for event in events]


def mongo_query(rule: Event) -> Callable[[Event], bool]:
    wanted = {k: {"$in": v} if isinstance(v, list) else v for k, v in rule.items()}
    return mongoquery.Query(wanted).match


def engine_rule(rule: Event) -> Callable[[Event], bool]:
    """What is missing is null, also on the way: hence &[...] instead of [...]."""
    context = rule_engine.Context(resolver=rule_engine.resolve_item, default_value=None)
    signs = {True: "in", False: "=="}
    tests = [
        f"{engine_path(path)} {signs[isinstance(value, list)]} {value!r}"
        for path, value in rule.items()
    ]
    return rule_engine.Rule(" and ".join(tests), context=context).matches


def engine_path(path: str) -> str:
    name, *below = path.split(".")
    return name + "".join(f"&[{key!r}]" for key in below)


def json_rule(rule: Event) -> Callable[[Event], bool]:
    tests = [
        {"in" if isinstance(value, list) else "==": [{"var": path}, value]}
        for path, value in rule.items()
    ]
    return lambda event: json_logic.jsonLogic({"and": tests}, event)
