"""Commands that want a response, live: what `EventManager.expect` gives."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from chronomux.event.condition import Condition
from chronomux.event.ledger import Ledger
from chronomux.event.operator import qualified_name
from chronomux.event.paths import comparable, value_at

__all__ = ["Expectation", "ExpectationStats", "Expectations"]

logger = logging.getLogger("chronomux")

OnMissing: TypeAlias = Callable[[Any], object]
OnFailure: TypeAlias = Callable[[Any, Any, Exception], object]
"""Called with a callable, the event and what it raised."""

_ANY: Hashable = ()  # the key of all, where nothing must be the same


@dataclass(frozen=True)
class ExpectationStats:
    """asked: commands. answered: of these, in time. missing: those whose time passed.
    waiting: the others. given_up: those of which more waited than may. unasked:
    responses that no command waited for. untimed: commands and responses without a
    time, which are left out of all of these.
    """

    asked: int = 0
    answered: int = 0
    missing: int = 0
    waiting: int = 0
    given_up: int = 0
    unasked: int = 0
    untimed: int = 0


class Expectation:
    """Commands that match `condition` want a response; `EventManager.expect` makes it.

    `condition`, `response`, `same` and `within` (in units of the timestamps) are what
    was asked for. `on_missing` and `on_unasked` are called without a lock.
    """

    def __init__(
        self,
        condition: Condition,
        response: Condition,
        within: int | float,
        same: str | None,
        timestamp: str,
        most: int,
        on_missing: OnMissing | None,
        on_unasked: OnMissing | None,
    ) -> None:
        self.condition, self.response = condition, response
        self.within, self.same, self.timestamp = within, same, timestamp
        self._on_missing, self._on_unasked = on_missing, on_unasked
        self._ledger = Ledger(within, most)
        self._untimed = 0
        self._cancelled = False
        self.renew_lock()

    @property
    def stats(self) -> ExpectationStats:
        """What was found so far."""
        with self._lock:
            of = self._ledger
            counts = of.asked, of.answered, of.missing, len(of), of.given_up, of.unasked
            return ExpectationStats(*counts, self._untimed)

    def cancel(self) -> None:
        """Expect nothing any more; who waits is neither answered nor missing."""
        self._cancelled = True

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled

    def renew_lock(self) -> None:
        """In a forked child: the thread that held it is not there."""
        self._lock = threading.Lock()

    def take(self, event: Any, failed: OnFailure) -> None:
        """An event comes. `failed` hears of predicates and callbacks that raise."""
        time = event_time(event, self.timestamp)
        is_response = self._matches(self.response, event, failed)
        is_command = self._matches(self.condition, event, failed)
        if time is None:
            with self._lock:
                self._untimed += is_response or is_command
            return
        key = _ANY
        if self.same is not None and (is_response or is_command):
            key = comparable(value_at(event, self.same))
        with self._lock:
            missing = self._ledger.passed(time)
            # A response first: nothing answers itself.
            asked = self._ledger.unasked
            if is_response:
                self._ledger.answer(time, key)
            is_unasked = self._ledger.unasked > asked
            if is_command:
                self._ledger.ask(time, key, event)
        self._call(self._on_missing, missing, failed)
        self._call(self._on_unasked, [event] if is_unasked else [], failed)

    def finish(self, failed: OnFailure) -> None:
        """No more events come: who waits is missing its response."""
        with self._lock:
            missing = [] if self._cancelled else self._ledger.finish()
        self._call(self._on_missing, missing, failed)

    def _matches(self, condition: Condition, event: Any, failed: OnFailure) -> bool:
        try:
            return condition.matches(event)
        except Exception as error:  # does not match, as with rules
            failed(condition, event, error)
            return False

    def _call(
        self, callback: OnMissing | None, events: list[Any], failed: OnFailure
    ) -> None:
        if callback is None:
            return
        for event in events:
            try:
                callback(event)
            except Exception as error:
                failed(callback, event, error)


class Expectations:
    """All those of a manager. Each costs an event the trial of two conditions."""

    def __init__(self, tell: OnFailure) -> None:
        self._tell = tell
        self._all: tuple[Expectation, ...] = ()
        self.renew_lock()

    def renew_lock(self) -> None:
        self._lock = threading.Lock()
        for one in self._all:
            one.renew_lock()

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, expectation: Expectation) -> None:
        with self._lock:
            self._all = (*self._kept(), expectation)

    def take(self, event: Any) -> None:
        """What is no mapping is no event, and others refuse it."""
        if not isinstance(event, (dict, Mapping)):
            return
        for one in self._all:
            if one.is_cancelled:
                self._drop_cancelled()
            else:
                one.take(event, self._failed)

    def finish(self) -> None:
        for one in self._all:
            one.finish(self._failed)

    def _drop_cancelled(self) -> None:
        with self._lock:
            self._all = self._kept()

    def _kept(self) -> tuple[Expectation, ...]:
        return tuple(one for one in self._all if not one.is_cancelled)

    def _failed(self, what: Any, event: Any, error: Exception) -> None:
        name = "a predicate" if isinstance(what, Condition) else qualified_name(what)
        text = f"{type(error).__name__}: {error}"
        logger.error("%s of an expectation: %s", name, text)
        self._tell(None, event, error)


def event_time(event: Any, path: str) -> int | float | None:
    """The number that stands there; None for anything else."""
    time = value_at(event, path)
    if isinstance(time, bool) or not isinstance(time, (int, float)) or time != time:
        return None
    return time
