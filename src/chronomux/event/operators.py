"""What a condition may ask of a value, beyond being equal to one.

An operator is a callable of one value that says whether it holds. A condition shows it
one element at a time where the event has a list; `whole`, `contains_all`, `exists` and
`absent` look at what stands at the path as it is.

No operator but `absent` holds where the event has nothing at the path, negatives like
`none_of` included. Text operators hold for str only, numeric ones for what can be
compared with their bounds, never for bools or NaN.

>>> from chronomux.event import Condition
>>> from chronomux.event.operators import between, prefix
>>> Condition({"action": prefix("test"), "level": between(1, 3)}).matches(
...     {"action": "testCommand", "level": 2}
... )
True
"""

from __future__ import annotations

from chronomux.event.address_operators import cidr
from chronomux.event.choice_operators import (
    absent,
    any_of_fields,
    contains_all,
    exists,
    none_of,
    one_of,
    whole,
)
from chronomux.event.operator import Operator
from chronomux.event.range_operators import above, below, between
from chronomux.event.text_operators import (
    ignore_case,
    prefix,
    regex,
    suffix,
    wildcard,
)

__all__ = [
    "Operator",
    "above",
    "absent",
    "any_of_fields",
    "below",
    "between",
    "cidr",
    "contains_all",
    "exists",
    "ignore_case",
    "none_of",
    "one_of",
    "prefix",
    "regex",
    "suffix",
    "whole",
    "wildcard",
]
