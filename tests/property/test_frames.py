"""Frames, over all kinds of items: exact round trips, copies, damage."""

from __future__ import annotations

import math
import queue
import struct
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.decoder import Decoder
from chronomux._core.encoder import Encoder
from chronomux._core.frames import _seal
from chronomux.errors import FrameError


class Row(dict[str, Any]):
    pass


class Name(str):
    pass


class Level(Enum):
    LOW = 1


near_64_bits = st.integers(2**63 - 2, 2**63 + 2)
integers = st.one_of(
    st.integers(), near_64_bits, near_64_bits.map(int.__neg__), st.just(2**200)
)
# All code points, surrogates too, and each width of them.
texts = st.one_of(
    st.text(),
    st.text(st.characters(), max_size=5),
    st.text(st.characters(max_codepoint=255), max_size=40),
    st.text(st.sampled_from("a\0\ud800\udfff😀ß€"), max_size=5),
)
tagged = st.one_of(
    st.none(), st.booleans(), integers, st.floats(), texts, st.binary(max_size=20)
)
pickled = st.one_of(
    st.sampled_from([queue.Empty, Level.LOW, ..., 1j, Decimal("-0.0"), int, len]),
    st.datetimes(),
    st.datetimes().map(lambda moment: moment.replace(tzinfo=timezone.utc)),
    texts.map(Name),
    st.dictionaries(texts, tagged, max_size=3).map(Row),
    st.frozensets(st.integers(), max_size=3),
    st.binary(max_size=5).map(bytearray),
)
atoms = st.one_of(tagged, tagged, pickled)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(texts, inner, max_size=4),
        st.dictionaries(st.one_of(texts.map(Name), st.integers()), inner, max_size=3),
    ),
    max_leaves=5,
)
# Few keys, so that schemas come again in the same and in another order.
records = st.lists(st.sampled_from(["a", "b", "ß", "\ud800"]), unique=True).flatmap(
    lambda keys: st.tuples(*[tagged for _ in keys]).map(
        lambda row: dict(zip(keys, row, strict=True))
    )
)
items = st.one_of(records, records, values)
batches = st.lists(items, max_size=8)
short_batches = st.lists(items, max_size=2)
# Rows that pickle has no part in: what a hostile pickle does is up to pickle.
plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    texts,
    st.binary(max_size=20),
)
plain_items = st.one_of(
    plain,
    st.lists(plain, max_size=4),
    st.lists(plain, max_size=4).map(tuple),
    st.dictionaries(texts, plain, max_size=4),
)


def form(value: Any) -> Any:
    """What must survive: types, order, bits of floats; equal if nothing was lost."""
    if isinstance(value, float):
        return float, "nan" if math.isnan(value) else struct.pack("<d", value)
    if isinstance(value, dict):
        return type(value), [(form(key), form(value[key])) for key in value]
    if isinstance(value, (list, tuple)):
        return type(value), [form(element) for element in value]
    if isinstance(value, (type, Enum)):
        return type(value), id(value)
    if isinstance(value, datetime):
        return type(value), value, value.tzinfo
    return type(value), value


def encoded(rows: list[Any], keys: Any = None) -> bytes:
    encoder = Encoder()
    encoder.extend(rows, keys)
    encoder._check()
    return encoder.take()


@given(st.lists(batches, max_size=2))
def test_items_come_back_exactly_as_they_were(frames):
    """By one encoder and one decoder for all frames, and by row in any order."""
    encoder, decoder = Encoder(), Decoder()
    for rows in frames:
        for row in rows:
            encoder.add(row)
        encoder._check()
        size = encoder.nbytes
        frame = encoder.take()
        assert len(frame) == size
        decoder.open(frame)
        assert [form(decoder.item(i)) for i in reversed(range(len(rows)))] == [
            form(row) for row in reversed(rows)
        ]
        assert form(decoder.take()) == form(rows)


@given(items, st.one_of(texts, tagged, values))
def test_keys_come_back_as_they_were_or_as_nan_where_missing(item, key):
    encoder = Encoder()
    encoder.add(item, key)
    encoder.copy(Decoder(encoder.take()))
    decoder = Decoder(encoder.take())
    assert form(decoder.take()) == form([item])
    got = decoder.key(0)
    if key is None:
        assert math.isnan(got)
    elif decoder.key_kind == "int64":
        assert got == int(key)
    else:
        assert form(got) == form(key)


@given(st.lists(batches, min_size=1, max_size=3), st.data())
def test_copied_slices_decode_as_they_did_where_they_came_from(frames, data):
    sources = [Decoder(encoded(rows)) for rows in frames]
    encoder = Encoder()
    expected: list[Any] = []
    for _ in range(data.draw(st.integers(0, 6), label="slices")):
        n = data.draw(st.integers(0, len(frames) - 1), label="source")
        start = data.draw(st.integers(0, len(frames[n])), label="start")
        stop = data.draw(st.integers(start, len(frames[n])), label="stop")
        encoder.copy(sources[n], start, stop)
        expected += frames[n][start:stop]
        if data.draw(st.booleans(), label="one more"):
            item = data.draw(items, label="item")
            encoder.add(item)
            expected.append(item)
        encoder._check()
    decoder = Decoder(encoder.take())
    assert form(decoder.take()) == form(expected)


@pytest.mark.parametrize("text", ["a", "ß", "€", "😀", "a\ud800"])
@pytest.mark.parametrize("count", [33, 10**5, 3 * 10**6])
def test_huge_strings_and_bytes_survive(text, count):
    data = text.encode("utf-8", "surrogatepass") * count
    text *= count
    rows = [text, data, {"text": text, "data": data, text[:40]: 1}]
    assert Decoder(encoded(rows)).take() == rows


# ---- Damage


def flipped(frame: bytes, flips: list[tuple[int, int]]) -> bytes:
    damaged = bytearray(frame)
    for place, bits in flips:
        damaged[place % len(damaged)] ^= bits
    return bytes(damaged)


flips = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(1, 255)), min_size=1, max_size=4
)


@given(short_batches, flips)
def test_a_flipped_byte_is_noticed(rows, flips):
    frame = encoded(rows)
    damaged = flipped(frame, flips)
    decoder = Decoder()
    if damaged == frame:  # flipped back
        return
    with pytest.raises(FrameError):
        decoder.open(damaged)
    assert len(decoder) == 0


@given(short_batches, st.integers(0, 10**6), st.binary(min_size=1, max_size=24))
def test_a_frame_of_another_length_is_noticed(rows, cut, more):
    frame = encoded(rows)
    for wrong in (frame[: cut % len(frame)], frame + more, more + frame):
        with pytest.raises(FrameError):
            Decoder(wrong)


@given(st.binary(max_size=400), st.booleans())
def test_random_bytes_are_no_frame(noise, begin_well):
    if begin_well:
        noise = b"CMXF\1\0\1\0" + noise
    with pytest.raises(FrameError):
        Decoder(noise)


key_makers = st.sampled_from([int, float, str])


def probe(frame: bytes) -> None:
    """Everything that can be done with a frame gives a result or a FrameError."""
    decoder = Decoder()
    try:
        decoder.open(frame)
    except FrameError:
        return
    for row in range(decoder.rows):
        for read in (decoder.item, decoder.key):
            with suppress(FrameError):
                read(row)
    encoder = Encoder()
    encoder.add({"other": 1}, 0 if decoder.key_kind == "int64" else 0.5)
    if decoder.key_kind == "object":
        encoder.clear()
        encoder.add({"other": 1})
    for row in range(decoder.rows):
        with suppress(FrameError):
            encoder.copy(decoder, row, row + 1)
        encoder._check()
    copied = Decoder(encoder.take())
    for row in range(copied.rows):
        with suppress(FrameError):
            copied.item(row)


@given(st.lists(plain_items, min_size=1, max_size=6), key_makers, flips)
def test_a_hostile_frame_is_read_within_its_bounds(rows, key, flips):
    frame = encoded(rows, [key(i) for i in range(len(rows))])
    damaged = bytearray(flipped(frame, flips))
    # As one who wants harm would: sizes and contents wrong, checksum right.
    _seal(damaged)
    probe(bytes(damaged))


@given(
    st.lists(plain_items, min_size=1, max_size=6),
    st.integers(0, 10**6),
    st.one_of(
        st.sampled_from([2**16 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 8, 2**64 - 1]),
        st.integers(0, 300),
    ),
    st.sampled_from(["<Q", "<I", "<H"]),
)
def test_a_hostile_size_is_a_bound_before_it_is_a_length(rows, place, size, width):
    damaged = bytearray(encoded(rows))
    place %= len(damaged) - 7
    struct.pack_into(width, damaged, place, size % 2 ** (8 * struct.calcsize(width)))
    _seal(damaged)
    probe(bytes(damaged))
