"""Times and durations as people read them."""

from __future__ import annotations

import pytest

from chronomux.replay.time_texts import duration_text, moment_text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 s"),
        (1, "1 ns"),
        (12_500, "12.5 us"),
        (54_041_000, "54.04 ms"),
        (59 * 10**9, "59 s"),
        (90 * 10**9, "1.5 min"),
        (36 * 3600 * 10**9, "1.5 d"),
        (1_472_003_999_360_380_631, "46.64 y"),
        (2**64 - 1, "584.5 y"),
    ],
)
def test_durations_have_four_digits(ns: int, text: str) -> None:
    assert duration_text(ns) == text


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (1_795_418_239_052_365_000, "2026-11-23T07:17:19.052365Z"),
        (2**63 - 1, "2262-04-11T23:47:16.854775807Z"),
        (-(2**63) + 1, "1677-09-21T00:12:43.145224193Z"),
    ],
)
def test_moments_have_the_digits_there_are(ns: int, text: str) -> None:
    assert moment_text(ns) == text
