"""`EventManager.expect`: commands that want a response, in event time."""

from __future__ import annotations

import queue
import threading
from typing import Any

import pytest

from chronomux import EventManager
from chronomux.event.ledger import Ledger

SECOND = 10**9
ASK, REPLY = {"kind": "ask"}, {"kind": "reply"}


def event(kind: str, seconds: float, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "timestamp": round(seconds * SECOND), **more}


def test_a_command_is_missing_its_response_once_time_has_passed_the_deadline() -> None:
    manager, missing = EventManager(), []
    manager.expect(ASK, REPLY, 2, on_missing=missing.append)
    manager.trigger(event("ask", 0))
    manager.trigger(event("other", 2))
    assert missing == [], "at the deadline a response may still come"
    manager.trigger(event("other", 2.5))
    manager.trigger(event("other", 9))
    manager.finish()
    assert missing == [event("ask", 0)]


def test_results_of_trigger_are_those_of_rules_alone() -> None:
    manager = EventManager()
    manager.expect(ASK, REPLY, 2)
    manager.register(lambda event: "heard", ASK)
    assert manager.trigger(event("ask", 0)) == ["heard"]
    assert len(manager) == 1


def test_a_late_response_leaves_its_command_missing_and_is_unasked() -> None:
    manager, missing, unasked = EventManager(), [], []
    expectation = manager.expect(
        ASK, REPLY, 0.5, on_missing=missing.append, on_unasked=unasked.append
    )
    manager.trigger(event("ask", 0))
    manager.trigger(event("reply", 0.6))
    stats = expectation.stats
    assert (missing, unasked) == ([event("ask", 0)], [event("reply", 0.6)])
    assert (stats.asked, stats.answered, stats.missing, stats.unasked) == (1, 0, 1, 1)


@pytest.mark.parametrize(
    ("command", "reply", "answered"),
    [
        ({"a": {"id": 7}}, {"a.id": 7.0}, 1),
        ({"a": ["open", {"id": 7}]}, {"a": {"id": 7}}, 1),
        ({"a": {"id": 1}}, {"a": {"id": True}}, 0),
        ({"a": {"id": [1, {"x": 2}]}}, {"a": {"id": [1, {"x": 2}]}}, 1),
        ({}, {}, 0),
        ({"a": {"id": float("nan")}}, {"a": {"id": float("nan")}}, 0),
    ],
)
def test_what_must_be_the_same_is_equal_in_both(
    command: dict[str, Any], reply: dict[str, Any], answered: int
) -> None:
    manager = EventManager()
    expectation = manager.expect(ASK, REPLY, 1, same="a.id")
    manager.trigger(event("ask", 0, **command))
    manager.trigger(event("reply", 0.5, **reply))
    assert expectation.stats.answered == answered


def test_a_callback_may_answer_the_command_it_is_called_for() -> None:
    manager = EventManager()
    expectation = manager.expect(ASK, REPLY, 1)
    manager.register(lambda asked: manager.trigger(event("reply", 0.1)), ASK)
    manager.trigger(event("ask", 0))
    assert (expectation.stats.answered, expectation.stats.unasked) == (1, 0)


def test_on_missing_may_trigger_and_what_it_raises_is_reported() -> None:
    told: list[Any] = []
    manager = EventManager(on_error=lambda *what: told.append(what))

    def again(command: Any) -> None:
        if command["timestamp"] < 5 * SECOND:
            manager.trigger(event("ask", command["timestamp"] / SECOND + 3))
        raise RuntimeError("no answer")

    expectation = manager.expect(ASK, REPLY, 1, on_missing=again)
    manager.trigger(event("ask", 0))
    manager.trigger(event("other", 2))
    manager.finish()
    manager.finish()
    assert (expectation.stats.asked, expectation.stats.missing) == (3, 3)
    assert [(rule, str(error)) for rule, _, error in told] == [(None, "no answer")] * 3


def test_the_end_of_a_queue_ends_the_waiting() -> None:
    events: Any = queue.Queue()
    missing: list[Any] = []
    manager = EventManager(events)
    manager.expect(ASK, REPLY, 1, on_missing=missing.append)
    for item in event("ask", 0), event("reply", 0.5), event("ask", 1), queue.Empty:
        events.put(item)
    manager.run().join(30)
    assert missing == [event("ask", 1)]


def test_more_commands_than_may_wait_are_given_up_and_memory_is_bounded() -> None:
    manager = EventManager()
    expectation = manager.expect(ASK, REPLY, 1e6, most=10)
    for number in range(200):
        manager.trigger(event("ask", number))
    stats = expectation.stats
    assert (stats.waiting, stats.given_up, stats.asked) == (10, 190, 200)


def test_a_ledger_forgets_whom_it_answered_long_before_their_deadline() -> None:
    ledger = Ledger(10**9, 1000)
    ledger.ask(0, (), "never answered")
    for number in range(1, 1000):
        ledger.ask(number, (number,), number)
        assert ledger.answer(number, (number,)) == number
    assert len(ledger) == 1
    assert len(ledger._by_time) < 100


def test_events_without_a_time_are_counted_and_left_out() -> None:
    manager = EventManager()
    expectation = manager.expect(ASK, REPLY, 1, timestamp="at.time", per_second=1)
    for time in None, "12", True, float("nan"):
        manager.trigger({"kind": "ask", "at": {"time": time}})
    manager.trigger({"kind": "ask", "at": {"time": 1.25}})
    manager.trigger({"kind": "reply", "at": {"time": 2.25}})
    stats = expectation.stats
    assert (stats.untimed, stats.asked, stats.answered) == (4, 1, 1)


def test_a_cancelled_expectation_expects_nothing() -> None:
    manager, missing = EventManager(), []
    expectation = manager.expect(ASK, REPLY, 1, on_missing=missing.append)
    manager.trigger(event("ask", 0))
    expectation.cancel()
    manager.trigger(event("other", 9))
    manager.finish()
    assert missing == []
    assert not manager._expectations


def test_threads_lose_no_command_and_count_none_twice() -> None:
    manager = EventManager()
    missing: list[Any] = []
    expectation = manager.expect(ASK, REPLY, 1, same="n", on_missing=missing.append)

    def work(first: int) -> None:
        for n in range(first, first + 300):
            manager.trigger(event("ask", 0, n=n))
            if n % 3:
                manager.trigger(event("reply", 1, n=n))

    threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    manager.finish()
    asked = [n for i in range(4) for n in range(1000 * i, 1000 * i + 300)]
    assert sorted(e["n"] for e in missing) == [n for n in asked if not n % 3]
    assert expectation.stats.unasked == 0


def test_a_predicate_that_raises_does_not_match() -> None:
    told: list[Any] = []
    manager = EventManager(on_error=lambda *what: told.append(what))
    expectation = manager.expect({"n": lambda n: 1 // n}, REPLY, 1)
    manager.trigger(event("ask", 0, n=0))
    assert expectation.stats.asked == 0
    assert [type(error) for _, _, error in told] == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"within": "2s"}, TypeError),
        ({"within": True}, TypeError),
        ({"within": -1}, ValueError),
        ({"within": float("nan")}, ValueError),
        ({"within": float("inf")}, ValueError),
        ({"response": 5}, TypeError),
        ({"condition": None}, TypeError),
        ({"same": 5}, TypeError),
        ({"same": ""}, ValueError),
        ({"timestamp": None}, TypeError),
        ({"per_second": 0}, ValueError),
        ({"most": 0}, ValueError),
        ({"on_missing": 5}, TypeError),
    ],
)
def test_what_is_wrong_is_refused(wrong: dict[str, Any], error: type) -> None:
    given = {"condition": ASK, "response": REPLY, "within": 1, **wrong}
    with pytest.raises(error):
        EventManager().expect(**given)
