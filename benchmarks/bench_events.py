"""Events against many conditions, beside loops over the conditions and pure Python.

A loop that takes a second for an event is not given a thousand of them: where there are
many rules, ours matches every event of the others many times over, as often as the
group's name says. Their ratio is the true one divided by that number.

The peers are a plain loop over `Condition.matches`, compiled as well; the classes of
`benchmarks.reference.events`; and, with up to 1,000 rules, those libraries of
`benchmarks.rule_peers` that are installed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.conftest import HERE, Scale
from benchmarks.contest import Contest
from benchmarks.events import (
    PATHS,
    Event,
    Workload,
    of_long_lists,
    of_low_cardinality,
    on_one_field,
    sharing_a_hot_value,
)
from benchmarks.reference.events import EventManager as PurePython
from benchmarks.rule_peers import installed_peers
from chronomux.event import Condition, EventManager
from chronomux.readers import CSVReader


def managed(rules: list[Event]) -> EventManager:
    manager = EventManager()
    for rule in rules:
        manager.register(len, rule)
    return manager


def in_pure_python(rules: list[Event]) -> PurePython:
    manager = PurePython()
    for rule in rules:
        manager.register(len, rule)
    return manager


def plain_loop(rules: list[Event], events: list[Event]) -> Callable[[], Any]:
    matchers = [Condition(rule).matches for rule in rules]
    return lambda: [
        [i for i, matches in enumerate(matchers) if matches(event)] for event in events
    ]


def compete(
    contest: Contest, group: str, rules: list[Event], events: list[Event], times: int
) -> None:
    """Ours goes over all events `times` times, the others once.

    The yardstick goes as often over the keys of the events, of which its rule asks for
    none.
    """
    ours, pure = managed(rules), in_pure_python(rules)
    empty = managed([{f"nowhere.{path}": 0 for path in PATHS}])
    plain = plain_loop(rules, events)
    expected = plain()
    assert ours.match_many(events) == expected
    assert [pure.match(event) for event in events] == expected

    def run_ours() -> None:
        for _ in range(times):
            ours.match_many(events)

    contest(
        group if times == 1 else f"{group}, ours {times} times",
        run_ours,
        peers={
            "Condition.matches": plain,
            "pure Python": lambda: [pure.match(event) for event in events],
            **(installed_peers(rules, events) if len(rules) <= 1_000 else {}),
        },
        yardsticks={
            "empty walk": lambda: [empty.match_many(events) for _ in range(times)]
        },
        items=len(events) * times,
    )


@pytest.mark.parametrize(
    ("n", "events", "times"),
    [(10, 200, 1), (1_000, 20, 100), (10_000, 4, 500), (100_000, 1, 1_000)],
)
def test_match_of_zipf_rules(contest: Contest, n: int, events: int, times: int) -> None:
    work = Workload()
    rules = work.rules(n)
    # As near as events are that were just made: not a megabyte, looked at once.
    again = 10 if times == 1 else 1
    compete(contest, f"match {n:,} rules", rules, work.events(events) * again, times)


def test_match_hardly_knows_how_many_rules_there_are(contest: Contest) -> None:
    """Up to nine times the time for 10,000 times the rules; matches grow as well."""
    work = Workload()
    many, few = managed(work.rules(100_000)), managed(work.rules(10))
    events = work.events(1_000)
    contest(
        "match 100,000 rules behind 10",
        lambda: many.match_many(events),
        peers={},
        yardsticks={"chronomux 10 rules": lambda: few.match_many(events)},
        items=len(events),
    )


def test_match_rows_of_columns(contest: Contest, tmp_path: Path) -> None:
    """Of eight columns; the peers make a dict of each row first, as one has to."""
    work = Workload()
    names = [f"key{i}" for i in range(8)]
    lines = [",".join(work.values.one() for _ in names) for _ in range(5_000)]
    path = tmp_path / "rows.csv"
    path.write_text("\n".join([",".join(names), *lines]) + "\n")
    [batch] = CSVReader(str(path), rows="columns")
    manager = managed([{**rule, "key1": "value-0"} for rule in work.rules(1_000)])
    rows = list(batch.rows())
    assert manager.match_rows(batch) == manager.match_many(rows)
    contest(
        "match_rows of 8 columns, 1,000 rules",
        lambda: manager.match_rows(batch),
        peers={"match_many of rows()": lambda: manager.match_many(batch.rows())},
        yardsticks={"match_many of ready dicts": lambda: manager.match_many(rows)},
        items=len(rows),
    )


ADVERSE: dict[str, Callable[[int], list[Event]]] = {
    "one field": on_one_field,
    "a hot value": sharing_a_hot_value,
    "low cardinality": of_low_cardinality,
    "lists of 50": lambda n: of_long_lists(Workload(), n),
}


@pytest.mark.parametrize("kind", ADVERSE)
def test_match_of_adverse_rules(contest: Contest, scale: Scale, kind: str) -> None:
    rules = ADVERSE[kind](scale(quick=10_000, full=10_000))
    events = [
        {**event, "key0": "value-0", "key1": f"value-{40 + i}"}
        for i, event in enumerate(Workload().events(4))
    ]
    compete(contest, f"match {len(rules):,} rules, {kind}", rules, events, 100)


def test_register_and_unregister(contest: Contest, scale: Scale) -> None:
    """Among 100,000 rules; the yardstick is only to make the conditions."""
    work = Workload()
    manager = managed(work.rules(scale(quick=20_000, full=100_000)))
    rules = work.rules(500)

    def run_ours() -> None:
        for index in [manager.register(len, rule) for rule in rules]:
            manager.unregister(index)

    contest(
        "register and unregister",
        run_ours,
        peers={},
        yardsticks={"make the conditions": lambda: [Condition(rule) for rule in rules]},
        items=len(rules),
        note=f"A rule takes {bytes_a_rule(scale(quick=20_000, full=100_000)):,} bytes.",
    )


def bytes_a_rule(count: int) -> int:
    """Of memory, in a process that has no used memory to give again."""
    script = f"""
import psutil
from benchmarks.bench_events import Workload, managed

rules = Workload().rules({count})
managed(rules[:1_000])
before = psutil.Process().memory_info().rss
manager = managed(rules)
print((psutil.Process().memory_info().rss - before) // {count})
"""
    run = [sys.executable, "-c", script]
    return int(subprocess.check_output(run, cwd=HERE.parent, timeout=120))


def test_trigger_four_callbacks(contest: Contest) -> None:
    """The yardstick calls the four in a loop: the rest is what triggering costs."""
    manager, pure = EventManager(), PurePython()
    callbacks = [lambda event: None for _ in range(4)]
    for callback in callbacks:
        for each in manager, pure:
            each.register(callback, {"name.type": "command"})
    event = {"name": {"type": "command"}, "action": "test", "level": 3}
    assert manager.trigger(event) == pure.trigger(event) == [None] * 4
    rounds = range(2_000)
    contest(
        "trigger four callbacks",
        lambda: [manager.trigger(event) for _ in rounds],
        peers={"pure Python": lambda: [pure.trigger(event) for _ in rounds]},
        yardsticks={"calls": lambda: [[c(event) for c in callbacks] for _ in rounds]},
        items=len(rounds),
    )
