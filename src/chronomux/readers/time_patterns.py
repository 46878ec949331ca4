"""strptime-like patterns as regular expressions over whole numbers."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

__all__ = ["CivilTime", "Pattern"]

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT_MONTHS = [month[:3] for month in _MONTHS]
_DAYS = "(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TWO = r"\d\d"
_ONE_OR_TWO = r"\d\d?"
_DIRECTIVES = {
    "Y": r"\d{4}",
    "y": _TWO,
    "m": _ONE_OR_TWO,
    "d": _ONE_OR_TWO,
    "j": r"\d{1,3}",
    "b": "|".join([*_MONTHS, *_SHORT_MONTHS]),
    "a": _DAYS,
    "H": _TWO,
    "I": _TWO,
    "M": _TWO,
    "S": _TWO,
    "f": r"\d{1,9}",
    "p": "am|pm",
    "z": r"z|[+-]\d\d(?::?\d\d)?",
    "Z": "utc|gmt|z",
}
_SAME_AS = {"B": "b", "h": "b", "A": "a"}
_SHORT_FOR = {"T": "%H:%M:%S", "R": "%H:%M", "F": "%Y-%m-%d", "D": "%m/%d/%y"}
_UNPADDED = frozenset("dmHIMS")
_DATES = ({"m", "d"}, {"b", "d"}, {"j"})


class CivilTime(NamedTuple):
    """A time as written. `offset` is in seconds, None where none is written."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    fraction: str
    offset: int | None
    seconds_at: tuple[int, int]  # where second and fraction stand; (-1, -1): nowhere


class Pattern:
    """A pattern with the directives of datetime.strptime.

    Known are %Y %y %m %d %j %b %B %a %A %H %I %M %S %f %p %z %Z %T %R %F %D and %%;
    names are English. It differs from strptime where damage would pass for a time: %H,
    %I, %M and %S want two digits (%-H, %-I, %-M and %-S take one or two), and a year, a
    month and a day must be there. %f takes up to nine digits, %z is 'Z' or +hh[[:]mm],
    and %Z is UTC.

    Raises ValueError for an unknown, repeated or missing directive.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self._names: set[str] = set()
        self._regex = re.compile(self._expand(pattern), re.ASCII | re.IGNORECASE)
        has_date = any(date <= self._names for date in _DATES)
        if not (has_date and self._names & {"Y", "y"}):
            raise ValueError(
                f"time pattern {pattern!r} must name a year (%Y or %y) and a day "
                "(%m or %b with %d, or %j)"
            )
        if ("I" in self._names) != ("p" in self._names):
            raise ValueError(f"time pattern {pattern!r}: %I and %p go together")

    def read(self, text: str) -> CivilTime | None:
        """The time in a text, its numbers unchecked; None if it does not match."""
        match = self._regex.fullmatch(text)
        if match is None:
            return None
        found = match.groupdict()
        zone = found.get("z") or found.get("Z")
        year = _year(found)
        month, day = _month_and_day(found, year)
        return CivilTime(
            year,
            month,
            day,
            _hour(found),
            int(found.get("M", 0)),
            int(found.get("S", 0)),
            found.get("f", ""),
            None if zone is None else offset_seconds(zone),
            self._seconds_at(match),
        )

    def _seconds_at(self, match: re.Match[str]) -> tuple[int, int]:
        if "S" not in self._names:
            return (-1, -1)
        start, end = match.span("S")
        if "f" in self._names:
            end = match.end("f")
        return start, end

    def _expand(self, pattern: str) -> str:
        pieces = re.split(r"(%-?.|\s+)", pattern, flags=re.DOTALL)
        return "".join(self._piece(piece) for piece in pieces)

    def _piece(self, piece: str) -> str:
        if piece.isspace():
            return r"\s+"
        if not piece.startswith("%"):
            return re.escape(piece)
        letter = piece[1:]
        if letter == "%":
            return "%"
        if letter in _SHORT_FOR:
            return self._expand(_SHORT_FOR[letter])
        return self._group(piece, letter)

    def _group(self, piece: str, letter: str) -> str:
        name = _SAME_AS.get(letter, letter)
        digits = _DIRECTIVES.get(name)
        if letter.startswith("-") and letter[1:] in _UNPADDED:
            name, digits = letter[1:], _ONE_OR_TWO
        if digits is None or name in self._names:
            why = "unknown" if digits is None else "there twice"
            raise ValueError(f"time pattern {self.pattern!r}: {piece!r} is {why}")
        self._names.add(name)
        return f"(?P<{name}>{digits})"


def offset_seconds(zone: str) -> int:
    """Seconds east of UTC of 'Z', 'UTC', '+01', '-0330' or '+05:30'."""
    if zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if zone[0] == "-" else seconds


def _year(found: dict[str, str]) -> int:
    if "Y" in found:
        return int(found["Y"])
    year = int(found["y"])
    return year + (1900 if year >= 69 else 2000)  # as POSIX has it


def _month_and_day(found: dict[str, str], year: int) -> tuple[int, int]:
    if "j" in found:
        return _of_day_in_year(year, int(found["j"]))
    if "m" in found:
        return int(found["m"]), int(found["d"])
    return _SHORT_MONTHS.index(found["b"][:3].lower()) + 1, int(found["d"])


def _of_day_in_year(year: int, number: int) -> tuple[int, int]:
    if number and year:
        day = date(year, 1, 1) + timedelta(number - 1)
        if day.year == year:
            return day.month, day.day
    return 0, 0  # no day of any month: refused like one


def _hour(found: dict[str, str]) -> int:
    if "I" not in found:
        return int(found.get("H", 0))
    hour = int(found["I"])
    if not 1 <= hour <= 12:
        return 24  # no hour of any day: refused like one
    return hour % 12 + (12 if found["p"].lower() == "pm" else 0)
