"""Captures put in order, replayed and reported on. The one room that knows the others.

Paths come in; one chronological capture, a live stream or a report goes out. Names are
imported on first use: a merge needs no pools, and a demo no merge.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chronomux.replay.demonstration import Demonstrated, SourceCount, demonstrate
    from chronomux.replay.merging import merge_files
    from chronomux.replay.reports import MergeReport, SourceReport
    from chronomux.replay.scl import scl_condition, scl_rules
    from chronomux.writers.output import Output, OutputIsInputError

_HOMES = {
    "Demonstrated": "chronomux.replay.demonstration",
    "MergeReport": "chronomux.replay.reports",
    "Output": "chronomux.writers.output",
    "OutputIsInputError": "chronomux.writers.output",
    "SourceCount": "chronomux.replay.demonstration",
    "SourceReport": "chronomux.replay.reports",
    "demonstrate": "chronomux.replay.demonstration",
    "merge_files": "chronomux.replay.merging",
    "scl_condition": "chronomux.replay.scl",
    "scl_rules": "chronomux.replay.scl",
}

__all__ = [
    "Demonstrated",
    "MergeReport",
    "Output",
    "OutputIsInputError",
    "SourceCount",
    "SourceReport",
    "demonstrate",
    "merge_files",
    "scl_condition",
    "scl_rules",
]


def __getattr__(name: str) -> Any:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
