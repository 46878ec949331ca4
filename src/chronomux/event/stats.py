"""What an EventManager has done so far, as `EventManager.stats` gives it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ManagerStats", "RuleStats"]


@dataclass(frozen=True)
class ManagerStats:
    """events: triggered. matches: rules that they matched. callbacks: of these, called
    or handed to a pool. errors: exceptions of callbacks and predicates. rejected: items
    of the queue that were no mappings.
    """

    events: int = 0
    matches: int = 0
    callbacks: int = 0
    errors: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class RuleStats:
    """callbacks: how often it was called or handed to a pool. errors: how often that,
    or a predicate of its condition, raised.
    """

    callbacks: int = 0
    errors: int = 0
