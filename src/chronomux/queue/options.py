"""The options of multiplexers: names, defaults, and what values they take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from chronomux._core.keypath import KeyPath
from chronomux.types import SortKey

__all__ = ["Options", "SortedOptions", "collect", "same_sort_key", "sort_key_function"]

Chosen = TypeVar("Chosen", bound="Options")


def one_of(name: str, value: object, *choices: str) -> None:
    if value not in choices:
        raise ValueError(
            f"{name}={value!r}: use one of {', '.join(map(repr, choices))}"
        )


def count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name}={value!r}: use a whole number")


@dataclass(frozen=True)
class Options:
    max_size: int = 0
    maxsize_input: int | None = None
    maxsize_output: int | None = None
    wait_for_n_input_queues: int = 1
    wait_for_n_output_queues: int = 1
    on_dead_input: str = "raise"

    def __post_init__(self) -> None:
        for name in ("max_size", "wait_for_n_input_queues", "wait_for_n_output_queues"):
            count(name, getattr(self, name))
        for name in ("maxsize_input", "maxsize_output"):
            if getattr(self, name) is not None:
                count(name, getattr(self, name))
        one_of("on_dead_input", self.on_dead_input, "raise", "end", "wait")

    @property
    def input_size(self) -> int:
        return self.max_size if self.maxsize_input is None else self.maxsize_input

    @property
    def output_size(self) -> int:
        return self.max_size if self.maxsize_output is None else self.maxsize_output


@dataclass(frozen=True)
class SortedOptions(Options):
    sort_key: SortKey = None
    sort_direction: str = "min"
    sort_reverse: bool = False
    on_disorder: str = "emit"
    idle_timeout: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("sort_direction", self.sort_direction, "min", "max")
        one_of("on_disorder", self.on_disorder, "emit", "drop", "raise")
        if self.idle_timeout is not None and not self.idle_timeout >= 0:
            raise ValueError(f"idle_timeout={self.idle_timeout!r}: use seconds or None")
        self.key()

    @property
    def greatest_first(self) -> bool:
        return (self.sort_direction == "max") != bool(self.sort_reverse)

    def key(self) -> Callable[[Any], Any] | None:
        """The sort key as a function; None for the item itself."""
        return sort_key_function(self.sort_key)


def sort_key_function(sort_key: SortKey) -> Callable[[Any], Any] | None:
    """What takes the key from an item; None for the item itself."""
    if sort_key is None:
        return None
    if isinstance(sort_key, str):
        return KeyPath(*sort_key.split("."))
    if callable(sort_key):
        return sort_key
    try:
        return KeyPath(*sort_key)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"sort_key={sort_key!r}: use None, a callable, a path 'a.b.c' "
            f"or a list of its names ({error})"
        ) from None


def same_sort_key(left: SortKey, right: SortKey) -> bool:
    """Whether two give the same key of every item, as far as one can tell."""
    one, other = (
        key if key is None or callable(key) else path(key) for key in (left, right)
    )
    return one is other or (type(one) is type(other) and bool(one == other))


def path(sort_key: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(sort_key.split(".") if isinstance(sort_key, str) else sort_key)


def collect(
    kind: type[Chosen],
    given: tuple[Mapping[str, Any], ...],
    keywords: Mapping[str, Any],
) -> Chosen:
    """Options from mappings and keywords; a later one wins."""
    chosen: dict[str, Any] = {}
    for options in (*given, keywords):
        if not isinstance(options, Mapping):
            raise TypeError(f"options come as mappings or keywords, not as {options!r}")
        chosen.update(options)
    valid = [field.name for field in fields(kind)]
    for name in chosen:
        if name not in valid:
            raise TypeError(f"unknown option {name!r}; valid are {', '.join(valid)}")
    return kind(**chosen)
