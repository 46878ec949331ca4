"""Expectations as text, and what becomes of them in the order of time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Any, NamedTuple, NoReturn

from chronomux.errors import SCLSyntaxError
from chronomux.event import Condition
from chronomux.event.ledger import Ledger
from chronomux.event.paths import comparable, value_at
from chronomux.lexer.scl_errors import Places
from chronomux.replay.checks.report import ExpectationCheck, Finding, Findings
from chronomux.replay.checks.times import NO_TIME
from chronomux.replay.scl import scl_condition
from chronomux.replay.span import duration_ns
from chronomux.replay.time_texts import duration_text

__all__ = ["Expected", "Hit", "Matching", "expected", "in_window"]

FORM = "an expectation is COMMAND => RESPONSE within 2s [same PATH]"
WAITING = 1 << 16  # commands of one expectation that wait at a time
HELD = 1 << 16  # hits that wait for late ones

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_LIMITS = re.compile(
    r"\swithin\s+(?P<within>\S+(?:\s+(?:ns|us|ms|s|m|min|h|d)(?=\s|\Z))?)"
    r"(?:\s+same\s+(?P<same>\S+))?\s*\Z"
)


class Expected(NamedTuple):
    """What one expectation asks for; `within` in ns."""

    text: str
    command: Condition
    response: Condition
    within: int
    same: str | None


class Hit(NamedTuple):
    """A record that is a command or a response of expectations, in the order of time.

    roles: for each of them its number, whether it is a command, and what must be the
    same.
    """

    time: int
    group: int  # of the source
    record: int
    source: str
    roles: tuple[tuple[int, bool, Any], ...]


def expected(text: str) -> Expected:
    """Reads 'COMMAND => RESPONSE within 2s [same PATH]', with SCL on both sides.

    SCLSyntaxError, with the place in the text, for what is not of this form.
    """
    if not isinstance(text, str):
        raise TypeError(f"an expectation is text, not {text!r}: {FORM}")
    bare = _STRING.sub(lambda found: "_" * len(found[0]), text)
    arrow = bare.find("=>")
    if arrow < 0:
        _refuse(text, len(text), f"there is no =>; {FORM}")
    limits = _LIMITS.search(bare, arrow + 2)
    if limits is None:
        _refuse(text, len(text), f"no 'within 2s' ends it; {FORM}")
    try:
        within = duration_ns(limits["within"])
    except ValueError as error:
        _refuse(text, limits.start("within"), str(error))
    if within < 0:
        _refuse(text, limits.start("within"), "no response comes before its command")
    command = _side(text, 0, arrow, "COMMAND")
    response = _side(text, arrow + 2, limits.start(), "RESPONSE")
    return Expected(text.strip(), command, response, within, limits["same"])


def _side(text: str, begin: int, end: int, name: str) -> Condition:
    if not text[begin:end].strip():
        _refuse(text, begin, f"{name} says nothing; {FORM}")
    # Blanks for what is before it: places stay those of the whole text.
    before = re.sub(r"[^\n]", " ", text[:begin])
    return scl_condition(before + text[begin:end])


def _refuse(text: str, offset: int, sentence: str) -> NoReturn:
    places = Places(text)
    line, column = places.of(offset)
    message = f"line {line}, column {column}: {sentence}\n{places.picture(offset)}"
    raise SCLSyntaxError(message, line, column, offset, text[offset : offset + 20])


def in_window(hits: Iterable[Hit], window: int) -> Iterator[Hit]:
    """Those of one source in the order of time, as far as they are late by the window.

    Others come as soon as they can, and so does the oldest of more than 65,536.
    """
    held: list[Hit] = []
    highest = NO_TIME
    for hit in hits:
        highest = max(highest, hit.time)
        heappush(held, hit)
        while held and (held[0].time <= highest - window or len(held) > HELD):
            yield heappop(held)
    while held:
        yield heappop(held)


class Matching:
    """Commands and responses of all sources, each with those of its expectation.

    In the window a hit that is late is in its place; one that is later is taken when
    it comes, and by its own time.
    """

    def __init__(
        self, expectations: Iterable[Expected], group: int, found: Findings
    ) -> None:
        self._expected = list(expectations)
        self.checks = [ExpectationCheck(one.text) for one in self._expected]
        self._ledgers = [Ledger(one.within, WAITING) for one in self._expected]
        self._group, self._found = group, found

    def roles(self, numbers: Iterable[int], item: Any) -> Iterator[tuple[Any, ...]]:
        """From 2n for a command of expectation n, and 2n + 1 for a response."""
        for number in numbers:
            which, is_response = divmod(number, 2)
            same = self._expected[which].same
            key = () if same is None else comparable(value_at(item, same))
            yield which, not is_response, key

    def take(self, hit: Hit) -> None:
        """The next hit."""
        if hit.time == NO_TIME:
            for which in {which for which, _, _ in hit.roles}:
                self.checks[which].untimed += 1
            return
        # A response first: nothing answers itself.
        for which, is_command, key in sorted(hit.roles, key=lambda role: role[:2]):
            ledger = self._ledgers[which]
            self._missing(which, ledger.passed(hit.time))
            if is_command:
                ledger.ask(hit.time, key, (hit.source, hit.record, hit.time))
                continue
            unasked = ledger.unasked
            ledger.answer(hit.time, key)
            if ledger.unasked > unasked:
                text = f"no command waits for it: {self._expected[which].text}"
                self._add("unasked", which, text, (hit.source, hit.record, hit.time))

    def finish(self) -> None:
        """All hits were taken."""
        for which, ledger in enumerate(self._ledgers):
            self._missing(which, ledger.finish())
            check = self.checks[which]
            for name in ("asked", "answered", "missing", "unasked", "given_up"):
                setattr(check, name, getattr(ledger, name))

    def _missing(self, which: int, commands: list[Any]) -> None:
        one = self._expected[which]
        for command in commands:
            text = f"no response within {duration_text(one.within)}: {one.text}"
            self._add("missing", which, text, command)

    def _add(self, kind: str, which: int, text: str, place: Any) -> None:
        source, record, time = place
        finding = Finding(kind, source, text, record, time)
        self._found.add(self._group + which, finding)
