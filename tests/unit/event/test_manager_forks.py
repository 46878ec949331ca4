"""A manager in a forked child: what other threads of the parent did there goes on."""

from __future__ import annotations

import gc
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chronomux import EventManager

LIMIT = 60.0

pytestmark = [
    pytest.mark.forks,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing is forked here"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


class Callback:
    """One that a weak reference can watch."""

    def __call__(self, event: Any) -> int:
        return 1


class Pause:
    """A thread that stops in the middle of what it does, until the test is over."""

    def __init__(self) -> None:
        self.reached, self.over = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], Any]) -> None:
        self.threads.append(threading.Thread(target=work))
        self.threads[-1].start()
        assert self.reached.wait(LIMIT)

    def here(self, *value: Any) -> bool:
        self.reached.set()
        return self.over.wait(LIMIT)


@pytest.fixture
def pause() -> Iterator[Pause]:
    made = Pause()
    yield made
    made.over.set()
    for thread in made.threads:
        thread.join(LIMIT)


def holds_in_a_child(claim: Callable[[], bool]) -> bool:
    """Whether it does; AssertionError if the child never ends."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = int(not claim())
        finally:
            os._exit(status)
    deadline = time.monotonic() + LIMIT
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            pytest.fail("the child waits for what no thread of it will do")
        time.sleep(0.01)
    return os.waitstatus_to_exitcode(ended[1]) == 0


def test_a_child_forked_while_a_manager_is_locked_can_use_it(pause: Pause) -> None:
    """Whatever locks other threads of the parent hold, and what they wait for."""
    manager, callback = EventManager(), Callback()
    manager.register(callback, {"i": 1})
    overseer = manager._carrier._overseer
    locks = [overseer._lock, manager._registry._lock, manager._starting]

    def hold_locks() -> None:
        for lock in locks:
            lock.acquire()
        pause.here()
        for lock in locks:
            lock.release()

    class Failed:
        """A result that is there, and is an error."""

        ready = wait = staticmethod(lambda *seconds: True)

        def get(self) -> None:
            raise ZeroDivisionError

    def claim() -> bool:
        manager.unregister(callback)
        manager.register(callback, {"i": 1})
        told = threading.Event()
        manager._carrier._overseer.add(Failed(), lambda error: told.set())
        return told.wait(LIMIT) and manager.trigger({"i": 1}) == [1]

    pause.begin(hold_locks)
    assert holds_in_a_child(claim)


def test_a_child_forked_in_the_middle_of_a_match_lets_rules_go(pause: Pause) -> None:
    """Another thread asks a predicate when the process is forked."""
    manager = EventManager()
    early, late = Callback(), Callback()
    watched = [weakref.ref(early), weakref.ref(late)]
    manager.register(early, {"b": 1})
    manager.register(late, {"b": [1, 2]})
    manager.register(print, {"a": pause.here})
    pause.begin(lambda: manager.match({"a": 1}))
    manager.unregister(early)
    del early

    def claim() -> bool:
        nonlocal late
        manager.unregister(late)
        del late
        gc.collect()
        manager._dispatcher._check()
        return [ref() for ref in watched] == [None, None]

    assert holds_in_a_child(claim)
    assert watched[0]() is not None  # the match of the parent goes on
    assert manager.match({"b": 1}) == [1]


def test_a_child_forked_by_a_predicate_can_use_the_manager(pause: Pause) -> None:
    """In the middle of a match of its own, which the parent carries on with."""
    manager = EventManager()
    results: list[bool] = []

    def forks(value: Any) -> bool:
        def claim() -> bool:
            manager.unregister(0)
            manager.register(len, {"a": 1})
            return bool(manager.match({"a": 1, "c": 1}) == [2])

        results.append(holds_in_a_child(claim))
        return True

    manager.register(len, {"a": 1})
    manager.register(len, {"b": forks})
    assert manager.trigger({"a": 1, "b": 1}) == [2, 2]
    assert results == [True]
