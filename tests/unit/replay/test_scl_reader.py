"""Command logs as dicts and as frames."""

from __future__ import annotations

import io
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from chronomux import Condition, ReaderError, SCLReader, SCLSyntaxError, TimestampError

LOG = b"""# recorded by hand
2026-11-23T09:17:19.25Z type=command action=open(valve="A 7" wait=.5)

12.5 name=(type=response code=3)  # a remark = no statement
 state = open
2026-11-23 09:17:20\ttype=command
"""
TIME = 1_795_425_439_250_000_000


def rows_of(data: bytes, **options: Any) -> list[dict[str, Any]]:
    return list(SCLReader(io.BytesIO(data), **options))


def test_lines_are_dicts_with_times() -> None:
    assert rows_of(LOG) == [
        {
            "timestamp": TIME,
            "type": "command",
            "action": ["open", {"valve": "A 7", "wait": 0.5}],
        },
        {"timestamp": 12_500_000_000, "name": {"type": "response", "code": 3}},
        {"state": "open"},
        {"timestamp": TIME + 750_000_000, "type": "command"},
    ]


def test_conditions_ask_for_values_and_for_what_stands_in_them() -> None:
    command = rows_of(LOG)[0]
    assert Condition({"action": "open", "action.valve": "A 7"}).matches(command)
    assert not Condition({"action": "open", "action.valve": "A 8"}).matches(command)


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"a=1 a=2", {"a": [1, 2]}),
        (b"a=1 a=x(b=2)", {"a": [1, "x", {"b": 2}]}),
        (b"a=(b=1) a=(b=2)", {"a": [{"b": 1}, {"b": 2}]}),
        (b"a=x()", {"a": ["x", {}]}),
        (b"a=()", {"a": {}}),
        (b"a=12345678901234567890", {"a": Decimal("12345678901234567890")}),
        (b'a="1=2 3"', {"a": "1=2 3"}),
    ],
)
def test_statements_of_a_line_become_one_dict(line: bytes, row: dict[str, Any]) -> None:
    assert rows_of(line) == [row]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        (b"17.5 b=2 c:3", ":7:11:"),
        (b"17.5", ":7:1:"),
        (b"a=1 b=(", ":7:8: the text ends, and the parenthesis of line 7, column 7"),
        (b"  a=(b=1", ":7:9:"),
    ],
)
def test_what_is_no_scl_is_an_error_with_its_place(line: bytes, place: str) -> None:
    good = []
    with pytest.raises(SCLSyntaxError) as raised:
        good.extend(SCLReader(io.BytesIO(LOG + line + b"\na=1\n")))
    assert str(raised.value).startswith(f"<BytesIO>{place}")
    assert good == rows_of(LOG)


def test_lines_with_a_wrong_time_are_dealt_with() -> None:
    data = b"1 a=1\nnever a=2\n3 a=3"
    with pytest.raises(TimestampError, match=r"^<BytesIO>:2: .*on_error='skip'"):
        rows_of(data)
    assert [row["a"] for row in rows_of(data, on_error="skip")] == [1, 3]
    reader = SCLReader(io.BytesIO(data), on_error="null")
    assert [row["timestamp"] for row in reader] == [10**9, None, 3 * 10**9]
    assert reader.stats.bad_lines == [2]


def test_a_timestamp_of_its_own_is_not_lost() -> None:
    assert rows_of(b"timestamp=7") == [{"timestamp": 7}]
    with pytest.raises(ReaderError, match=":1: has a time and a key 'timestamp'"):
        rows_of(b"5 timestamp=7")


def test_times_are_read_as_asked() -> None:
    (row,) = rows_of(
        b"23/11/2026 10:00:00 a=1",
        timestamp_format="%d/%m/%Y %H:%M:%S",
        tz="Europe/Berlin",
    )
    assert row["timestamp"] == 1_795_424_400_000_000_000


def test_frames_hold_lines_as_they_stand() -> None:
    (frame,) = SCLReader(io.BytesIO(LOG)).frames()
    assert list(frame.keys) == [TIME, 12_500_000_000, -(2**63), TIME + 750_000_000]
    rows = [bytes(frame.rows[a:b]) for a, b in pairwise(frame.offsets)]
    assert rows == [LOG.splitlines(True)[n] for n in (1, 3, 4, 5)]
