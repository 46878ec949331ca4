"""`chronomux.check`: what is wrong with captures."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from chronomux.errors import SCLSyntaxError
from chronomux.event import Condition, EventManager
from chronomux.queue import merge
from chronomux.readers.sources import FileLike
from chronomux.replay.checks.expectations import Hit, Matching, expected, in_window
from chronomux.replay.checks.report import Finding, Findings, Report, RuleCheck
from chronomux.replay.checks.source import SourceReading
from chronomux.replay.inputs import Input, Reading
from chronomux.replay.opening import inputs_of
from chronomux.replay.scl import scl_rules
from chronomux.replay.span import as_duration

__all__ = ["Rules", "check", "checked"]

Rules: TypeAlias = "str | os.PathLike[str] | Mapping[str, Mapping[str, Any]]"


def check(
    *paths: FileLike,
    max_gap: str | int | None = None,
    window: str | int | None = None,
    rules: Rules | None = None,
    expect: str | Iterable[str] = (),
    most: int = 100,
    format: str | None = None,
    timestamp: Any = None,
    timestamp_format: str | None = None,
    tz: Any = None,
    progress: Callable[[int], object] | None = None,
    **options: Any,
) -> Report:
    """Say what is wrong with captures: each is read once, in bounded memory.

    `paths`, `format`, `timestamp`, `timestamp_format`, `tz` and all other options are
    those of `chronomux.open`. These are findings, each with its place:

    - what cannot be read. Behind a line that is no JSON or SCL, and behind a time that
      is none, reading goes on; elsewhere it ends there, and the report says so.
    - a gap: more than `max_gap` between a record and the latest before it, in a file.
    - disorder: a record that is older than one before it in its file, by more than
      `window` (0 without one).
    - a duplicate: a record that says the same as one before it of the same time, if no
      record of another time stands between them. If rules or expectations are given,
      records are read and their values are compared, and otherwise their bytes. Of a
      time that more than 4096 different records have, the rest is `uncompared`.
    - a rule that matches no record of any file. `rules` is a file of `rule=NAME(when=(
      ...))` in SCL, or a mapping of names to conditions.
    - a command without its response, and a response that nobody asked for. `expect` has
      texts 'COMMAND => RESPONSE within 2s [same PATH]', with conditions in SCL on both
      sides; `EventManager.expect` says what is paired, in all files together, in the
      order of time. In a file, records late by up to `window` come to their places.

    Durations are texts like '5s' and '250ms', or int ns. `most` findings are kept of
    each kind for a file and for an expectation; all are counted. `progress` is called
    now and then with the number of bytes read.

    Raises OSError for what cannot be opened, ReaderError for what is of no known
    format, SCLSyntaxError for rules and expectations, and ValueError for options.
    """
    if not paths:
        raise ValueError("check() needs a path, or several")
    reading = Reading(format, timestamp, timestamp_format, tz, None, options)
    return checked(
        inputs_of(paths, reading), max_gap, window, rules, expect, most, progress
    )


def checked(
    inputs: Sequence[Input],
    max_gap: str | int | None,
    window: str | int | None,
    rules: Rules | None,
    expect: str | Iterable[str],
    most: int,
    progress: Callable[[int], object] | None,
) -> Report:
    """The same of files whose formats are known."""
    if isinstance(most, bool) or not isinstance(most, int) or most < 0:
        raise ValueError(f"most={most!r}: give how many findings are kept")
    texts = [expect] if isinstance(expect, str) else list(expect)
    checking = _Checking(
        conditions_of(rules),
        [expected(text) for text in texts],
        _duration(max_gap, "max_gap"),
        _duration(window, "window") or 0,
        most,
    )

    def watch() -> None:
        if progress is not None:
            progress(sum(file.done for file in inputs))

    return checking.report(inputs, watch)


def conditions_of(rules: Rules | None) -> dict[str, Condition]:
    """The rules of a file, or those that are there already."""
    if rules is None:
        return {}
    if isinstance(rules, Mapping):
        return {str(name): Condition(asked) for name, asked in rules.items()}
    path = os.fspath(rules)
    with open(path, encoding="utf-8-sig") as file:
        try:
            return scl_rules(file.read())
        except SCLSyntaxError as error:
            raise SCLSyntaxError(
                f"{path}: {error.args[0]}",
                error.line,
                error.column,
                error.offset,
                error.found,
                error.expected,
                error.opened_at,
            ) from None
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: is not UTF-8: {error}") from error


def _duration(value: str | int | None, name: str) -> int | None:
    if value is None:
        return None
    try:
        ns = as_duration(value)
    except TypeError as error:
        raise TypeError(f"{name}: {error}") from None
    if ns < 0 or ns >= 2**63:
        raise ValueError(f"{name}={value!r}: give a duration, 0 or more, in int64 ns")
    return ns


class _Checking:
    """One check: its files, rules and expectations."""

    def __init__(
        self,
        rules: dict[str, Condition],
        expectations: list[Any],
        max_gap: int | None,
        window: int,
        most: int,
    ) -> None:
        self._found = Findings(most)
        self._most, self._max_gap, self._window = most, max_gap, window
        self._rules = [RuleCheck(name) for name in rules]
        self._expectations = expectations
        self._conditions = EventManager()  # rules, then commands and responses
        pairs = ((one.command, one.response) for one in expectations)
        for condition in [*rules.values(), *(side for pair in pairs for side in pair)]:
            self._conditions.register(_nothing, condition)

    def report(self, inputs: Sequence[Input], watch: Callable[[], object]) -> Report:
        readings = [
            SourceReading(file, number, self._found, self._max_gap, self._window)
            for number, file in enumerate(inputs)
        ]
        matching = Matching(self._expectations, len(inputs) + 1, self._found)
        if self._expectations:
            for file in inputs:
                file.refuse_without_times()
        if len(self._conditions):
            self._read_items(readings, matching, watch)
        else:
            for reading in readings:
                reading.frames(watch)
        for rule in self._rules:
            if not rule.matches:
                text = f"{rule.name!r} never matched"
                self._found.add(len(inputs), Finding("rule", "", text))
        return Report(
            tuple(reading.source for reading in readings),
            tuple(self._rules),
            tuple(matching.checks),
            self._found.kept,
            self._found.counts,
            self._max_gap,
            self._window,
            self._most,
        )

    def _read_items(
        self,
        readings: list[SourceReading],
        matching: Matching,
        watch: Callable[[], object],
    ) -> None:
        hits = [
            in_window(self._hits(number, reading, matching, watch), self._window)
            for number, reading in enumerate(readings)
        ]
        if self._expectations:
            for hit in merge(*hits, key=itemgetter(0)):
                matching.take(hit)
        else:
            for none in hits:
                for _ in none:
                    raise AssertionError("nothing is expected")
        matching.finish()

    def _hits(
        self,
        group: int,
        reading: SourceReading,
        matching: Matching,
        watch: Callable[[], object],
    ) -> Iterator[Hit]:
        """Read a file, count what rules match, and give what expectations take."""
        rules, name = len(self._rules), reading.source.name
        for before, items, times in reading.batches():
            watch()
            matched = self._conditions.match_many(items)
            for place, numbers in enumerate(matched):
                asked = []
                for number in numbers:
                    if number < rules:
                        self._rules[number].matches += 1
                    else:
                        asked.append(number - rules)
                if asked:
                    roles = tuple(matching.roles(asked, items[place]))
                    record = before + place + 1
                    yield Hit(int(times[place]), group, record, name, roles)


def _nothing(event: Any) -> None:
    """Rules are asked whom they match, and never called."""
