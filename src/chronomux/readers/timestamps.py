"""Timestamp text to int64 nanoseconds since 1970 (UTC), exactly and without floats."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple, TypeAlias

from chronomux.errors import TimestampError
from chronomux.readers.time_patterns import CivilTime, Pattern, offset_seconds

__all__ = ["TimeParser", "time_parser"]

TimeParser: TypeAlias = Callable[[str], int]

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_FIRST_NS = -(2**63) + 1  # -2**63 itself stands for a missing time
_LAST_NS = 2**63 - 1
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_UNIT_PLACES = {"s": 9, "ms": 6, "us": 3, "ns": 0}  # a unit is 10**places ns


def time_parser(format: str = "auto", tz: str | tzinfo | None = None) -> TimeParser:
    """A function from one text to ns since 1970 (UTC).

    `format` is one of

    'epoch'
        A decimal number of s, ms, us or ns since 1970, told apart by magnitude: below
        1e11 it is s, below 1e14 ms, below 1e17 us, else ns. A fraction is allowed.
    'epoch_s', 'epoch_ms', 'epoch_us', 'epoch_ns'
        The same with the unit fixed, for clocks that do not count from 1970.
    'iso'
        YYYY-MM-DD, alone or followed by 'T' or a space and HH:MM[:SS[.fraction]], and
        by 'Z' or an offset like +01:00. A comma may stand for the point.
    'auto'
        'iso' for texts with '-' behind four characters, else 'epoch'.
    a pattern with '%'
        As for datetime.strptime, but see `time_patterns.Pattern`.

    A time without an offset is UTC, or in `tz`: a tzinfo or the name of a zone. There,
    a time that comes twice (clocks set back) is the first of the two. Second 60 is the
    first of the next minute, as in POSIX time.

    The function raises TimestampError, without a place, for a text that is not a time
    in this format, that lies outside the years 1677 to 2262, or that has non-zero
    digits below the nanosecond. `time_parser` raises ValueError for an unknown format
    or zone.
    """
    zone = _zone(tz)
    if "%" in format:
        return _pattern_parser(format, zone)
    if format == "auto":
        return _auto_parser(zone)
    if format == "iso":
        return _iso_parser(zone)
    if format == "epoch":
        return _epoch_parser(None)
    places = _UNIT_PLACES.get(format.removeprefix("epoch_"))
    if places is None or not format.startswith("epoch_"):
        raise ValueError(
            f"timestamp_format={format!r}: use 'auto', 'epoch', 'epoch_s', 'epoch_ms', "
            "'epoch_us', 'epoch_ns', 'iso' or a pattern like '%d/%m/%Y %H:%M:%S'"
        )
    return _epoch_parser(places)


def _zone(tz: str | tzinfo | None) -> tzinfo | None:
    if tz is None or isinstance(tz, tzinfo):
        return None if tz is timezone.utc else tz
    if tz.upper() == "UTC":
        return None
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(tz)
    except (LookupError, OSError, ValueError) as error:
        raise ValueError(
            f"tz={tz!r} is not a zone this system knows; use a name like "
            "'Europe/Berlin' (pip install tzdata where the system has none)"
        ) from error


def _error(text: str, what: str) -> TimestampError:
    return TimestampError(f"time {text!r} is not {what}")


def _in_range(ns: int, text: str) -> int:
    if _FIRST_NS <= ns <= _LAST_NS:
        return ns
    raise _error(text, "within the years 1677 to 2262 that int64 nanoseconds hold")


def _fraction_ns(digits: str, places: int, text: str) -> int:
    """The ns in the fraction of a unit that is 10**places ns."""
    if digits[places:].strip("0"):
        raise _error(text, "whole nanoseconds: it has digits below them")
    return int(digits[:places].ljust(places, "0") or "0")


# -- epoch ---------------------------------------------------------------------------

_UNIT_NS: tuple[int, ...] = tuple(10**places for places in range(10))
_EPOCH_WHAT = "a number of s, ms, us or ns since 1970"
_AUTO_WHAT = f"{_EPOCH_WHAT}, nor ISO 8601; give timestamp_format="


def _places_of(number: int) -> int:
    if number < 10**11:
        return 9
    if number < 10**14:
        return 6
    return 3 if number < 10**17 else 0


def _is_number(digits: str) -> bool:
    # isdecimal() alone takes other scripts' digits, and int() takes underscores.
    return digits.isdecimal() and digits.isascii()


# Digits before the point -> places, where the first digit (1 to 8) keeps them in range.
_SURE_PLACES: dict[int | None, dict[int, int]] = {
    None: {
        **dict.fromkeys(range(1, 11), 9),
        **dict.fromkeys((12, 13), 6),
        **dict.fromkeys((15, 16), 3),
        **dict.fromkeys((18, 19), 0),
    },
    **{places: dict.fromkeys(range(1, 20 - places), places) for places in (9, 6, 3, 0)},
}


def _epoch_parser(unit_places: int | None, what: str = _EPOCH_WHAT) -> TimeParser:
    sure_places = _SURE_PLACES[unit_places]

    def parse(text: str) -> int:
        whole, _, fraction = text.partition(".")
        places = sure_places.get(len(whole))
        if places is not None and "1" <= whole < "9" and len(fraction) <= places:
            digits = whole + fraction
            if digits.isdecimal() and digits.isascii():
                return int(digits) * _UNIT_NS[places - len(fraction)]
        return _epoch_ns(text, unit_places, what)

    return parse


def _epoch_ns(text: str, unit_places: int | None, what: str) -> int:
    digits = text.strip()
    is_negative = digits.startswith("-")
    if digits[:1] in ("-", "+"):
        digits = digits[1:]
    whole, _, fraction = digits.partition(".")
    if not _is_number(whole) or len(whole) > 19 or not _is_number(fraction or "0"):
        raise _error(text, what)
    number = int(whole)
    places = _places_of(number) if unit_places is None else unit_places
    ns = number * _UNIT_NS[places] + _fraction_ns(fraction, places, text)
    return _in_range(-ns if is_negative else ns, text)


# -- civil time: ISO 8601 and patterns ------------------------------------------------

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?"
    r"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_ISO_WHAT = "ISO 8601, like 2015-02-02 14:19:00.5 or 2015-02-02T14:19:00Z"
_SECONDS = {f"{second:02}": second * _NS for second in range(60)}
# Number of digits, those of the second and of 1 to 9 places -> ns in the last of them.
_SECONDS_SCALE: dict[int, int] = {2 + n: 10 ** (9 - n) for n in range(1, 10)}


def _read_iso(text: str) -> CivilTime | None:
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    return CivilTime(
        int(year),
        int(month),
        int(day),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        fraction or "",
        None if zone is None else offset_seconds(zone),
        (match.start(6), match.end(7 if fraction else 6)),
    )


def _civil_ns(time: CivilTime, zone: tzinfo | None) -> int | None:
    """ns since 1970; None for a day, hour, minute or second that does not exist."""
    try:
        day = date(time.year, time.month, time.day)
    except ValueError:
        return None
    if time.hour > 23 or time.minute > 59 or time.second > 60:
        return None
    seconds = ((day.toordinal() - _EPOCH_DAY) * 24 + time.hour) * 3600
    seconds += time.minute * 60 + time.second
    if time.offset is not None:
        return (seconds - time.offset) * _NS
    return seconds * _NS - (_offset_ns(time, zone) if zone is not None else 0)


def _offset_ns(time: CivilTime, zone: tzinfo) -> int:
    local = datetime(
        time.year, time.month, time.day, time.hour, time.minute, tzinfo=zone
    )
    offset = local.utcoffset() or timedelta(0)
    return (offset.days * 86_400 + offset.seconds) * _NS + offset.microseconds * 1_000


def _civil_parser(
    read: Callable[[str], CivilTime | None], zone: tzinfo | None, form: _SecondsForm
) -> TimeParser:
    """Remembers what stands around the seconds: most times share it with the last."""
    before, minute_ns, start, stop = "\0", 0, 1, -1
    behind = ""
    whole_seconds = _SECONDS if form.bare else {}
    marks = form.marks

    def parse(text: str) -> int:
        nonlocal before, minute_ns, start, stop, behind
        if text[:start] == before and (not behind or text[stop:] == behind):
            seconds = text[start:stop] if behind else text[start:]
            ns = whole_seconds.get(seconds)
            if ns is not None:
                return minute_ns + ns
            digits = seconds[:2] + seconds[3:]
            scale = _SECONDS_SCALE.get(len(digits))
            if scale and seconds[2] in marks and seconds < "6" and _is_number(digits):
                return minute_ns + int(digits) * scale
        text = text.strip()
        time = read(text)
        ns = None if time is None else _civil_ns(time, zone)
        if time is None or ns is None:
            raise _error(text, form.what)
        if form.remembered and _is_remembered(text, time, ns):
            start, end = time.seconds_at
            before, behind, stop = text[:start], text[end:], end - len(text)
            minute_ns = ns - time.second * _NS
        if time.fraction:
            ns += _fraction_ns(time.fraction, 9, text)
        return _in_range(ns, text)

    return parse


def _is_remembered(text: str, time: CivilTime, ns: int) -> bool:
    """Whether other seconds in the same place would be read the same way."""
    start, _ = time.seconds_at
    # Digits that touch could be cut otherwise in another text.
    has_edge = start > 0 and not text[start - 1].isdecimal()
    return has_edge and abs(ns) <= _LAST_NS - _MINUTE_NS


class _SecondsForm(NamedTuple):
    """How seconds may be written, and what the whole is called in messages."""

    what: str
    bare: bool = True
    marks: str = ""
    remembered: bool = True


def _iso_parser(zone: tzinfo | None) -> TimeParser:
    return _civil_parser(_read_iso, zone, _SecondsForm(_ISO_WHAT, marks=".,"))


def _pattern_parser(pattern: str, zone: tzinfo | None) -> TimeParser:
    adjoining = re.search(r"%S([.,])%f", pattern)
    form = _SecondsForm(
        pattern,
        bare="%f" not in pattern,
        marks=adjoining[1] if adjoining else "",
        # Only where seconds are two digits, and their fraction directly behind them.
        remembered="%-S" not in pattern
        and ("%f" not in pattern or adjoining is not None),
    )
    return _civil_parser(Pattern(pattern).read, zone, form)


def _auto_parser(zone: tzinfo | None) -> TimeParser:
    iso, epoch = _iso_parser(zone), _epoch_parser(None, _AUTO_WHAT)

    def parse(text: str) -> int:
        if text[:1].isspace():
            text = text.strip()
        return iso(text) if text[4:5] == "-" else epoch(text)

    return parse
