"""Events off a queue: to the end, to a stop, to an error; and the documented usage."""

from __future__ import annotations

import multiprocessing
import queue as standard
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import chronomux
from chronomux import EventManager, MultiProcessing, Queue

LIMIT = 60.0

KINDS: dict[str, Callable[[], Any]] = {
    "chronomux": Queue,
    "queue": standard.Queue,
    "SimpleQueue": standard.SimpleQueue,
    "multiprocessing": multiprocessing.Queue,
    "multiprocessing.SimpleQueue": multiprocessing.SimpleQueue,
}


class BareQueue:
    """Nothing but a get() without a timeout."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def get(self) -> Any:
        return self.items.pop(0)


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.001)


@pytest.mark.parametrize("kind", KINDS)
def test_run_triggers_all_events_until_empty(kind: str) -> None:
    queue, seen = KINDS[kind](), []
    manager = EventManager(queue).run()
    manager.register(seen.append, {"n": lambda n: n % 2 == 0})
    for n in range(1000):
        queue.put({"n": n})
    queue.put(Queue.Empty)
    queue.put({"n": "after the end"})
    manager.join(LIMIT)
    assert not manager.is_running
    assert seen == [{"n": n} for n in range(0, 1000, 2)]
    assert manager.stats.events == 1000
    for name in "close", "join_thread":
        getattr(queue, name, int)()


def test_a_queue_of_a_manager_process_and_one_with_bare_get_will_do() -> None:
    with multiprocessing.Manager() as processes:
        for queue in processes.Queue(), BareQueue([{"a": 1}, Queue.Empty]):
            seen: list[Any] = []
            manager = EventManager(queue)
            manager.register(seen.append, {"a": 1})
            if hasattr(queue, "put"):
                queue.put({"a": 1})
                queue.put(Queue.Empty)
            manager.run().join(LIMIT)
            assert seen == [{"a": 1}]


def test_what_is_no_mapping_is_counted_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue: standard.Queue[Any] = standard.Queue()
    reported: list[Any] = []
    manager = EventManager(queue, on_error=lambda *given: reported.append(given))
    manager.register(print, {"a": 1})
    for item in 5, None, [{"a": 1}], {"a": 2}, Queue.Empty:
        queue.put(item)
    manager.run().join(LIMIT)
    assert (manager.stats.rejected, manager.stats.events) == (3, 1)
    assert [(rule, item, type(error)) for rule, item, error in reported] == [
        (None, 5, TypeError),
        (None, None, TypeError),
        (None, [{"a": 1}], TypeError),
    ]
    assert "an event is a mapping" in caplog.text


def test_stop_ends_a_run_on_an_idle_queue_and_it_can_run_again() -> None:
    queue: standard.Queue[Any] = standard.Queue()
    seen: list[Any] = []
    manager = EventManager(queue)
    manager.register(seen.append, {})
    with manager as running:
        assert running is manager
        thread = manager._thread
        assert manager.run()._thread is thread
    assert not manager.is_running
    queue.put({"a": 1})
    manager.run()
    wait_for(lambda: seen)
    manager.stop()
    manager.join(LIMIT)
    assert seen == [{"a": 1}]


def test_a_callback_may_stop_the_run() -> None:
    queue: standard.Queue[Any] = standard.Queue()
    manager = EventManager(queue)
    manager.register(lambda event: manager.stop(), {})
    queue.put({})
    manager.run().join(LIMIT)
    assert not manager.is_running


def test_an_error_of_the_queue_ends_the_run_and_is_raised_by_join(
    caplog: pytest.LogCaptureFixture,
) -> None:
    manager = EventManager(BareQueue([])).run()
    with pytest.raises(IndexError):
        manager.join(LIMIT)
    with pytest.raises(IndexError), manager:
        wait_for(lambda: not manager.is_running)
    assert "an event manager ended: IndexError" in caplog.text


def test_run_without_a_queue_says_so() -> None:
    with pytest.raises(ValueError, match="needs a queue"):
        EventManager().run()


def test_events_are_triggered_by_a_run_and_by_hand_at_once() -> None:
    queue: standard.Queue[Any] = standard.Queue()
    seen: list[Any] = []
    manager = EventManager(queue)
    manager.register(lambda event: seen.append(event["n"]), {"n": lambda n: n >= 0})
    manager.run()
    for n in range(500):
        queue.put({"n": 2 * n})
        manager.trigger({"n": 2 * n + 1})
    queue.put(Queue.Empty)
    manager.join(LIMIT)
    assert sorted(seen) == list(range(1000))


@pytest.fixture(params=["ThreadPool", "ProcessPool"])
def pool(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = getattr(MultiProcessing(), request.param)(1)
    yield made
    made.terminate()
    made.join()


def test_the_documented_usage(pool: Any) -> None:
    """As the proof of concept has it, but for a comma and startswith."""
    in_process = type(pool).__name__ == "ThreadPool"
    queue: Any = standard.Queue() if in_process else Queue()
    event_manager = EventManager(queue, async_pool=pool).run()

    # register events
    commands: list[Any] = []
    responses: list[Any] = []
    event_manager.register(
        callback=lambda event: commands.append(event),
        condition={
            "name.type": ["command", "response"],
            "action": lambda x: x.startswith("test"),
        },
        options={"async": True},
    )
    event_manager.register(
        lambda event: responses.append(event), condition={"type": "response"}
    )

    # add events to queue to trigger events
    queue.put({"name": {"type": "command"}, "action": "testCommand"})
    queue.put({"type": "response", "value": "success"})
    queue.put(Queue.Empty)
    event_manager.join(LIMIT)

    # manually trigger events
    event_manager.trigger({"type": "response", "value": "complete"})

    assert [response["value"] for response in responses] == ["success", "complete"]
    assert event_manager.stats.callbacks == 3
    assert event_manager.stats.errors == 0
    (result,) = event_manager.trigger(
        {"name": {"type": "response"}, "action": "testResponse"}
    )
    assert result.get(LIMIT) is None
    # One worker: what was handed over before is done. A process has its own list.
    done = [event["action"] for event in commands]
    assert done == (["testCommand", "testResponse"] if in_process else [])


def test_a_rule_for_once_goes_to_a_pool_once(pool: Any) -> None:
    manager = EventManager(async_pool=pool)
    manager.register_once(lambda event: event["n"] * 2, {"n": [1, 2]}, {"async": True})
    results: list[Any] = []
    barrier = threading.Barrier(3)

    def work() -> None:
        barrier.wait(LIMIT)
        results.extend(manager.trigger({"n": 2}))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert [result.get(LIMIT) for result in results] == [4]


def double(event: Any) -> Any:
    return 2 * event["n"]


@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_any_executor_is_a_pool(kind: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    executor: Any = (
        ThreadPoolExecutor(1)
        if kind == "threads"
        else ProcessPoolExecutor(1, mp_context=spawn)
    )
    with executor:
        manager = EventManager(async_pool=executor)
        manager.register(double, {"n": 4}, {"async": True})
        (future,) = manager.trigger({"n": 4})
        assert future.result(LIMIT) == 8


def test_the_names_stand_at_the_front_door() -> None:
    assert chronomux.EventManager is EventManager
    assert chronomux.Condition is chronomux.event.Condition  # type: ignore[attr-defined]
