"""Moments, durations, and what lies between them."""

from __future__ import annotations

import pytest

from chronomux.replay.span import Span, duration_ns

S = 10**9


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("10s", 10 * S),
        ("+0.5s", S // 2),
        ("-1.5h", -5400 * S),
        ("250 ms", S // 4),
        ("7", 7 * S),
        ("0.000000001", 1),
        ("2d", 172_800 * S),
        ("3min", 180 * S),
        ("1m", 60 * S),
        ("12us", 12_000),
        ("5ns", 5),
    ],
)
def test_durations_are_exact(text, ns):
    assert duration_ns(text) == ns


@pytest.mark.parametrize(
    "text", ["", "s", "1 week", "1e3s", "0.5ns", "1..5s", "--1s", "٣s", "99999999999s"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="duration"):
        duration_ns(text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((None, None, None), (None, None)),
        (("100", "200", None), (100 * S, 200 * S)),
        (("1970-01-01T00:01:40Z", None, "5s"), (100 * S, 105 * S)),
        (("+10s", "+20s", None), (1010 * S, 1020 * S)),
        (("+10s", None, "5s"), (1010 * S, 1015 * S)),
        ((None, None, "+5s"), (None, 1005 * S)),
        ((None, "100", None), (None, 100 * S)),
    ],
)
def test_bounds_count_from_1970_or_from_the_first_record(given, expected):
    assert Span.of(*given).from_origin(1000 * S)[:2] == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("soon", None, None), "start 'soon' is no time"),
        ((None, "+soon", None), r"duration '\+soon'"),
        ((None, "1", "1s"), "not both"),
    ],
)
def test_bounds_that_say_nothing_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        Span.of(*given)
