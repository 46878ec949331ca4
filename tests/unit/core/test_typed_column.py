"""Typed columns: numbers exact, missing values, buffers, limits."""

from __future__ import annotations

import math
import pickle
import re
from array import array

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chronomux._core.csv.typed_column import TypedColumn

DECIMAL = re.compile(rb"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")


def column(type: str, *fields: bytes, strict: bool = False) -> TypedColumn:
    made = TypedColumn("x", type, strict)  # type: ignore[arg-type]
    for field in fields:
        assert made.add(field), field
    return made


@given(st.integers(-(2**65), 2**65), st.sampled_from([b"", b"+", b"0", b"-"]))
@example(2**63 - 1, b"")
@example(2**63, b"-")
@example(2**63, b"")
@example(-(2**63) - 1, b"")
def test_integers_are_exact_or_refused(value: int, sign: bytes) -> None:
    field = sign + str(value).encode()
    made = TypedColumn("x", "int64")
    if re.fullmatch(rb"[-+]?\d+", field) and -(2**63) <= int(field) < 2**63:
        assert made.add(field)
        assert list(made) == [int(field)]
    else:
        assert not made.add(field)
        assert len(made) == 0


@given(
    st.one_of(
        st.floats(allow_nan=False).map(repr).map(str.encode),
        st.from_regex(DECIMAL, fullmatch=True),
        st.binary(max_size=6),
    )
)
@example(b"9007199254740993")
@example(b"0.1234567890123456789")
@example(b"1" * 400)
@example(b".")
@example(b"1.")
@example(b"-")
@example(b"1e400")
@example(b"1\x00")
def test_floats_are_those_of_python(field: bytes) -> None:
    made = TypedColumn("x", "float64")
    if field == b"":
        assert made.add(field)
        assert list(made) == [None]
    elif DECIMAL.fullmatch(field) and len(field) <= 400:
        assert made.add(field)
        assert repr(made[0]) == repr(float(field))
    elif field.strip(b"+-").lower() not in (b"inf", b"infinity", b"nan"):
        assert not made.add(field)


def test_infinities_and_nan_are_floats() -> None:
    made = column("float64", b"inf", b"-Infinity", b"nan")
    assert made[0] == math.inf
    assert made[1] == -math.inf
    assert math.isnan(made[2])


@pytest.mark.parametrize("field", [b"007", b"+7", b"-0", b"-07"])
def test_what_a_number_would_not_give_back_is_not_inferred_as_one(
    field: bytes,
) -> None:
    assert column("int64", field)[0] == int(field)
    assert not TypedColumn("x", "int64", True).add(field)


@pytest.mark.parametrize("field", [b"007", b"-00.5"])
def test_leading_zeros_are_not_inferred_as_floats(field: bytes) -> None:
    assert column("float64", field)[0] == float(field)
    assert not TypedColumn("x", "float64", True).add(field)


@pytest.mark.parametrize("type", ["int64", "float64", "timestamp"])
def test_an_empty_number_is_missing(type: str) -> None:
    made = column(type, b"1", b"", b"2")
    assert list(made) == [1, None, 2]
    assert made.null_count == 1
    with pytest.raises(BufferError, match="has missing values"):
        memoryview(made)


def test_text_is_kept_as_it_is() -> None:
    made = column("str", b"", "é".encode(), b"\0", b"x" * 10_000)
    assert list(made) == ["", "é", "\0", "x" * 10_000]
    with pytest.raises(BufferError, match="is text"):
        memoryview(made)


@pytest.mark.parametrize(("type", "code"), [("int64", "q"), ("float64", "d")])
def test_numbers_have_the_buffer_protocol(type: str, code: str) -> None:
    numbers = [str(i).encode() for i in range(5000)]
    made = column(type, *numbers)
    assert memoryview(made).format == code
    assert array(code, memoryview(made)) == array(code, range(5000))
    assert np.shares_memory(np.asarray(made), np.asarray(made))
    with pytest.raises(TypeError):
        memoryview(made)[0] = 1  # read-only


def test_a_column_in_use_cannot_grow() -> None:
    made = column("int64", b"1")
    view = memoryview(made)
    with pytest.raises(BufferError, match="in use"):
        made.add(b"2")
    view.release()
    assert made.add(b"2")


def test_rows_are_found_from_both_ends() -> None:
    made = column("int64", b"1", b"2")
    assert (made[0], made[-1]) == (1, 2)
    for row in (2, -3):
        with pytest.raises(IndexError, match="of 2 in column 'x'"):
            made[row]


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(KeyError):
        TypedColumn("x", "int32")  # type: ignore[arg-type]


@pytest.mark.parametrize("type", ["int64", "float64", "timestamp", "str"])
def test_columns_travel_as_pickles(type: str) -> None:
    made = column(type, b"1", b"", b"22")
    travelled = pickle.loads(pickle.dumps(made))
    assert (travelled.name, travelled.type) == ("x", type)
    assert list(travelled) == list(made)
    assert travelled.null_count == made.null_count


def test_a_damaged_pickle_is_refused() -> None:
    restore, arguments = column("str", b"ab", b"c").__reduce__()
    for place, damage in [(3, 3), (4, b""), (5, b"\xff" * 24), (6, b"a")]:
        damaged = list(arguments)
        damaged[place] = damage
        with pytest.raises(ValueError, match="column 'x': damaged pickle"):
            restore(*damaged)
