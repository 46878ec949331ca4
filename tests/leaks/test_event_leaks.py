"""Rules that come and go, and events never seen before, leave nothing behind."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref
from typing import Any

from chronomux.event import Condition, EventManager
from chronomux.event import operators as op

LIMIT = 120


class Callback:
    """A callback that a weak reference can watch."""

    def __call__(self, event: Any) -> None:
        raise ZeroDivisionError


def test_an_unregistered_rule_lets_its_callback_and_values_go() -> None:
    manager = EventManager()
    manager.register(print, {"a": 1})
    callback, value = Callback(), Callback()
    watched = [weakref.ref(callback), weakref.ref(value)]
    index = manager.register(callback, {"a": [1, op.whole(value)], "b.c": op.exists()})
    manager.trigger({"a": 1, "b": {"c": 1}})
    manager.unregister(index)
    del callback, value
    gc.collect()
    assert [ref() for ref in watched] == [None, None]


def test_a_manager_that_is_dropped_is_collected() -> None:
    manager = EventManager()
    manager.register(manager.match, {"a": Condition(b=1)})  # a ring of references
    manager.trigger({"a": {"b": 1}})
    ref = weakref.ref(manager)
    del manager
    gc.collect()
    assert ref() is None


def test_memory_does_not_grow_with_rules_gone_and_events_seen() -> None:
    script = """
        import psutil
        from chronomux.event import EventManager
        from chronomux.event.operators import between, prefix

        manager = EventManager()
        for i in range(100):
            manager.register(len, {"hot": 1, "a": i})

        def work(round):
            for i in range(2_000):
                new = f"{round}-{i}"
                rules = {"hot": 1, f"path.{new}": new, "p": prefix(new)}
                index = manager.register(len, {**rules, "n": between(i, i + 1)})
                event = {"hot": 1, "path": {new: [new]}, "p": new, "n": i, "a": new}
                manager.trigger(event)
                manager.unregister(index)

        for round in range(3):
            work(round)
        manager._dispatcher._check()
        before = psutil.Process().memory_info().rss
        for round in range(3, 13):
            work(round)
        print(psutil.Process().memory_info().rss - before)
    """
    left = number_printed_by(script)
    assert left < 2_000_000, "20,000 rules and events left memory behind"


def test_a_rule_takes_less_than_a_kilobyte() -> None:
    script = """
        import psutil
        from chronomux.event import EventManager

        def rule(i):
            return {f"key{i % 12}": f"v{i % 1_200}", f"group{i % 7}.key": f"v{i % 500}"}

        rules = [rule(i) for i in range(30_000)]
        EventManager().register(len, rules[0])
        before = psutil.Process().memory_info().rss
        manager = EventManager()
        for one in rules:
            manager.register(len, one)
        print((psutil.Process().memory_info().rss - before) // len(rules))
    """
    assert 100 < number_printed_by(script) < 1_000


def number_printed_by(script: str) -> int:
    """In a process of its own."""
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert run.returncode == 0, run.stderr
    return int(run.stdout)
