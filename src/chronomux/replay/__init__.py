"""Captures put in order, replayed and reported on. The one room that knows the others.

Paths come in; one chronological capture, a live stream or a report goes out. Names are
imported on first use: a merge needs no pools, and a demo no merge.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chronomux.replay.catenation import Catenation
    from chronomux.replay.checks.checking import check
    from chronomux.replay.checks.report import Finding, Report
    from chronomux.replay.demonstration import Demonstrated, SourceCount, demonstrate
    from chronomux.replay.merging.files import merge_files
    from chronomux.replay.opening import Capture, open
    from chronomux.replay.playing.player import Player, PlayStats, play
    from chronomux.replay.reports import MergeReport, SourceReport
    from chronomux.replay.scl import scl_condition, scl_rules
    from chronomux.replay.scl_reader import SCLReader
    from chronomux.replay.survey import SourceInfo
    from chronomux.writers.output import Output, OutputIsInputError

_HOMES = {
    "Capture": "chronomux.replay.opening",
    "Catenation": "chronomux.replay.catenation",
    "Demonstrated": "chronomux.replay.demonstration",
    "Finding": "chronomux.replay.checks.report",
    "MergeReport": "chronomux.replay.reports",
    "Output": "chronomux.writers.output",
    "OutputIsInputError": "chronomux.writers.output",
    "PlayStats": "chronomux.replay.playing.player",
    "Player": "chronomux.replay.playing.player",
    "Report": "chronomux.replay.checks.report",
    "SCLReader": "chronomux.replay.scl_reader",
    "SourceCount": "chronomux.replay.demonstration",
    "SourceInfo": "chronomux.replay.survey",
    "SourceReport": "chronomux.replay.reports",
    "check": "chronomux.replay.checks.checking",
    "demonstrate": "chronomux.replay.demonstration",
    "merge_files": "chronomux.replay.merging.files",
    "open": "chronomux.replay.opening",
    "play": "chronomux.replay.playing.player",
    "scl_condition": "chronomux.replay.scl",
    "scl_rules": "chronomux.replay.scl",
}

__all__ = [
    "Capture",
    "Catenation",
    "Demonstrated",
    "Finding",
    "MergeReport",
    "Output",
    "OutputIsInputError",
    "PlayStats",
    "Player",
    "Report",
    "SCLReader",
    "SourceCount",
    "SourceInfo",
    "SourceReport",
    "check",
    "demonstrate",
    "merge_files",
    "open",
    "play",
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
