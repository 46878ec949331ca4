"""csv_rows equals csv.reader row for row and error for error, in any dialect."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chronomux.errors import ReaderError
from chronomux.readers import csv_rows
from chronomux.readers.decompress import compression_of
from tests.property.test_readers_csv import Trickle

CHARACTERS = st.sampled_from(',,,;|\t"""\'\\  abc1.5\r\n\n\r\v\x1c\x85\u2028\0é€😀')
# Fields as files have them, with now and then a character that does not belong there.
PIECES = st.sampled_from(
    [
        "a",
        "1.5",
        "",
        '"a"',
        '"b,c"',
        '"d""e"',
        '""',
        '"f\ng"',
        "é",
        '"€\r\n"',
        " ",
        "x\\,",
    ]
)
LINES = st.tuples(
    st.lists(PIECES, min_size=1, max_size=5).map(",".join),
    st.sampled_from(["\n", "\r\n", "\r", '"', "\n\n", "z" * 70 + "\n"]),
).map("".join)
TEXTS = st.one_of(
    st.text(CHARACTERS, max_size=80), st.lists(LINES, max_size=20).map("".join)
)
QUOTINGS = [0, 1, 2, 3] + ([4, 5] if sys.version_info >= (3, 12) else [])
FMTPARAMS = st.fixed_dictionaries(
    {},
    optional={
        "delimiter": st.sampled_from(',;|\t a\\"é'),
        "quotechar": st.sampled_from(['"', "'", "a", ",", "é"]),
        "doublequote": st.booleans(),
        "escapechar": st.sampled_from([None, "\\", "b", '"', " "]),
        "skipinitialspace": st.booleans(),
        "quoting": st.sampled_from(QUOTINGS),
        "strict": st.booleans(),
    },
)


def lines_of(text: str) -> Iterator[str]:
    return iter(io.StringIO(text, newline=""))


def outcomes(rows: Any) -> list[Any]:
    """The rows, the lines they end in, and each error with its words."""
    found: list[Any] = []
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            found.append(("csv.Error", words(error)))
        except ValueError as error:
            found.append(("ValueError", words(error)))
            break
        else:
            if row is None:
                break
            found.append(row)
        found.append(rows.line_num)
    return found


def words(error: Exception) -> str:
    """What csv says, without the place that stands before it."""
    place = "<Trickle>:" if isinstance(error, ReaderError) else ""
    text = str(error)
    assert text.startswith(place)
    return text.partition(": ")[2] if place else text


def check(text: str, fmtparams: dict[str, Any], size: int) -> None:
    try:
        expected = csv.reader(lines_of(text), **fmtparams)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            csv_rows(io.BytesIO(), **fmtparams)
        return
    rows = csv_rows(Trickle(text.encode(), size), **fmtparams)
    assert outcomes(rows) == outcomes(expected)


@settings(max_examples=1200)
@given(TEXTS, FMTPARAMS, st.sampled_from([1, 3, 17, 1000]))
def test_rows_and_errors_equal_those_of_csv_reader(
    text: str, fmtparams: dict[str, Any], size: int
) -> None:
    check(text, fmtparams, size)


@settings(max_examples=800)
@given(TEXTS, st.booleans(), st.sampled_from([1, 5, 64, 1000]))
def test_rows_of_the_default_dialect_equal_those_of_csv_reader(
    text: str, strict: bool, size: int
) -> None:
    check(text, {"strict": strict}, size)


@pytest.mark.deep
@settings(max_examples=1_000_000)
@given(TEXTS, FMTPARAMS, st.sampled_from([1, 3, 17, 1000]))
def test_a_million_rows_and_errors_equal_those_of_csv_reader(
    text: str, fmtparams: dict[str, Any], size: int
) -> None:
    check(text, fmtparams, size)


@given(TEXTS, st.integers(0, 6), st.booleans())
def test_fields_are_limited_where_csv_limits_them(
    text: str, limit: int, strict: bool
) -> None:
    before = csv.field_size_limit(limit)
    try:
        expected = outcomes(csv.reader(lines_of(text), strict=strict))
    finally:
        csv.field_size_limit(before)
    rows = csv_rows(Trickle(text.encode(), 100), strict=strict, field_size_limit=limit)
    assert outcomes(rows) == expected


@given(
    st.binary(max_size=60) | TEXTS.map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(["utf-8", "latin-1", "cp1252", "ascii"]),
    st.sampled_from(
        ["replace", "ignore", "surrogateescape", "backslashreplace", "strict"]
    ),
    FMTPARAMS,
    st.sampled_from([1, 4, 1000]),
)
def test_bytes_are_decoded_before_they_are_cut(
    data: bytes, encoding: str, errors: str, fmtparams: dict[str, Any], size: int
) -> None:
    if compression_of(data):
        return  # not text, but what its first bytes say
    try:
        dialect = csv.reader((), **fmtparams).dialect
        text = data.decode(encoding, errors).removeprefix("\ufeff")
    except (TypeError, ValueError):
        return
    rows = csv_rows(Trickle(data, size), dialect, encoding=encoding, errors=errors)
    assert outcomes(rows) == outcomes(csv.reader(lines_of(text), dialect))
