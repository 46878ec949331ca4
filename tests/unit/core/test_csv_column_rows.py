"""Typed columns from CSV bytes: types, quotes, ragged rows, times, damage."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.csv.column_rows import ColumnRows
from chronomux._core.csv.rules import Rules
from chronomux.errors import CSVError, ReaderError, TimestampError
from chronomux.readers import time_parser

RULES = Rules(ord(","), ord('"'))


def column_rows(
    data: bytes, names: str, types: list[Any] | None = None, **options: Any
) -> ColumnRows:
    read = io.BytesIO(data).read
    types = [None] * len(names) if types is None else types
    return ColumnRows(lambda: read(7), RULES, "f.csv", list(names), types, **options)


def values(batches: ColumnRows | Iterator[Any]) -> list[list[Any]]:
    """All batches' columns as lists, joined."""
    joined: list[list[Any]] = []
    for columns, rows in batches:
        assert all(len(column) == rows for column in columns)
        joined = joined or [[] for _ in columns]
        for values, column in zip(joined, columns, strict=True):
            values += column
    return joined


def test_types_are_those_of_all_values_of_the_first_batch() -> None:
    batches = column_rows(b"1,1,a,,007\n2,2.5,1,,1\n,,2,,2\n", "abcde")
    assert values(batches) == [
        [1, 2, None],
        [1.0, 2.5, None],
        ["a", "1", "2"],
        ["", "", ""],
        ["007", "1", "2"],
    ]
    assert batches.types == ["int64", "float64", "str", "str", "str"]


def test_given_types_are_kept() -> None:
    batches = column_rows(b"1,007,1\n", "abc", ["str", "int64", "float64"])
    assert values(batches) == [["1"], [7], [1.0]]


def test_later_batches_have_the_types_of_the_first() -> None:
    batches = column_rows(b"1\n2\n3\nx\n5\n", "a", most=2)
    assert [list(next(batches)[0][0]) for _ in range(2)] == [[1, 2], [3]]
    message = r"^f\.csv:4: 'x' in column 'a' is no int64, which its first rows were;"
    with pytest.raises(ReaderError, match=message):
        next(batches)
    assert batches.line_num == 4


def test_quotes_are_taken_off() -> None:
    batches = column_rows(b'"1","a,b"\n"2","x""y"\n3,"l\nl"\n4,a"b\n', "ab")
    assert values(batches) == [[1, 2, 3, 4], ["a,b", 'x"y', "l\nl", 'a"b']]


def test_short_rows_end_in_missing_values_and_empty_lines_are_none() -> None:
    batches = column_rows(b"1,2,x\n\n3\r\n\r\n4,5\n", "abc")
    assert values(batches) == [[1, 3, 4], [2, None, 5], ["x", None, None]]


def test_a_long_row_raises_after_the_rows_before_it() -> None:
    batches = column_rows(b"1,2\n3,4,5\n", "ab")
    assert [list(column) for column in next(batches)[0]] == [[1], [2]]
    with pytest.raises(ReaderError, match=r"^f\.csv:2: has 3 fields"):
        next(batches)


def test_damage_raises_after_the_rows_before_it() -> None:
    rules = Rules(ord(","), ord('"'), strict=True)
    read = io.BytesIO(b'1,a\n2,"b"c\n').read
    batches = ColumnRows(read, rules, "f.csv", ["a", "b"], [None, None])
    assert [list(column) for column in next(batches)[0]] == [[1], ["a"]]
    with pytest.raises(CSVError, match=r"^f\.csv:2: .* expected after"):
        next(batches)


def test_an_interrupted_read_loses_no_row() -> None:
    blocks = iter([b"1\n2\n", KeyboardInterrupt(), b"3\n", b""])

    def read() -> bytes:
        block = next(blocks)
        if isinstance(block, BaseException):
            raise block
        return block

    batches = ColumnRows(read, RULES, "f.csv", ["a"], [None])
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    assert values(batches) == [[1, 2, 3]]


def timed(
    data: bytes, names: str, keeps: bool | None, noted: list[int] | None = None
) -> ColumnRows:
    """Column 't' holds the times of 'd' and 'c', or of the first column."""

    def bad_time(line: int, error: TimestampError) -> bool:
        if keeps is None or noted is None:
            raise error
        noted.append(line)
        return keeps

    return column_rows(
        data,
        names,
        parser=time_parser("auto", None),
        time=names.index("t"),
        time_columns=(0, 1) if names.startswith("dc") else (0,),
        bad_time=bad_time,
    )


TIMES = b'1.5,x\n"\n",y\n2,z\n'


def test_times_are_nanoseconds() -> None:
    batches = timed(b"1.5,x\n1970-01-01T00:00:02Z,y\n", "axt", None)
    columns, _ = next(batches)
    assert list(columns[2]) == [1_500_000_000, 2_000_000_000]
    assert columns[2].type == "timestamp"


def test_times_of_several_columns_are_joined() -> None:
    batches = timed(b"1970-01-01,00:00:01,x\n1970-01-02,,y\n", "dcxt", None)
    assert values(batches)[3] == [10**9, 86400 * 10**9]


def test_times_may_take_the_place_of_their_text() -> None:
    assert values(timed(b"1.5,x\n2,y\n", "tx", None)) == [
        [1_500_000_000, 2_000_000_000],
        ["x", "y"],
    ]


@pytest.mark.parametrize(
    ("keeps", "times"), [(True, [1.5, None, 2]), (False, [1.5, 2])]
)
def test_a_row_without_a_time_stays_or_not(keeps: bool, times: list[Any]) -> None:
    noted: list[int] = []
    expected = [None if time is None else int(time * 1e9) for time in times]
    assert values(timed(TIMES, "axt", keeps, noted))[2] == expected
    assert noted == [2]


def test_a_time_that_cannot_be_read_raises_after_the_rows_before_it() -> None:
    batches = timed(TIMES, "axt", None)
    assert list(next(batches)[0][2]) == [1_500_000_000]
    with pytest.raises(TimestampError):
        next(batches)


FIELDS = st.one_of(
    st.integers(-99, 99).map(str),
    st.floats(-9, 9).map(repr),
    st.text('a1 ",\n\ré', max_size=4),
)


@given(
    st.lists(st.lists(FIELDS, min_size=3, max_size=3), max_size=30),
    st.integers(1, 9),
)
def test_texts_are_those_of_csv(rows: list[list[str]], most: int) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, quoting=csv.QUOTE_MINIMAL).writerows(rows)
    data = file.getvalue().encode()
    batches = column_rows(data, "abc", ["str"] * 3, most=most)
    expected = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert values(batches) == [list(column) for column in zip(*expected, strict=True)]


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit together"):
        ColumnRows(bytes, RULES, "f.csv", ["a"], [])
    with pytest.raises(ValueError, match="belong together"):
        ColumnRows(bytes, RULES, "f.csv", ["a"], [None], time=0)
    with pytest.raises(ValueError, match="numbers of columns"):
        column_rows(
            b"", "a", parser=time_parser("auto", None), time=0, time_columns=(1,)
        )
