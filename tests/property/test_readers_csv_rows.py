"""csv_rows equals csv.reader row for row and error for error, in any dialect."""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chronomux.errors import ReaderError
from chronomux.readers import csv_rows
from chronomux.readers.decompress import compression_of
from tests.property.test_readers_csv import Trickle

LETTERS = ',,,;|\t"""\'\\  abc1.5\r\n\n\r\v\x1c\x85\u2028\0é€😀'
# Fields as files have them, with now and then a character that does not belong there.
FIELDS = [
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
LINE_ENDS = ["\n", "\r\n", "\r", '"', "\n\n", "z" * 70 + "\n"]
LINES = st.tuples(
    st.lists(st.sampled_from(FIELDS), min_size=1, max_size=5).map(",".join),
    st.sampled_from(LINE_ENDS),
).map("".join)
TEXTS = st.one_of(
    st.text(st.sampled_from(LETTERS), max_size=80),
    st.lists(LINES, max_size=20).map("".join),
)
QUOTINGS = [0, 1, 2, 3] + ([4, 5] if sys.version_info >= (3, 12) else [])
PARAMETERS: dict[str, Sequence[Any]] = {
    "delimiter": ',;|\t a\\"é',
    "quotechar": ['"', "'", "a", ",", "é"],
    "doublequote": [False, True],
    "escapechar": [None, "\\", "b", '"', " "],
    "skipinitialspace": [False, True],
    "quoting": QUOTINGS,
    "strict": [False, True],
}
FMTPARAMS = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(of) for name, of in PARAMETERS.items()}
)
SIZES = [1, 3, 17, 1000]


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
        else:
            if row is None:
                break
            found.append(row)
        found.append(rows.line_num)
    return found


def words(error: Exception) -> str:
    """What csv says, without the place that stands before it."""
    place = "<" if isinstance(error, ReaderError) else ""
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


@settings(max_examples=400)
@given(TEXTS, FMTPARAMS, st.sampled_from(SIZES))
def test_rows_and_errors_equal_those_of_csv_reader(
    text: str, fmtparams: dict[str, Any], size: int
) -> None:
    check(text, fmtparams, size)


@settings(max_examples=200)
@given(TEXTS, st.booleans(), st.sampled_from([1, 5, 64, 1000]))
def test_rows_of_the_default_dialect_equal_those_of_csv_reader(
    text: str, strict: bool, size: int
) -> None:
    check(text, {"strict": strict}, size)


def any_text(rng: random.Random) -> str:
    """As TEXTS, without what hypothesis costs: a hundred times as long as the check."""
    if rng.random() < 0.5:
        return "".join(rng.choices(LETTERS, k=rng.randrange(81)))
    lines = (
        rng.choices(FIELDS, k=rng.randrange(1, 6)) for _ in range(rng.randrange(21))
    )
    return "".join(",".join(line) + rng.choice(LINE_ENDS) for line in lines)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(10))
def test_a_million_rows_and_errors_equal_those_of_csv_reader(seed: int) -> None:
    rng = random.Random(seed)
    for number in range(100_000):
        text = any_text(rng)
        names = [name for name in PARAMETERS if rng.random() < 0.5]
        fmtparams = {name: rng.choice(PARAMETERS[name]) for name in names}
        size = rng.choice(SIZES)
        try:
            check(text, fmtparams, size)
        except BaseException as error:
            raise AssertionError(
                f"case {number}: {text!r}, {fmtparams}, {size}"
            ) from error


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
