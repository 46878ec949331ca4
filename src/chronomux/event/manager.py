"""Callbacks for events, by condition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chronomux._core.conditions.dispatch import Rule
from chronomux.errors import UnknownRule
from chronomux.event.carrier import Carrier, OnError
from chronomux.event.condition import Condition
from chronomux.event.expectation import Expectation, Expectations
from chronomux.event.expectation_options import (
    checked_callback,
    checked_most,
    checked_path,
    checked_ticks,
)
from chronomux.event.operator import OnFields, qualified_name
from chronomux.event.options import NO_OPTIONS, check_async, checked_options
from chronomux.event.runner import Runner
from chronomux.event.stats import ManagerStats, RuleStats
from chronomux.types import QueueLike

__all__ = ["EventManager"]


class EventManager(Runner):
    """Calls callbacks with the events that match their conditions.

    queue: where `run()` takes events from: any object with `get`.
    debug: log every event and the rules it matches, at level DEBUG.
    async_pool: where callbacks go whose rule says {'async': True}: any
        `concurrent.futures.Executor`, or a pool of `MultiProcessing`, pathos or
        multiprocessing. What they raise there is in the future, as ever, and it is
        reported as well: by the future's `add_done_callback` or the pool's
        `error_callback`, in a thread of the pool, which must not be held up there;
        else within 0.1 s by a thread that looks after its `ready`, `wait` and `get`.
        Nothing is reported of a result with none of these, and what is not ready when
        the process ends is not.
    on_error: called with (rule, event, exception) when a callback or a predicate raises
        (rule: `index`, `callback`, `condition`), or with rule None for an item of the
        queue that is no mapping. What it raises is logged.

    Options of a rule or of one `trigger` are 'async' and any of debug, async_pool and
    on_error; trigger goes before rule, rule before manager.

    Everything may be called from any thread, and from callbacks. What an event costs
    hardly depends on the number of rules.

    >>> manager = EventManager()
    >>> manager.register(lambda event: event["level"] + 1, {"name.type": "command"})
    0
    >>> manager.trigger({"name": {"type": "command"}, "level": 3})
    [4]
    """

    def __init__(
        self,
        queue: QueueLike | None = None,
        debug: bool = False,
        async_pool: Any = None,
        on_error: OnError | None = None,
    ) -> None:
        self._options = checked_options(
            {
                "async": False,
                "async_pool": async_pool,
                "debug": bool(debug),
                "on_error": on_error,
            }
        )
        self._defaults = {"debug": True} if debug else NO_OPTIONS
        self._carrier = Carrier(self._options)
        self._dispatcher = self._carrier.dispatcher
        self._registry = self._carrier.registry
        self._expectations = Expectations(self._carrier.tell)
        self._rejected = 0
        super().__init__(queue)

    # Rules

    def register(
        self,
        callback: Callable[[Any], Any],
        condition: Mapping[str, Any] | OnFields,
        options: Mapping[str, Any] | None = None,
    ) -> int:
        """Call back with every event that matches; return the index of the rule.

        Indices count up from 0 and are never given twice. TypeError for what is no
        callable, condition or option; ValueError for {'async': True} without a pool.
        """
        return self._register(callback, condition, options, once=False)

    def register_once(
        self,
        callback: Callable[[Any], Any],
        condition: Mapping[str, Any] | OnFields,
        options: Mapping[str, Any] | None = None,
    ) -> int:
        """The same for the first event only: the rule is gone before the call."""
        return self._register(callback, condition, options, once=True)

    def _register(self, callback: Any, condition: Any, options: Any, once: bool) -> int:
        if not callable(callback):
            raise TypeError(f"a callback is a callable, not {callback!r}")
        if not isinstance(condition, Condition):
            condition = Condition(checked_condition(condition))
        given = checked_options(options)
        if self._defaults:
            given = {**self._defaults, **given}
        check_async(given, self._options)
        return self._registry.add(Rule(callback, condition, given, once))

    def unregister(
        self,
        callback_or_index: Callable[[Any], Any] | int,
        condition: Mapping[str, Any] | OnFields | None = None,
    ) -> int:
        """Remove the rule of this index, or all of this callback; with a condition,
        those of them that have it. Return how many; UnknownRule if there are none."""
        wanted = None if condition is None else Condition(checked_condition(condition))
        removed = sum(
            self._registry.remove(rule)
            for rule in self._rules_of(callback_or_index)
            if wanted is None or rule.condition == wanted
        )
        if not removed:
            which = f"callback {qualified_name(callback_or_index)}"
            if isinstance(callback_or_index, int):
                which = f"rule {callback_or_index}"
            where = "" if wanted is None else f" for {wanted!r}"
            raise UnknownRule(f"{which}{where} is not registered")
        return removed

    def _rules_of(self, callback_or_index: Any) -> list[Rule]:
        if isinstance(callback_or_index, int):
            rule = self._registry.get(checked_index(callback_or_index))
            return [] if rule is None else [rule]
        if not callable(callback_or_index):
            raise TypeError(
                f"unregister() takes a callback or an index, not {callback_or_index!r}"
            )
        return self._registry.of_callback(callback_or_index)

    def unregister_index(self, index: int) -> None:
        """Remove the rule of this index. UnknownRule if there is none."""
        rule = self._registry.get(checked_index(index))
        if rule is None or not self._registry.remove(rule):
            raise UnknownRule(f"no rule has the index {index}")

    # Expectations

    def expect(
        self,
        condition: Mapping[str, Any] | OnFields,
        response: Mapping[str, Any] | OnFields,
        within: float,
        same: str | None = None,
        on_missing: Callable[[Any], object] | None = None,
        *,
        on_unasked: Callable[[Any], object] | None = None,
        timestamp: str = "timestamp",
        per_second: int = 10**9,
        most: int = 1 << 16,
    ) -> Expectation:
        """Want a response to every event that matches the condition, a command.

        It must match `response`, and come at most `within` seconds after the command,
        in event time: that at the path `timestamp`, of which there are `per_second` in
        a second (so 10**9 for ns). With `same` a path, what stands there must be equal
        in both; where nothing or NaN stands, nothing is. A response answers one
        command, the oldest that waits for it and is not younger.

        `on_missing(command)` is called once, when an event comes whose time is after
        the last moment for a response, before callbacks hear of that event; or when
        the queue of `run()` ends; or at `finish()`. `on_unasked(event)` is called for
        a response that no command waits for: too late, one too many, or for nothing.
        What they raise is logged and goes to `on_error`, with None as the rule.

        `most` commands wait at a time; of more the oldest is given up, counted and
        forgotten. `stats` of what is returned has all counts, its `cancel()` ends it.
        TypeError and ValueError for what is no condition, path, number or callable.
        """
        expectation = Expectation(
            Condition(checked_condition(condition)),
            Condition(checked_condition(response)),
            checked_ticks(within, per_second),
            None if same is None else checked_path(same, "same"),
            checked_path(timestamp, "timestamp"),
            checked_most(most),
            checked_callback(on_missing, "on_missing"),
            checked_callback(on_unasked, "on_unasked"),
        )
        self._expectations.add(expectation)
        return expectation

    def finish(self) -> None:
        """Say that no more events come: commands that wait are missing a response."""
        self._expectations.finish()

    def __len__(self) -> int:
        return len(self._registry)

    def __bool__(self) -> bool:
        return True

    # Events

    def trigger(
        self, event: Mapping[str, Any], options: Mapping[str, Any] | None = None
    ) -> list[Any]:
        """Call the callbacks of all rules that the event matches.

        Returns a result for each, in the order of registration: what the callback
        returned, the exception it raised, or the future of an async one. TypeError for
        an event that is no mapping.
        """
        if options is not None:
            options = checked_options(options) or None
            check_async(options or NO_OPTIONS, self._options)
        if self._expectations:
            self._expectations.take(event)
        return self._dispatcher.trigger(event, options)

    def match(self, event: Mapping[str, Any]) -> list[int]:
        """The indices of all rules that the event matches, in order; calls nothing."""
        return self._dispatcher.match(event, self._carrier.predicate_failed)

    def match_many(self, events: Iterable[Mapping[str, Any]]) -> list[list[int]]:
        """`match` for each of many events."""
        return self._dispatcher.match_many(events, self._carrier.predicate_failed)

    def match_rows(self, columns: Mapping[str, Any]) -> list[list[int]]:
        """`match` for each row of columns: batches of `CSVReader(rows='columns')`.

        What `match` gives for the rows as dicts, without the dicts. A missing value is
        None, and is there: `exists()` holds, `absent()` holds for no column of the
        batch. Takes any mapping of names to sequences of one length; others than typed
        columns cost a dict a row. TypeError for what is no such mapping, ValueError for
        columns of several lengths.
        """
        return self._dispatcher.match_rows(columns, self._carrier.predicate_failed)

    @property
    def stats(self) -> ManagerStats:
        """What was done so far."""
        done = self._dispatcher
        return ManagerStats(
            done.events, done.matches, done.callbacks, done.errors, self._rejected
        )

    def rule_stats(self, index: int) -> RuleStats:
        """What one rule did so far. UnknownRule if it is not registered."""
        rule = self._registry.get(index)
        if rule is None:
            raise UnknownRule(f"no rule has the index {index}")
        return RuleStats(rule.calls, rule.errors)

    def _start_clean(self) -> None:
        super()._start_clean()
        self._carrier.start_clean()
        self._expectations.renew_lock()

    def _take(self, event: Any) -> None:
        if isinstance(event, (dict, Mapping)):
            if self._expectations:
                self._expectations.take(event)
            self._dispatcher.trigger(event)
            return
        self._rejected += 1  # by this thread alone
        self._carrier.reject(event)


def checked_condition(condition: Any) -> Any:
    if not isinstance(condition, (Mapping, OnFields)):
        raise TypeError(f"a condition is a mapping of paths, not {condition!r}")
    return condition


def checked_index(index: Any) -> int:
    if isinstance(index, bool) or not isinstance(index, int):
        raise TypeError(f"the index of a rule is an int, not {index!r}")
    return index
