"""Which texts are times, and what they are in ns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone

import numpy as np
import pytest

from chronomux.errors import TimestampError
from chronomux.readers import time_parser

MISSING = -(2**63)
S = 10**9
NOON = 1_422_878_400 * S  # 2015-02-02 12:00:00 UTC


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1422878400", NOON),
        ("1422878400.5", NOON + S // 2),
        ("1422878400.123456789", NOON + 123_456_789),
        ("1422878400.123456789000", NOON + 123_456_789),
        ("1422878400123", NOON + 123_000_000),
        ("1422878400123.25", NOON + 123_250_000),
        ("1422878400123456", NOON + 123_456_000),
        ("1422878400123456789", NOON + 123_456_789),
        ("9007199254740993", 9_007_199_254_740_993_000),  # no double holds 2**53 + 1
        ("0", 0),
        ("-1.5", -3 * S // 2),
        ("+1", S),
        (" 1 ", S),
        ("1.", S),
        ("00000000001", S),
        ("2015-02-02 12:00:00", NOON),
        ("2015-02-02T12:00:00", NOON),
        ("2015-02-02T12:00:00Z", NOON),
        ("2015-02-02T12:00", NOON),
        ("2015-02-02", NOON - 12 * 3600 * S),
        ("2015-02-02T12:00:00.000000001Z", NOON + 1),
        ("2015-02-02 12:00:00,5", NOON + S // 2),
        ("2015-02-02T13:00:00+01:00", NOON),
        ("2015-02-02T13:00:00.5+0100", NOON + S // 2),
        ("2015-02-02T06:30:00-05:30", NOON),
        ("2015-02-02T13:00:00 +01", NOON),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * S),
        ("2000-02-29 00:00:00", 951_782_400 * S),
        ("2262-04-11T23:47:16.854775807Z", 2**63 - 1),
        ("1677-09-21T00:12:43.145224193Z", -(2**63) + 1),
    ],
)
def test_auto_reads_epoch_and_iso_exactly(text: str, ns: int) -> None:
    parse = time_parser()
    assert parse(text) == ns
    assert parse(text) == ns  # now from the remembered minute


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "x",
            "-",
            ".5",
            "1_000",
            "1e9",
            "٣",
            "1.٣",
            "0x10",
            "nan",
            "--1",
            "1..2",
        ),
        *(
            "2015-02-29",
            "2015-13-01",
            "2015-00-01",
            "0000-01-01",
            "2015-2-2",
            "15-02-02",
        ),
        *("2015-02-02 24:00:00", "2015-02-02 12:60:00", "2015-02-02 12:00:61"),
        *("2015-02-02 12:00:0", "2015-02-02 12:00:00.", "2015-02-02 12:00:00.5x"),
        *("2015-02-02 12:00:00+1", "2015-02-02  12:00:00", "2015-02-02 12:00:00 x"),
        *("2015-02-02 12:00:00.1234567891", "1422878400.1234567891"),
        *("9223372036854775808", "99999999999999999999", "-9223372036854775808"),
        *("2262-04-11T23:47:16.854775808Z", "1677-09-21T00:12:43.145224192Z"),
        *("9300000000", "1\x002", "2015-02-02 12:00:٣٣", "1." + "9" * 5000),
    ],
)
def test_what_is_not_a_time_is_refused_also_after_a_good_one(text: str) -> None:
    parse = time_parser()
    for good in ("2015-02-02 12:00:00.25", "2015-02-02 12:00:00", "1422878400"):
        parse(good)
        with pytest.raises(TimestampError, match=r"^time .* is not "):
            parse(text)


@pytest.mark.parametrize(
    ("format", "text", "ns"),
    [
        ("epoch_s", "1422878400", NOON),
        ("epoch_ms", "50", 50_000_000),
        ("epoch_us", "50.5", 50_500),
        ("epoch_ns", "200000000000", 200 * S),
        ("%d/%m/%Y %H.%M.%S", "2/2/2015 12.00.00", NOON),
        ("%d/%m/%Y %H.%M.%S", "02/02/2015   12.00.00", NOON),
        ("%Y%m%d%H%M%S%f", "20150202120000000000001", NOON + 1),
        ("%d %b %Y %I:%M:%S %p", "02 Feb 2015 12:00:00 PM", NOON),
        ("%d %B %y %I:%M %p", "2 february 15 12:00 pm", NOON),
        ("%A, %d-%b-%Y %T %Z", "Monday, 02-Feb-2015 12:00:00 UTC", NOON),
        ("%Y-%j %R", "2015-033 12:00", NOON),
        ("%FT%T%z", "2015-02-02T13:30:00+01:30", NOON),
        ("%-H:%-M:%-S %D", "12:0:0 02/02/15", NOON),
        ("%d.%m.%y", "01.01.69", -365 * 86_400 * S),
        ("100%% %Y-%m-%d", "100% 1970-01-02", 86_400 * S),
    ],
)
def test_formats(format: str, text: str, ns: int) -> None:
    parse = time_parser(format)
    assert parse(text) == ns
    assert parse(text) == ns


@pytest.mark.parametrize(
    ("format", "text"),
    [
        ("%d/%m/%Y %H.%M.%S", "30/09/2004 09.00.00.-200"),
        ("%d/%m/%Y %H.%M.%S", "26/01/2005 4.00.00"),
        ("%d/%m/%Y %H.%M.%S", "31/02/2005 04.00.00"),
        ("%Y-%m-%d %H:%M:%S", "2015-02-02 12:00:00.5"),
        ("%Y-%m-%d %H:%M:%S.%f", "2015-02-02 12:00:00"),
        ("%Y-%j", "2015-366"),
        ("%Y-%j", "2015-000"),
        ("%Y-%m-%d %I %p", "2015-02-02 13 PM"),
        ("%Y-%m-%d %I %p", "2015-02-02 00 AM"),
        ("epoch", "2015-02-02"),
        ("iso", "1422878400"),
    ],
)
def test_texts_in_another_format_are_refused(format: str, text: str) -> None:
    with pytest.raises(TimestampError):
        time_parser(format)(text)


def test_the_message_names_the_text_and_the_format() -> None:
    with pytest.raises(TimestampError, match=r"^time '1/2' is not %d/%m/%Y$"):
        time_parser("%d/%m/%Y")("1/2")


def test_a_remembered_minute_is_not_used_for_another_shape() -> None:
    parse = time_parser("%Y-%m-%d %H:%M:%S.%f")
    assert parse("2015-02-02 12:00:00.5") == NOON + S // 2
    for text in (
        "2015-02-02 12:00:01",
        "2015-02-02 12:00:01,5",
        "2015-02-02 12:00:61.5",
    ):
        with pytest.raises(TimestampError):
            parse(text)
    parse = time_parser("iso")
    assert parse("2015-02-02T12:00:00Z") == NOON
    assert parse("2015-02-02T12:00:01+01:00") == NOON - 3599 * S
    assert parse("2015-02-02T12:00:02Z") == NOON + 2 * S
    assert parse("2015-02-02T12:00:03") == NOON + 3 * S


def test_naive_times_are_in_tz_and_others_are_not() -> None:
    parse = time_parser("auto", "Europe/Berlin")
    assert parse("2015-02-02 13:00:00") == NOON
    assert parse("2015-02-02 13:00:01.5") == NOON + 3 * S // 2
    assert parse("2015-02-02T12:00:00Z") == NOON
    assert parse("1422878400") == NOON
    assert (
        time_parser("%Y-%m-%d %H", timezone(timedelta(hours=-1)))("2015-02-02 11")
        == NOON
    )


def test_a_time_that_comes_twice_is_the_first() -> None:
    parse = time_parser("iso", "Europe/Berlin")
    before, twice = parse("2015-10-25 01:59:59"), parse("2015-10-25 02:30:00")
    assert twice - before == 1801 * S
    assert parse("2015-10-25 03:00:00") - twice == 5400 * S


@pytest.mark.parametrize(
    ("format", "message"),
    [
        ("%H:%M", "must name a year"),
        ("%Y %d", "must name a year"),
        ("%m/%d %H", "must name a year"),
        ("%Y-%m-%d %Q", "'%Q' is unknown"),
        ("%Y-%m-%d %Y", "'%Y' is there twice"),
        ("%Y-%m-%d %I", "go together"),
        ("seconds", "use 'auto', 'epoch'"),
        ("ms", "use 'auto', 'epoch'"),
    ],
)
def test_wrong_formats_are_refused_at_once(format: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        time_parser(format)


def test_a_column_is_read_at_once_and_what_is_unusual_is_named() -> None:
    texts = [b"1422878400", b"2015-02-02T12:00:00.5Z", b"", b"1.7e9", b"\xff", b" 1 "]
    ends = np.cumsum([len(text) for text in texts])
    starts = ends - [len(text) for text in texts]
    times = np.empty(len(texts), np.int64)
    assert time_parser().column(b"".join(texts), starts, ends, times) == [2, 3, 4]
    assert times.tolist() == [NOON, NOON + S // 2, MISSING, MISSING, MISSING, S]


@pytest.mark.parametrize(
    ("starts", "ends", "count"),
    [([0], [5], 1), ([-1], [2], 1), ([3], [2], 1), ([0, 0], [1], 1), ([0], [1], 2)],
)
def test_a_column_outside_its_data_is_refused(
    starts: list[int], ends: list[int], count: int
) -> None:
    with pytest.raises(ValueError, match=r"within the data|offsets each"):
        time_parser().column(
            b"1234", np.array(starts), np.array(ends), np.empty(count, np.int64)
        )


def test_a_column_of_no_texts_is_read() -> None:
    none = np.empty(0, np.int64)
    assert time_parser().column(b"", none, none, none) == []
    nothing = np.zeros(2, np.int64)
    assert time_parser().column(b"", nothing, nothing, nothing.copy()) == [0, 1]


def test_threads_may_share_a_parser_without_mixing_up_their_dates() -> None:
    parse = time_parser()
    days = [f"20{number % 90 + 10}-01-02" for number in range(20_000)]
    expected = [time_parser().slow(day) for day in days[:90]]
    ends = np.arange(10, 10 * len(days) + 1, 10)

    def read() -> bool:
        times = np.empty(len(days), np.int64)
        unread = parse.column("".join(days).encode(), ends - 10, ends, times)
        return not unread and times[:90].tolist() == expected

    with ThreadPoolExecutor(4) as pool:
        assert all(task.result(60) for task in [pool.submit(read) for _ in range(16)])
