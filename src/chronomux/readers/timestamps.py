"""Timestamp text to int64 nanoseconds since 1970 (UTC), exactly and without floats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta, timezone, tzinfo

from chronomux._core.times import TimeParser
from chronomux.readers.civil_times import iso_parser, pattern_parser
from chronomux.readers.epoch_times import AUTO_WHAT, epoch_parser

__all__ = ["TimeParser", "time_parser"]

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

    Epoch numbers and ISO 8601 are read by compiled code; patterns, and times that only
    a zone's calendar can tell, by Python, some twenty times slower.
    """
    zone = _zone(tz)
    if "%" in format:
        return TimeParser(pattern_parser(format, zone))
    if format == "auto":
        slow = _auto_parser(zone)
        return TimeParser(slow, iso=True, epoch=True, offset_ns=_fixed_ns(zone))
    if format == "iso":
        return TimeParser(iso_parser(zone), iso=True, offset_ns=_fixed_ns(zone))
    if format == "epoch":
        return TimeParser(epoch_parser(None), epoch=True)
    places = _UNIT_PLACES.get(format.removeprefix("epoch_"))
    if places is None or not format.startswith("epoch_"):
        raise ValueError(
            f"timestamp_format={format!r}: use 'auto', 'epoch', 'epoch_s', 'epoch_ms', "
            "'epoch_us', 'epoch_ns', 'iso' or a pattern like '%d/%m/%Y %H:%M:%S'"
        )
    return TimeParser(epoch_parser(places), epoch=True, places=places)


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


def _fixed_ns(zone: tzinfo | None) -> int | None:
    """How far east of UTC the zone is; None if that depends on the time."""
    if zone is None:
        return 0
    if not isinstance(zone, timezone):
        return None
    return zone.utcoffset(None) // timedelta(microseconds=1) * 1000


def _auto_parser(zone: tzinfo | None) -> Callable[[str], int]:
    iso, epoch = iso_parser(zone), epoch_parser(None, AUTO_WHAT)

    def parse(text: str) -> int:
        if text[:1].isspace():
            text = text.strip()
        return iso(text) if text[4:5] == "-" else epoch(text)

    return parse
