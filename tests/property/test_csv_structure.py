"""The structure index: one answer by every set of instructions, and the right one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.csv.structure import (
    WAYS,
    count_ends,
    count_lines,
    find_ends,
    find_row_ends,
)

# Mostly what has a meaning, in runs long enough to cross the blocks of 64 bytes.
PIECES = st.sampled_from(
    [b",", b'"', b"\n", b"\r", b"\r\n", b"a", b'""', b'","', b'"\r\n"', b"x" * 61]
)
TEXTS = st.one_of(st.lists(PIECES, max_size=60).map(b"".join), st.binary(max_size=300))
QUOTED = st.lists(
    st.lists(st.sampled_from([b"", b"a", b'"b,\n""c"', b'""', b"d" * 70]), min_size=1),
    max_size=20,
).map(lambda rows: b"".join(b",".join(row) + b"\r\n" for row in rows))


def ends_of(
    data: bytes, delimiter: str, quotechar: str | None
) -> tuple[list[int], list[int], bool]:
    """What find_ends should find, byte by byte."""
    quote = quotechar.encode() if quotechar else b""
    cuts = (delimiter.encode(), b"\n", b"\r")
    ends: list[int] = []
    rows: list[int] = []
    inside = False
    for place in range(len(data)):
        byte, before = (
            data[place : place + 1],
            data[place - 1 : place] if place else b"",
        )
        was_closing = bool(quote) and before == quote and not inside
        if byte == quote:
            if not inside and before not in (b"", quote, *cuts):
                return ends, rows, True
            inside = not inside
        elif was_closing and byte not in cuts:
            return ends, rows, True
        elif not inside and byte in cuts and (before, byte) != (b"\r", b"\n"):
            ends.append(place)
            if byte != cuts[0]:
                rows.append(len(ends))
    return ends, rows, False


@given(
    st.one_of(TEXTS, QUOTED),
    st.sampled_from(",;\t\0"),
    st.sampled_from(['"', "'", None]),
)
def test_every_way_finds_the_ends(
    data: bytes, delimiter: str, quotechar: str | None
) -> None:
    expected = ends_of(data, delimiter, quotechar)
    for way in WAYS:
        ends, rows, stopped = find_ends(data, delimiter, quotechar, way)
        assert (ends.tolist(), rows.tolist(), stopped) == expected, way
        places, stopped = find_row_ends(data, delimiter, quotechar, way)
        row_ends = [expected[0][count - 1] for count in expected[1]]
        assert (places.tolist(), stopped) == (row_ends, expected[2]), way


@given(QUOTED, st.sampled_from(['"', "'"]))
def test_counts_are_those_of_the_ends(data: bytes, quotechar: str) -> None:
    ends, rows, stopped = ends_of(data, ",", quotechar)
    if not stopped:
        for way in WAYS:
            assert count_ends(data, ",", quotechar, way) == (len(ends), len(rows))


@given(TEXTS)
def test_every_way_counts_the_lines(data: bytes) -> None:
    expected = data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")
    assert [count_lines(data, way) for way in WAYS] == [expected] * len(WAYS)


def test_steps_of_any_size_carry_what_they_must() -> None:
    data = (b'a,"' + b'b""\r\n,' * 2000 + b'"\r\n' + b"c\r\n" * 9000) * 3
    expected = ends_of(data, ",", '"')
    assert not expected[2]
    for way in WAYS:
        assert count_ends(data, way=way) == (len(expected[0]), len(expected[1]))
