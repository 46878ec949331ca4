"""Callbacks for events, by condition."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from chronomux._core.conditions.dispatch import Dispatcher, Rule
from chronomux.errors import UnknownRule
from chronomux.event.condition import Condition
from chronomux.event.operator import OnFields, qualified_name
from chronomux.event.overseer import Overseer, can_be_asked
from chronomux.event.pools import checked_pool, hand_over
from chronomux.event.registry import Registry
from chronomux.event.runner import Runner
from chronomux.event.stats import ManagerStats, RuleStats
from chronomux.types import QueueLike

__all__ = ["EventManager"]

logger = logging.getLogger("chronomux")

OPTIONS = ("async", "async_pool", "debug", "on_error")
NO_OPTIONS: dict[str, Any] = {}

OnError = Callable[[Rule | None, Any, Exception], object]


class EventManager(Runner):
    """Calls callbacks with the events that match their conditions.

    queue: where `run()` takes events from: any object with `get`.
    debug: log every event and the rules it matches, at level DEBUG.
    async_pool: where callbacks go whose rule says {'async': True}: any
        `concurrent.futures.Executor`, or a pool of `MultiProcessing` or pathos. What
        they raise there is in the future, as ever, and it is reported as well: by the
        future's `add_done_callback`, or else within 0.1 s by a thread that asks its
        `ready` and `get`. Nothing is reported of a result that has neither, and what
        is not ready when the process ends is not.
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
        super().__init__(queue)
        self._options = checked_options(
            {
                "async": False,
                "async_pool": async_pool,
                "debug": bool(debug),
                "on_error": on_error,
            }
        )
        self._defaults = {"debug": True} if debug else NO_OPTIONS
        self._registry = Registry()
        self._dispatcher = Dispatcher(
            self._carry_out, self._failed, self._predicate_failed
        )
        self._overseer = Overseer()
        self._rejected = 0
        self._lock = threading.RLock()

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
        self._checked_pool_for(given)
        rule = Rule(callback, condition, given, once)
        with self._lock:
            index = self._dispatcher.register(rule)
            self._registry.add(rule)
        return index

    def unregister(
        self,
        callback_or_index: Callable[[Any], Any] | int,
        condition: Mapping[str, Any] | OnFields | None = None,
    ) -> int:
        """Remove the rule of this index, or all of this callback, or those of them
        with this condition; return how many. UnknownRule if there are none."""
        if isinstance(callback_or_index, int):
            self.unregister_index(callback_or_index)
            return 1
        if not callable(callback_or_index):
            raise TypeError(
                f"unregister() takes a callback or an index, not {callback_or_index!r}"
            )
        wanted = None if condition is None else Condition(checked_condition(condition))
        with self._lock:
            rules = self._registry.of_callback(callback_or_index)
            rules = [r for r in rules if wanted is None or r.condition == wanted]
            removed = sum(self._remove(rule) for rule in rules)
        if not removed:
            where = "" if wanted is None else f" for {wanted!r}"
            raise UnknownRule(
                f"callback {qualified_name(callback_or_index)}{where} is not registered"
            )
        return removed

    def unregister_index(self, index: int) -> None:
        """Remove the rule of this index. UnknownRule if there is none."""
        if isinstance(index, bool) or not isinstance(index, int):
            raise TypeError(f"the index of a rule is an int, not {index!r}")
        with self._lock:
            rule = self._registry.get(index)
            if rule is None or not self._remove(rule):
                raise UnknownRule(f"no rule has the index {index}")

    def _remove(self, rule: Rule) -> bool:
        """Whether the rule was there: one that is to be called once may be claimed."""
        with self._lock:
            if not rule.claim():
                return False
            self._registry.remove(rule)
            self._dispatcher.remove(rule.index)
            return True

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
            self._checked_pool_for(options or NO_OPTIONS)
        return self._dispatcher.trigger(event, options)

    def match(self, event: Mapping[str, Any]) -> list[int]:
        """The indices of all rules that the event matches, in order; calls nothing."""
        return self._dispatcher.match(event, self._predicate_failed)

    def match_many(self, events: Iterable[Mapping[str, Any]]) -> list[list[int]]:
        """`match` for each of many events."""
        return self._dispatcher.match_many(events, self._predicate_failed)

    def match_rows(self, columns: Mapping[str, Any]) -> list[list[int]]:
        """`match` for each row of columns: batches of `CSVReader(rows='columns')`.

        What `match` gives for the rows as dicts, without the dicts. A missing value is
        None, and is there: `exists()` holds, `absent()` holds for no column of the
        batch. Takes any mapping of names to sequences of one length; others than typed
        columns cost a dict a row. TypeError for what is no such mapping, ValueError for
        columns of several lengths.
        """
        return self._dispatcher.match_rows(columns, self._predicate_failed)

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

    # Carrying out

    def _option(self, name: str, rule: Rule | None, options: Any = None) -> Any:
        """Trigger over rule over manager."""
        for given in (options, rule and rule.options, self._options):
            if given and name in given:
                return given[name]
        raise AssertionError(name)

    def _checked_pool_for(self, options: Mapping[str, Any]) -> None:
        merged = {**self._options, **options}
        if merged["async"] and merged["async_pool"] is None:
            raise ValueError(
                "{'async': True} needs a pool: give EventManager(async_pool=...), or "
                "'async_pool' beside it"
            )

    def _carry_out(self, rule: Rule, event: Any, options: Any) -> list[Any]:
        """For rules that are not plain: a list of one result, or of none."""
        if rule.once and not self._remove(rule):
            return []
        if self._option("debug", rule, options):
            name = qualified_name(rule.callback)
            logger.debug("rule %d calls %s for %r", rule.index, name, event)
        if not self._option("async", rule, options):
            return [self._called(rule, event, options)]
        pool = self._option("async_pool", rule, options)
        future = hand_over(pool, rule.callback, event)
        if callable(getattr(future, "add_done_callback", None)):
            future.add_done_callback(
                lambda done: self._done(rule, event, options, done)
            )
        elif can_be_asked(future):
            self._overseer.add(
                future, lambda error: self._gone_wrong(rule, event, options, error)
            )
        return [future]

    def _called(self, rule: Rule, event: Any, options: Any) -> Any:
        try:
            return rule.callback(event)
        except Exception as error:
            self._gone_wrong(rule, event, options, error)
            return error

    def _done(self, rule: Rule, event: Any, options: Any, future: Any) -> None:
        """A pool has done its part."""
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, Exception):
            self._gone_wrong(rule, event, options, error)

    def _gone_wrong(self, rule: Rule, event: Any, options: Any, error: Any) -> None:
        self._dispatcher.count_error(rule)
        self._report(rule, event, error, self._option("on_error", rule, options))

    def _failed(self, rule: Rule, event: Any, error: Exception) -> None:
        self._report(rule, event, error, self._option("on_error", rule))

    def _predicate_failed(self, index: int, event: Any, error: Exception) -> None:
        """Does not match, then; the event goes on to the others."""
        rule = self._registry.get(index)
        self._dispatcher.count_error(rule)
        self._report(
            rule, event, error, self._option("on_error", rule), "a predicate of"
        )

    def _report(
        self,
        rule: Rule | None,
        event: Any,
        error: Exception,
        on_error: OnError | None,
        what: str = "callback",
    ) -> None:
        if rule is None:
            logger.error("an event was not taken: %s", str(error))
        else:
            name = qualified_name(rule.callback)
            # Its text: a record that a handler keeps must not keep the event alive.
            text = f"{type(error).__name__}: {error}"
            logger.error("%s %s, rule %d: %s", what, name, rule.index, text)
        if on_error is None:
            return
        try:
            on_error(rule, event, error)
        except Exception as another:
            kind = type(another).__name__
            logger.error(
                "%s raised %s: %s", qualified_name(on_error), kind, str(another)
            )

    def _take(self, event: Any) -> None:
        if isinstance(event, (dict, Mapping)):
            self._dispatcher.trigger(event)
            return
        self._rejected += 1  # by this thread alone
        error = TypeError(f"an event is a mapping, not {event!r}")
        self._report(None, event, error, self._options["on_error"])


def checked_condition(condition: Any) -> Any:
    if not isinstance(condition, (Mapping, OnFields)):
        raise TypeError(f"a condition is a mapping of paths, not {condition!r}")
    return condition


def checked_options(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy. TypeError for unknown options and for values that cannot be one."""
    if options is None:
        return NO_OPTIONS
    if not isinstance(options, Mapping):
        raise TypeError(
            f"options are a mapping like {{'async': True}}, not {options!r}"
        )
    for name in options:
        if name not in OPTIONS:
            raise TypeError(f"unknown option {name!r}; there are {', '.join(OPTIONS)}")
    on_error = options.get("on_error")
    if on_error is not None and not callable(on_error):
        raise TypeError(f"on_error is a callable, not {on_error!r}")
    checked_pool(options.get("async_pool"))
    return dict(options)
