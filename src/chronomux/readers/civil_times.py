"""ISO 8601 and patterns to int64 ns, remembering what one time shares with the next."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from chronomux.readers.epoch_times import (
    LAST_NS,
    NS,
    fraction_ns,
    in_range,
    is_number,
    not_a_time,
)
from chronomux.readers.time_patterns import CivilTime, Pattern, offset_seconds

__all__ = ["iso_parser", "pattern_parser"]

_MINUTE_NS = 60 * NS
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?)?"
    r"(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_ISO_WHAT = "ISO 8601, like 2015-02-02 14:19:00.5 or 2015-02-02T14:19:00Z"
_SECONDS = {f"{second:02}": second * NS for second in range(60)}
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
        return (seconds - time.offset) * NS
    return seconds * NS - (_offset_ns(time, zone) if zone is not None else 0)


def _offset_ns(time: CivilTime, zone: tzinfo) -> int:
    local = datetime(
        time.year, time.month, time.day, time.hour, time.minute, tzinfo=zone
    )
    offset = local.utcoffset() or timedelta(0)
    return (offset.days * 86_400 + offset.seconds) * NS + offset.microseconds * 1_000


def _civil_parser(
    read: Callable[[str], CivilTime | None], zone: tzinfo | None, form: _SecondsForm
) -> Callable[[str], int]:
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
            if scale and seconds[2] in marks and seconds < "6" and is_number(digits):
                return minute_ns + int(digits) * scale
        text = text.strip()
        time = read(text)
        ns = None if time is None else _civil_ns(time, zone)
        if time is None or ns is None:
            raise not_a_time(text, form.what)
        if form.remembered and _is_remembered(text, time, ns):
            start, end = time.seconds_at
            before, behind, stop = text[:start], text[end:], end - len(text)
            minute_ns = ns - time.second * NS
        if time.fraction:
            ns += fraction_ns(time.fraction, 9, text)
        return in_range(ns, text)

    return parse


def _is_remembered(text: str, time: CivilTime, ns: int) -> bool:
    """Whether other seconds in the same place would be read the same way."""
    start, _ = time.seconds_at
    # Digits that touch could be cut otherwise in another text.
    has_edge = start > 0 and not text[start - 1].isdecimal()
    return has_edge and abs(ns) <= LAST_NS - _MINUTE_NS


class _SecondsForm(NamedTuple):
    """How seconds may be written, and what the whole is called in messages."""

    what: str
    bare: bool = True
    marks: str = ""
    remembered: bool = True


def iso_parser(zone: tzinfo | None) -> Callable[[str], int]:
    return _civil_parser(_read_iso, zone, _SecondsForm(_ISO_WHAT, marks=".,"))


def pattern_parser(pattern: str, zone: tzinfo | None) -> Callable[[str], int]:
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
