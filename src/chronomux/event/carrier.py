"""Rules carried out, here or in a pool, and what goes wrong with them reported."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from chronomux._core.conditions.dispatch import Dispatcher, Rule
from chronomux.event.operator import qualified_name
from chronomux.event.options import chosen
from chronomux.event.overseer import Overseer
from chronomux.event.pools import hand_over
from chronomux.event.registry import Registry

__all__ = ["Carrier", "OnError"]

logger = logging.getLogger("chronomux")

OnError: TypeAlias = Callable[[Rule | None, Any, Exception], object]


class Carrier:
    """The rules of a manager, and how they are carried out.

    options: all of them, as the manager has them; those of a rule and of one event
    come before. The dispatcher calls what needs none of them itself.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.dispatcher = Dispatcher(
            self._carry_out, self._failed, self.predicate_failed
        )
        self.registry = Registry(self.dispatcher)
        self._overseer = Overseer()

    def start_clean(self) -> None:
        """In a forked child: the parent's threads are not here, nor its results."""
        self.registry.renew_lock()
        self.dispatcher.start_clean()
        self._overseer = Overseer()

    def reject(self, item: Any) -> None:
        """Report what came off a queue and is no event."""
        error = TypeError(f"an event is a mapping, not {item!r}")
        logger.error("an event was not taken: %s", str(error))
        tell(self.options["on_error"], None, item, error)

    def tell(self, rule: Rule | None, event: Any, error: Exception) -> None:
        """Tell `on_error` of what is logged already."""
        tell(self.options["on_error"], rule, event, error)

    def predicate_failed(self, index: int, event: Any, error: Exception) -> None:
        """Does not match, then; the event goes on to the others."""
        rule = self.registry.get(index)
        self.dispatcher.count_error(rule)
        if rule is not None:
            self._report(rule, event, error, None, what="a predicate of")
            return
        # It was unregistered meanwhile, or is being registered.
        logger.error("a predicate of rule %d: %s", index, str(error))
        tell(self.options["on_error"], None, event, error)

    def _carry_out(self, rule: Rule, event: Any, options: Any) -> list[Any]:
        """For rules that are not plain: a list of one result, or of none."""
        if rule.once and not self.registry.remove(rule):
            return []
        given = (options, rule.options, self.options)
        if chosen("debug", *given):
            name = qualified_name(rule.callback)
            logger.debug("rule %d calls %s for %r", rule.index, name, event)

        def failed(error: Exception) -> None:
            self.dispatcher.count_error(rule)
            self._report(rule, event, error, options)

        if chosen("async", *given):
            pool = chosen("async_pool", *given)
            return [hand_over(pool, rule.callback, event, failed, self._overseer)]
        try:
            return [rule.callback(event)]
        except Exception as error:
            failed(error)
            return [error]

    def _failed(self, rule: Rule, event: Any, error: Exception) -> None:
        """Counted already."""
        self._report(rule, event, error, None)

    def _report(
        self,
        rule: Rule,
        event: Any,
        error: Exception,
        options: Any,
        what: str = "callback",
    ) -> None:
        name = qualified_name(rule.callback)
        # Its text: a record that a handler keeps must not keep the event alive.
        text = f"{type(error).__name__}: {error}"
        logger.error("%s %s, rule %d: %s", what, name, rule.index, text)
        on_error = chosen("on_error", options, rule.options, self.options)
        tell(on_error, rule, event, error)


def tell(
    on_error: OnError | None, rule: Rule | None, event: Any, error: Exception
) -> None:
    if on_error is None:
        return
    try:
        on_error(rule, event, error)
    except Exception as another:
        kind = type(another).__name__
        logger.error("%s raised %s: %s", qualified_name(on_error), kind, str(another))
