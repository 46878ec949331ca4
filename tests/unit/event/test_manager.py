"""Callbacks by condition: results, errors, options, and rules that come and go."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType
from typing import Any

import pytest

from chronomux.errors import UnknownRule
from chronomux.event import Condition, EventManager, ManagerStats, RuleStats
from chronomux.event import operators as op


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


def answer(value: Any) -> Callable[[Any], Any]:
    return lambda event: value


def failing(event: Any) -> None:
    raise ZeroDivisionError("no such luck")


def test_results_come_in_the_order_of_registration() -> None:
    manager = EventManager()
    for i in range(100):
        manager.register(answer(i), {"a": [1, f"x{i}"], **({"b": 2} if i % 2 else {})})
    assert manager.trigger({"a": 1, "b": 2}) == list(range(100))
    assert manager.trigger({"a": 1}) == list(range(0, 100, 2))
    assert manager.match({"a": "x4"}) == [4]
    assert manager.match_many([{"a": "x4"}, {"a": "x5", "b": 2}, {}]) == [[4], [5], []]


def test_any_mapping_is_an_event_and_nothing_else() -> None:
    manager = EventManager()
    manager.register(answer("found"), {"a.b": 1})
    event = {"a": MappingProxyType({"b": 1})}
    for kind in dict, OrderedDict, MappingProxyType:
        assert manager.trigger(kind(event)) == ["found"]
    for thing in [event], None, "text", 5, object():
        with pytest.raises(TypeError, match="an event is a mapping"):
            manager.trigger(thing)  # type: ignore[arg-type]


def test_an_exception_is_the_result_of_its_rule(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Any] = []
    manager = EventManager(on_error=lambda *given: seen.append(given))
    manager.register(answer(1), {})
    manager.register(failing, {"a": 1})
    manager.register(answer(3), {})
    event = {"a": 1}
    first, error, third = manager.trigger(event)
    assert (first, third) == (1, 3)
    assert isinstance(error, ZeroDivisionError)
    ((rule, of, reported),) = seen
    assert (rule.index, rule.callback, of, reported) == (1, failing, event, error)
    assert "test_manager.failing, rule 1: ZeroDivisionError" in caplog.text


def test_an_on_error_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    manager = EventManager(on_error=lambda rule, event, error: {}["nothing"])
    manager.register(failing, {})
    assert len(manager.trigger({})) == 1
    assert "KeyError" in caplog.text


def test_a_predicate_that_raises_does_not_match_and_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen: list[Any] = []
    manager = EventManager(
        on_error=lambda rule, event, error: seen.append((rule, error))
    )
    index = manager.register(answer(0), {"a": lambda value: value.startswith("x")})
    manager.register(answer(1), {"a": 5})
    assert manager.trigger({"a": 5}) == [1]
    assert manager.match({"a": 5}) == [1]
    assert [(rule.index, type(error)) for rule, error in seen] == [
        (index, AttributeError)
    ] * 2
    assert manager.stats.errors == manager.rule_stats(index).errors == 2
    assert "a predicate of" in caplog.text


def test_keyboard_interrupt_goes_through() -> None:
    def interrupted(event: Any) -> None:
        raise KeyboardInterrupt

    manager = EventManager()
    manager.register(interrupted, {})
    with pytest.raises(KeyboardInterrupt):
        manager.trigger({})


def test_rules_are_unregistered_by_index_by_callback_and_by_pair() -> None:
    manager = EventManager()
    one, other = answer(1), answer(2)
    assert manager.register(one, {"a": 1}) == 0
    manager.register(one, {"b": [1, 2], "a": op.exists()})
    manager.register(other, {"a": 1})
    manager.register(one, {"c": 1})
    assert manager.unregister(one, {"a": op.exists(), "b": (2, 1)}) == 1
    assert manager.match({"a": 1, "b": 1, "c": 1}) == [0, 2, 3]
    manager.unregister_index(0)
    assert manager.match({"a": 1, "c": 1}) == [2, 3]
    assert manager.unregister(one) == 1
    assert manager.unregister(2, {"a": 1}) == 1
    assert len(manager) == 0
    assert manager.trigger({"a": 1, "c": 1}) == []


def test_what_is_not_registered_is_unknown() -> None:
    manager = EventManager()
    manager.register(print, {"a": 1})
    calls: list[Callable[[], Any]] = [
        lambda: manager.unregister(1),
        lambda: manager.unregister(-1),
        lambda: manager.unregister_index(7),
        lambda: manager.unregister(len),
        lambda: manager.unregister(print, {"a": True}),
        lambda: manager.unregister(0, {"a": True}),
        lambda: manager.rule_stats(3),
    ]
    for call in calls:
        with pytest.raises(UnknownRule) as caught:
            call()
        assert isinstance(caught.value, KeyError)
        assert not str(caught.value).startswith(("'", '"'))
    assert len(manager) == 1


def test_an_index_is_never_given_twice() -> None:
    manager = EventManager()
    first = manager.register(print, {})
    manager.unregister(first)
    assert manager.register(print, {}) == first + 1


def test_callbacks_without_a_hash_can_be_unregistered() -> None:
    class Callback(list[Any]):
        def __call__(self, event: Any) -> None:
            self.append(event)

    manager, callback, other = EventManager(), Callback(), Callback()
    manager.register(callback, {})
    manager.register(other, {})
    manager.register(callback.append, {})
    assert manager.unregister(callback) == 1
    manager.trigger({"a": 1})
    assert other == [{"a": 1}]


def test_a_rule_for_once_is_gone_before_its_call() -> None:
    manager = EventManager()

    def again(event: Any) -> list[Any]:
        return [len(manager), manager.trigger(event)]

    index = manager.register_once(again, {"a": 1})
    assert manager.trigger({"a": 2}) == []
    assert manager.trigger({"a": 1}) == [[0, []]]
    with pytest.raises(UnknownRule):
        manager.unregister(index)


def test_a_rule_for_once_is_called_once_by_many_threads() -> None:
    called: list[int] = []
    manager = EventManager()
    barrier = threading.Barrier(4)

    def work() -> None:
        for i in range(50):
            if barrier.wait(30) == 0:
                manager.register_once(lambda event, i=i: called.append(i), {"a": 1})
            barrier.wait(30)
            manager.trigger({"a": 1})

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert called == list(range(50))
    assert len(manager) == 0


def test_callbacks_register_unregister_and_trigger() -> None:
    manager = EventManager()

    def spawn(event: dict[str, Any]) -> int:
        return manager.register(answer(f"of {event['n']}"), {"n": event["n"] + 1})

    def end(event: Any) -> int:
        return manager.unregister(late)

    late = answer("late")
    manager.register(spawn, {"n": op.below(3)})
    manager.register(end, {"n": 2})
    manager.register(late, {"n": 2})
    assert manager.trigger({"n": 1}) == [3]
    assert manager.trigger({"n": 2}) == [4, 1, "of 1"]
    assert manager.trigger({"n": 3}) == ["of 2"]


def test_a_predicate_may_register_and_trigger_while_the_index_is_asked() -> None:
    manager = EventManager()
    inner: list[Any] = []

    def predicate(value: Any) -> bool:
        if not inner:
            inner.append(None)
            for i in range(100):
                manager.register(answer(i), {"a": 1, f"new{i}": op.absent()})
            manager.unregister(0)
            inner.extend(manager.trigger({"a": 1}))
        return True

    manager.register(answer("gone"), {"a": 1})
    manager.register(answer("asked"), {"a": predicate})
    assert manager.trigger({"a": 1}) == ["asked"]
    assert inner == [None, "asked", *range(100)]
    manager._dispatcher._check()


def test_threads_register_and_trigger_at_once() -> None:
    manager = EventManager()
    manager.register(answer("all"), {})
    wrong: list[Any] = []

    def work(number: int) -> None:
        for i in range(200):
            callback = answer((number, i))
            manager.register(callback, {"thread": number, "i": [i, slow]})
            got = manager.trigger({"thread": number, "i": i})
            if got != ["all", (number, i)]:
                wrong.append(got)
            manager.unregister(callback)

    def slow(value: Any) -> bool:
        return bool(sum(range(50)) < 0)

    threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert len(manager) == 1
    manager._dispatcher._check()


def test_options_of_trigger_go_before_rule_before_manager(
    pool: ThreadPoolExecutor,
) -> None:
    manager = EventManager(async_pool=pool)
    manager.register(answer("here"), {})
    manager.register(answer("there"), {}, {"async": True})
    manager.register(answer("last"), {})
    here, there, last = manager.trigger({})
    assert (here, last) == ("here", "last")
    assert isinstance(there, Future)
    assert there.result(30) == "there"
    assert manager.trigger({}, {"async": False}) == ["here", "there", "last"]
    futures = manager.trigger({}, {"async": True})
    assert [f.result(30) for f in futures] == ["here", "there", "last"]


def test_async_without_a_pool_raises_at_registration(pool: ThreadPoolExecutor) -> None:
    manager = EventManager()
    with pytest.raises(ValueError, match="needs a pool"):
        manager.register(print, {}, {"async": True})
    with pytest.raises(ValueError, match="needs a pool"):
        manager.trigger({}, {"async": True})
    assert len(manager) == 0
    manager.register(answer(1), {}, {"async": True, "async_pool": pool})
    assert manager.trigger({})[0].result(30) == 1


def test_an_error_in_a_pool_is_in_the_future_and_reported(
    pool: ThreadPoolExecutor,
) -> None:
    reported = threading.Event()
    manager = EventManager(async_pool=pool, on_error=lambda *given: reported.set())
    manager.register_once(failing, {}, {"async": True})
    (future,) = manager.trigger({})
    assert isinstance(future.exception(30), ZeroDivisionError)
    assert reported.wait(30)
    assert manager.trigger({}) == []


def test_an_option_on_error_goes_before_that_of_the_manager() -> None:
    seen: list[str] = []
    manager = EventManager(on_error=lambda *given: seen.append("manager"))
    manager.register(failing, {"a": 1})
    manager.register(
        failing, {"b": 1}, {"on_error": lambda *given: seen.append("rule")}
    )
    manager.trigger({"a": 1})
    manager.trigger({"b": 1})
    assert seen == ["manager", "rule"]


def test_debug_logs_the_rules_that_an_event_matches(
    caplog: pytest.LogCaptureFixture,
) -> None:
    manager = EventManager(debug=True)
    manager.register(failing, {"a": 1})
    with caplog.at_level(logging.DEBUG, "chronomux"):
        manager.trigger({"a": 1})
    assert "rule 0 calls" in caplog.text
    assert "{'a': 1}" in caplog.text


def test_stats_count_all_and_each_rule() -> None:
    manager = EventManager()
    good = manager.register(print, {"quiet": 1, "a": 2})
    bad = manager.register(failing, {"a": [1, 2]})
    for a in 1, 2, 3:
        manager.trigger({"a": a})
    assert manager.stats == ManagerStats(events=3, matches=2, callbacks=2, errors=2)
    assert manager.rule_stats(bad) == RuleStats(callbacks=2, errors=2)
    assert manager.rule_stats(good) == RuleStats()


def test_conditions_of_all_kinds_are_taken() -> None:
    manager = EventManager()
    manager.register(answer(0), Condition(a=1))
    manager.register(answer(1), op.any_of_fields({"a": 1}, {"b": 1}))
    assert manager.trigger({"a": 1}) == [0, 1]
    assert manager.trigger({"b": 1}) == [1]
    for thing in None, [("a", 1)], "a", print:
        with pytest.raises(TypeError, match="a condition is a mapping"):
            manager.register(print, thing)  # type: ignore[arg-type]
