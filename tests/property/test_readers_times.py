"""Timestamp text to ns is exact, whatever the format, and agrees with datetime."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chronomux.errors import TimestampError
from chronomux.readers import time_parser

NS = 10**9
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
TIMES = st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1))
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timedelta(minutes=minutes))


def ns_of(moment: datetime) -> int:
    """Exact: a timedelta is whole days, seconds and microseconds."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


@given(st.lists(st.tuples(TIMES, st.booleans(), st.sampled_from("T "))))
def test_iso_agrees_with_datetime(moments: list[tuple[datetime, bool, str]]) -> None:
    parse = time_parser("iso")
    for moment, has_zone, separator in moments:
        aware = moment.replace(tzinfo=timezone.utc)
        text = (aware if has_zone else moment).isoformat(separator)
        assert parse(text) == ns_of(aware), text


@given(
    TIMES, st.lists(st.tuples(st.integers(0, 59), st.integers(0, NS - 1)), min_size=2)
)
def test_nanoseconds_within_a_remembered_minute_are_exact(
    minute: datetime, moments: list[tuple[int, int]]
) -> None:
    iso, pattern = time_parser("auto"), time_parser("%Y-%m-%dT%H:%M:%S.%f")
    start = minute.replace(second=0, microsecond=0)
    base = ns_of(start.replace(tzinfo=timezone.utc))
    for second, fraction in moments:
        text = f"{start:%Y-%m-%dT%H:%M}:{second:02}.{fraction:09}".replace(
            start.strftime("%Y"), f"{start.year:04}", 1
        )
        assert iso(text) == pattern(text) == base + second * NS + fraction, text


@given(TIMES, OFFSETS)
def test_offsets_are_subtracted(moment: datetime, offset: timedelta) -> None:
    aware = moment.replace(tzinfo=timezone(offset))
    assert time_parser("iso")(aware.isoformat()) == ns_of(aware)
    text = (
        moment.strftime("%d.%m.")
        + f"{moment.year:04}"
        + aware.strftime(" %H:%M:%S.%f%z")
    )
    assert time_parser("%d.%m.%Y %H:%M:%S.%f%z")(text) == ns_of(aware)


@given(TIMES, st.sampled_from(["Europe/Berlin", "America/New_York", "Asia/Kolkata"]))
def test_naive_times_are_taken_in_the_zone(moment: datetime, zone: str) -> None:
    expected = ns_of(moment.replace(tzinfo=ZoneInfo(zone)))
    assert time_parser("iso", zone)(moment.isoformat()) == expected


@given(
    st.sampled_from([(9, 10**11), (6, 10**14), (3, 10**17), (0, 2**63)]),
    st.data(),
    st.booleans(),
)
def test_epoch_units_follow_magnitude(
    unit: tuple[int, int], data: st.DataObject, is_negative: bool
) -> None:
    places, end = unit
    start = {9: 0, 6: 10**11, 3: 10**14, 0: 10**17}[places]
    number = data.draw(st.integers(start, min(end, 2**63 // 10**places) - 1))
    digits = data.draw(st.text("0123456789", max_size=places))
    text = f"{'-' * is_negative}{number}{'.' * bool(digits)}{digits}"
    expected = Fraction(text) * 10**places
    if abs(expected) >= 2**63:
        return
    assert time_parser("auto")(text) == expected
    assert time_parser(f"epoch_{ {9: 's', 6: 'ms', 3: 'us', 0: 'ns'}[places] }")(
        text
    ) == (expected)


@given(st.text(st.sampled_from("0123456789-+:.,TZ _e٣\n"), max_size=24), st.data())
def test_any_text_gives_int64_or_timestamp_error(
    text: str, data: st.DataObject
) -> None:
    form = data.draw(
        st.sampled_from(["auto", "iso", "epoch", "epoch_ns", "%Y%m%d%H%M%S"])
    )
    with suppress(TimestampError):
        assert -(2**63) < time_parser(form)(text) < 2**63


def outcome(parse: Callable[[str], int], text: str) -> int | str:
    """The ns, or what is said against the text."""
    try:
        return parse(text)
    except TimestampError as error:
        return str(error)


FORMATS = ["auto", "iso", "epoch", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"]
ZONES = [None, timezone(timedelta(hours=5, minutes=45, microseconds=7)), "Asia/Tokyo"]
DIGITS = st.text("0123456789", max_size=12)
SIGNS = st.sampled_from(["", "-", "+"])
EPOCHS = st.builds(
    lambda sign, whole, point, fraction: f"{sign}{whole}{point}{fraction}",
    SIGNS,
    st.integers(0, 2**64).map(str) | DIGITS,
    st.sampled_from(["", "."]),
    DIGITS,
)
DATES = st.dates(datetime(1676, 1, 1).date(), datetime(2263, 1, 1).date()).map(str)
WRONG_DATES = st.builds(
    "{:04}-{:02}-{:02}".format,
    st.integers(0, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
)
CLOCKS = st.builds(
    lambda mark, h, m, s, f: f"{mark}{h:02}:{m:02}{s}{f}",
    st.sampled_from(["T", "t", " ", "  ", "x"]),
    st.integers(0, 25),
    st.integers(0, 61),
    st.just("") | st.integers(0, 61).map(":{:02}".format),
    st.just("") | st.builds(str.__add__, st.sampled_from([".", ","]), DIGITS),
)
OFFSET_TEXTS = st.sampled_from(["", "Z", "z", " Z", "+01", "-0330", " +05:30", "+1"])
CIVIL = st.builds(
    lambda date, clock, offset: date + clock + offset,
    DATES | WRONG_DATES,
    st.just("") | CLOCKS,
    OFFSET_TEXTS,
)
TEXTS = st.builds(
    lambda before, text, behind: before + text + behind,
    st.sampled_from(["", " ", "\t"]),
    EPOCHS | CIVIL,
    st.sampled_from(["", " ", "x", "\u0663"]),
)


@given(
    st.lists(TEXTS, min_size=1, max_size=8),
    st.sampled_from(FORMATS),
    st.sampled_from(ZONES),
)
def test_compiled_code_reads_what_the_slow_parser_reads(
    texts: list[str], format: str, zone: Any
) -> None:
    """One after the other, as the date before is remembered; and as a column."""
    parse = time_parser(format, zone)
    expected = [outcome(time_parser(format, zone).slow, text) for text in texts]
    assert [outcome(parse, text) for text in texts] == expected, texts
    ends = np.cumsum([len(text.encode()) for text in texts])
    starts = np.concatenate([[0], ends[:-1]])
    times = np.empty(len(texts), np.int64)
    unread = parse.column("".join(texts).encode(), starts, ends, times)
    for number, ns in enumerate(expected):
        assert number in unread or times[number] == ns, texts[number]


@given(CIVIL, st.integers(0, 40), st.characters())
def test_a_damaged_time_is_never_read_as_another_one(
    text: str, place: int, character: str
) -> None:
    damaged = text[:place] + character + text[place + 1 :]
    parse = time_parser()
    assert outcome(parse, damaged) == outcome(parse.slow, damaged)
