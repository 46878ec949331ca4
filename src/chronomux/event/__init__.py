"""Conditions on events, and callbacks that are called for the events they match.

An event is a mapping, most often a dict; `operators` says what a condition may ask of
its values beyond equality. An expectation wants a response to every command.
"""

from chronomux.event import operators
from chronomux.event.condition import Condition
from chronomux.event.expectation import Expectation, ExpectationStats
from chronomux.event.manager import EventManager
from chronomux.event.stats import ManagerStats, RuleStats

__all__ = [
    "Condition",
    "EventManager",
    "Expectation",
    "ExpectationStats",
    "ManagerStats",
    "RuleStats",
    "operators",
]
