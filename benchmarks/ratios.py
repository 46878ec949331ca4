"""The guard's arithmetic: a report's groups, their ratios, the floors under them.

A ratio is a contender's best time over ours in the same run: 3.0 means that we are
three times as fast. The best of the rounds, because the work is the same in each and
noise only adds to CPU time: a neighbour on the core or in the cache makes rounds up to
twice as slow, in spells that last for seconds. The same code raced against itself on a
busy two-core machine differed by up to 39 % in medians of 5 to 8 rounds, by up to 8 %
in minima.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

if sys.version_info >= (3, 11):
    import tomllib
else:
    try:
        import tomli as tomllib
    except ImportError:
        sys.exit("floors.toml: Python 3.10 has no tomllib; pip install tomli")

OURS = "chronomux"
INFORMATIONAL = "informational"
FLOORS = Path(__file__).resolve().parent / "floors.toml"
Report: TypeAlias = dict[str, Any]


class ReportError(ValueError):
    """A report or floors.toml cannot be used; the message says where and why."""


@dataclass(frozen=True)
class Group:
    """What one group measured: best seconds by contender, ours among them."""

    name: str
    seconds: dict[str, float]
    yardsticks: frozenset[str]
    missing: frozenset[str]
    tests: tuple[str, ...]
    items: int | None
    note: str = ""

    def ratio(self, contender: str) -> float:
        return self.seconds[contender] / self.seconds[OURS]

    @property
    def others(self) -> list[str]:
        """Peers, fastest first, then yardsticks."""
        names = [name for name in self.seconds if name != OURS]
        return sorted(
            names, key=lambda name: (name in self.yardsticks, self.seconds[name])
        )

    @property
    def best_peer(self) -> str | None:
        peers = [name for name in self.others if name not in self.yardsticks]
        return peers[0] if peers else None


@dataclass(frozen=True)
class Floor:
    """The least ratio to each contender named, or why a group has none."""

    ratios: dict[str, float]
    informational: str | None = None


def read_groups(report: Report) -> dict[str, Group]:
    """The groups of a pytest-benchmark report, in its order."""
    absent = _not_installed(report)
    entries: dict[str, list[dict[str, Any]]] = {}
    for entry in report["benchmarks"]:
        if not entry["group"]:
            raise ReportError(f"{entry['fullname']}: no group; set benchmark.group")
        entries.setdefault(entry["group"], []).append(entry)
    return {name: _group(name, tests, absent) for name, tests in entries.items()}


def _not_installed(report: Report) -> frozenset[str]:
    versions = report.get("machine_info", {}).get("peers", {})
    return frozenset(name for name, version in versions.items() if version is None)


def _group(name: str, entries: list[dict[str, Any]], absent: frozenset[str]) -> Group:
    seconds: dict[str, float] = {}
    yardsticks: set[str] = set()
    missing = set(absent)
    for entry in entries:
        extra = entry["extra_info"]
        seconds[_contender(entry)] = entry["stats"]["min"]
        for kind in ("peers", "yardsticks"):
            for other, rounds in extra.get(kind, {}).items():
                seconds[other] = min(rounds)
        yardsticks.update(extra.get("yardsticks", ()))
        missing.update(extra.get("missing", ()))
    # Our code with another option is a yardstick however it was measured.
    yardsticks.update(other for other in seconds if other.startswith(f"{OURS} "))
    if not seconds.get(OURS):
        raise ReportError(
            f"group {name!r}: no time for {OURS!r} among {sorted(seconds)}; "
            f"name the contender in extra_info['contender']"
        )
    return Group(
        name,
        seconds,
        frozenset(yardsticks),
        frozenset(missing),
        tuple(entry["fullname"] for entry in entries),
        entries[0]["extra_info"].get("items"),
        entries[0]["extra_info"].get("note", ""),
    )


def _contender(entry: dict[str, Any]) -> str:
    """Said in extra_info, else the parameter `contender`, else the test's whole id."""
    named = entry["extra_info"].get("contender")
    named = named or (entry.get("params") or {}).get("contender")
    return str(named or entry.get("param") or entry["name"])


def load_floors(path: Path = FLOORS) -> dict[str, Floor]:
    """floors.toml by group; `ReportError` names the group that is malformed."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ReportError(f"{path}: {error}") from error
    return {name: _floor(path, name, table) for name, table in tables.items()}


def _floor(path: Path, name: str, table: object) -> Floor:
    where = f"{path}: [{name}]"
    if not isinstance(table, dict) or not table:
        raise ReportError(f"{where}: name a peer and its floor, or 'informational'")
    ratios = dict(table)
    reason = ratios.pop(INFORMATIONAL, None)
    if reason is not None:
        if ratios or not isinstance(reason, str) or not reason.strip():
            raise ReportError(f"{where}: informational = 'the reason', and no floors")
        return Floor({}, reason)
    for peer, floor in ratios.items():
        number = isinstance(floor, (int, float)) and not isinstance(floor, bool)
        if not (number and 0 < floor < math.inf):  # NaN would hold whatever happens
            raise ReportError(
                f"{where}: the floor of {peer!r} is not a positive number"
            )
    return Floor({peer: float(floor) for peer, floor in ratios.items()})


def is_missing(group: Group, contender: str) -> bool:
    """True if the contender is not installed; 'polars lazy' belongs to polars."""
    return contender not in group.seconds and bool(
        {contender, contender.split()[0]} & group.missing
    )


def problems(
    groups: Mapping[str, Group], floors: Mapping[str, Floor], *, complete: bool
) -> Iterator[str]:
    """What is unguarded or guards nothing; `complete` says that every group ran."""
    for name, group in groups.items():
        if name not in floors:
            yield f"[{name}] has no entry in floors.toml: give a floor or a reason"
            continue
        for contender in floors[name].ratios:
            if contender not in group.seconds and not is_missing(group, contender):
                yield f"[{name}] has a floor for {contender!r}, which nothing measures"
    if complete:
        for name in floors:
            if name not in groups:
                yield f"[{name}] is in floors.toml, but nothing measures it"


def margin(group: Group, floor: Floor) -> float:
    """The least ratio over floor: under 1.0 a floor is broken; inf without floors."""
    return min(
        (
            group.ratio(contender) / least
            for contender, least in floor.ratios.items()
            if contender in group.seconds
        ),
        default=math.inf,
    )


def failing(groups: Mapping[str, Group], floors: Mapping[str, Floor]) -> list[str]:
    return [
        name
        for name, group in groups.items()
        if name in floors and margin(group, floors[name]) < 1.0
    ]


def keep_better(
    report: Report, again: Report, names: Iterable[str], floors: Mapping[str, Floor]
) -> Report:
    """`report` with each group in `names` as `again` measured it, where that is better.

    A group is taken whole: all its floors must hold in one measurement, not each in
    its luckiest.
    """
    old, new = read_groups(report), read_groups(again)
    better = {
        name
        for name in names
        if name in new
        and margin(new[name], floors[name]) > margin(old[name], floors[name])
    }
    entries: list[dict[str, Any]] = []
    for name in old:
        source = again if name in better else report
        entries += [e for e in source["benchmarks"] if e["group"] == name]
    return {**report, "benchmarks": entries}


@dataclass(frozen=True)
class Change:
    """One ratio in two reports; None where a report does not have it."""

    group: str
    contender: str
    before: float | None
    after: float | None

    @property
    def factor(self) -> float:
        """after / before; inf for what came or went, so that it sorts first."""
        if self.before is None or self.after is None:
            return math.inf
        return self.after / self.before


def changes(before: Report, after: Report) -> list[Change]:
    """Every ratio of two reports, what moved most first."""
    old, new = _all_ratios(before), _all_ratios(after)
    found = [Change(*key, old.get(key), new.get(key)) for key in {**old, **new}]
    return sorted(found, key=lambda change: -abs(math.log(change.factor)))


def _all_ratios(report: Report) -> dict[tuple[str, str], float]:
    return {
        (name, contender): group.ratio(contender)
        for name, group in read_groups(report).items()
        for contender in group.others
    }
