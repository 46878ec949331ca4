"""What may be said about how callbacks are called: of a manager, a rule, one event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chronomux.event.pools import checked_pool

__all__ = ["NO_OPTIONS", "check_async", "checked_options", "chosen"]

OPTIONS = ("async", "async_pool", "debug", "on_error")
NO_OPTIONS: dict[str, Any] = {}


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


def chosen(name: str, *options: Mapping[str, Any] | None) -> Any:
    """The option of the first that has it."""
    for given in options:
        if given and name in given:
            return given[name]
    raise AssertionError(name)


def check_async(*options: Mapping[str, Any]) -> None:
    """ValueError for calls that are to go to a pool without one."""
    if chosen("async", *options) and chosen("async_pool", *options) is None:
        raise ValueError(
            "{'async': True} needs a pool: give EventManager(async_pool=...), or "
            "'async_pool' beside it"
        )
