"""Frames: layout, errors, sharing. Round trips and damage: tests/property."""

from __future__ import annotations

import math
import multiprocessing
import pickle
import queue
import struct
import sys
import threading
from datetime import datetime, tzinfo
from typing import Any

import pytest

from chronomux._core.decoder import Decoder
from chronomux._core.encoder import Encoder
from chronomux._core.frames import _seal
from chronomux.errors import ChronomuxError, FrameError

RECORD = {"time": 1.5, "name": "a", "n": 7, "on": True, "off": False, "no": None}


def frame_of(*items: Any, keys: list[Any] | None = None) -> bytes:
    encoder = Encoder()
    encoder.extend(items, keys)
    encoder._check()
    return encoder.take()


def round_trip(*items: Any) -> list[Any]:
    return Decoder(frame_of(*items)).take()


def header(frame: bytes) -> tuple[int, ...]:
    return struct.unpack_from("<IHBBIIQQQQQ", frame)


# ---- Layout


def test_a_frame_lies_in_memory_as_documented():
    frame = frame_of({"a": 5, "ß€": True}, "xy", keys=[3, -4])
    magic, version, kind, flags, rows, schemas, *sizes = header(frame)
    schema_size, row_size, size, loose, _ = sizes
    assert magic.to_bytes(4, "little") == b"CMXF"
    assert (version, kind, flags, rows, schemas) == (1, 1, 0, 2, 1)
    assert (size, loose) == (len(frame), 0)
    assert size % 8 == 0
    assert struct.unpack_from("<2q", frame, 56) == (3, -4)
    assert struct.unpack_from("<3Q", frame, 72) == (0, 13, 20)
    keys = b"\1\1\0\0\0a" + b"\2\2\0\0\0" + "ß€".encode("utf-16-le")
    assert schema_size == 24
    assert frame[96:120] == struct.pack("<II", 24, 2) + keys + bytes(16 - len(keys))
    rows_at = 96 + schema_size
    assert row_size == 20
    assert frame[rows_at : rows_at + 20] == (
        b"\x0c\0\0\4" + struct.pack("<q", 5) + b"\3" + b"\6\2\0\0\0xy"
    )
    assert frame[rows_at + 20 :] == bytes(-20 % 8)


@pytest.mark.parametrize(
    ("item", "size"),
    [
        (None, 1),
        (True, 1),
        (False, 1),
        (-(2**63), 9),
        (2**63 - 1, 9),
        (0.5, 9),
        ("abc", 8),
        ("€uro", 13),
        ("😀", 9),
        (b"abc", 8),
        ({"a": None, "b": True, "c": False}, 6),
        ([1, "a", None], 5 + 9 + 6 + 1),
        ((True, b""), 5 + 1 + 5),
        ({}, 3),
    ],
)
def test_what_has_a_tag_takes_no_more_bytes_than_it_says(item, size):
    assert header(frame_of(item))[7] == size


def test_an_empty_frame_is_a_frame():
    frame = Encoder().take()
    assert len(frame) == 64
    assert Decoder(frame).take() == []


def test_nbytes_tells_what_take_will_return():
    encoder = Encoder()
    for item in (RECORD, "x" * 100_000, [1, 2], {"a": {1, 2}}):
        encoder.add(item, 1.0)
        size = encoder.nbytes
        _, rows, _ = encoder.key_kind, len(encoder), encoder._check()
        assert rows >= 1
    assert len(encoder.take()) == size
    assert len(encoder) == 0


# ---- Keys


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ([1, -(2**63), 2**63 - 1], "int64"),
        ([True, False, 3], "int64"),
        ([1.5, -0.0, math.inf], "double"),
        (["a", "b", None], "object"),
        ([2**63, (1, "a"), {"k": 1}, [1]], "object"),
    ],
)
def test_keys_come_back_as_they_were_given(keys, kind):
    if kind == "object" and None in keys:
        keys = [*keys[:-1], "c"]
    decoder = Decoder(frame_of(*range(len(keys)), keys=keys))
    assert decoder.key_kind == kind
    got = [decoder.key(row) for row in range(len(keys))]
    assert got == keys
    assert [math.copysign(1, key) for key in got if key == 0.0] == [
        math.copysign(1, key) for key in keys if key == 0.0
    ]
    assert decoder.take() == list(range(len(keys)))


def test_a_missing_key_is_nan():
    decoder = Decoder(frame_of("a", "b", keys=[None, math.nan]))
    assert decoder.key_kind == "double"
    assert math.isnan(decoder.key(0))
    assert math.isnan(decoder.key(1))


def test_an_item_without_a_key_is_its_own():
    decoder = Decoder(frame_of("a", {"b": 1}, [1, 2]))
    assert decoder.key_kind == "object"
    assert [decoder.key(row) for row in range(3)] == ["a", {"b": 1}, [1, 2]]


def test_a_key_of_another_kind_is_refused_until_the_frame_is_taken():
    encoder = Encoder()
    encoder.add("a", 1)
    for key in (1.0, None, "one", 2**64):
        with pytest.raises(TypeError, match="take"):
            encoder.add("b", key)
    with pytest.raises(TypeError, match="take"):
        encoder.add("b")
    encoder._check()
    assert Decoder(encoder.take()).take() == ["a"]
    encoder.add("b", 1.0)
    assert encoder.key_kind == "double"


# ---- Items


def test_repeated_short_strings_and_keys_are_one_object():
    decoder = Decoder()
    made = []
    for _ in range(2):
        decoder.open(frame_of({"key": "value"}, {"key": "value"}))
        made += decoder.take()
    assert len({id(item["key"]) for item in made}) == 1
    assert len({id(key) for item in made for key in item}) == 1


def test_decoded_dicts_are_independent():
    a, b = round_trip({"x": 1}, {"x": 2})
    a["y"] = 3
    del a["x"]
    assert b == {"x": 2}
    assert round_trip({"x": 1}) == [{"x": 1}]


def test_values_that_share_an_object_still_share_it():
    shared = [1]
    (item,) = round_trip({"a": shared, "b": shared})
    assert item["a"] is item["b"]


def test_an_item_may_contain_itself():
    item: dict[str, Any] = {"n": 1}
    item["self"] = [item]
    (got,) = round_trip(item)
    assert got["self"][0] is got
    loop: list[Any] = []
    loop.append(loop)
    (got,) = round_trip(loop)
    assert got[0] is got


def test_the_empty_class_stays_itself():
    assert round_trip(queue.Empty, {"end": queue.Empty}, [queue.Empty]) == [
        queue.Empty,
        {"end": queue.Empty},
        [queue.Empty],
    ]
    assert round_trip(queue.Empty)[0] is queue.Empty


def test_reducers_of_multiprocessing_are_used():
    left, right = multiprocessing.Pipe()
    with left, right:
        (copy,) = round_trip(left)
        with copy:
            assert copy.fileno() != left.fileno()
            copy.send("through the copy")
            assert right.recv() == "through the copy"


def test_dill_helps_where_pickle_cannot():
    pytest.importorskip("dill")
    bias = 3
    function, (other,) = round_trip(lambda x: x + bias, [lambda: bias])
    assert function(4) == 7
    assert other() == 3


def test_an_item_that_cannot_be_encoded_raises_what_pickle_says(monkeypatch):
    monkeypatch.setitem(sys.modules, "dill", None)
    encoder = Encoder()
    encoder.add({"a": 1})
    before = encoder.nbytes
    for item in (threading.Lock(), {"new": 1, "b": threading.Lock()}, [lambda: 0]):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            encoder.add(item)
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            encoder.extend([1, {"newer": 2}, item])
        encoder._check()
        assert encoder.nbytes == before
    assert Decoder(encoder.take()).take() == [{"a": 1}]


class Fails:
    def __reduce__(self) -> Any:
        raise ZeroDivisionError


def test_an_error_of_the_item_itself_passes_through():
    encoder = Encoder()
    for item in (Fails(), {"fresh": Fails()}, [1, Fails()]):
        with pytest.raises(ZeroDivisionError):
            encoder.add(item, 1)
        encoder._check()
    assert len(encoder) == 0
    encoder.add("fine", 1.0)
    assert Decoder(encoder.take()).take() == ["fine"]


class Meddler(tzinfo):
    """Does something to its surroundings while it is pickled."""

    action: Any = staticmethod(lambda: None)

    def __reduce__(self) -> Any:
        Meddler.action()
        return Meddler, ()


def meddling_value() -> datetime:
    """A value that is pickled by itself, in the middle of its row."""
    return datetime(2024, 1, 1, tzinfo=Meddler())


@pytest.mark.parametrize("method", ["add", "take", "clear", "extend"])
def test_an_item_that_uses_the_encoder_it_goes_into_is_told_so(monkeypatch, method):
    encoder = Encoder()
    arguments = {"add": (1,), "extend": ([1],)}.get(method, ())
    monkeypatch.setattr(Meddler, "action", lambda: getattr(encoder, method)(*arguments))
    for item in (Meddler(), {"a": 1, "b": meddling_value()}, [2, meddling_value()]):
        with pytest.raises(RuntimeError, match="one thread at a time"):
            encoder.add(item)
        encoder._check()
        assert len(encoder) == 0


def test_a_container_that_changes_while_it_is_encoded_is_noticed(monkeypatch):
    encoder = Encoder()
    row: dict[str, Any] = {"a": meddling_value(), "b": 1}
    monkeypatch.setattr(Meddler, "action", lambda: row.update({f"x{len(row)}": 1}))
    with pytest.raises(RuntimeError, match="changed"):
        encoder.add(row)
    row = {"a": 1, "b": meddling_value(), "c": 2}
    monkeypatch.setattr(Meddler, "action", lambda: row.clear())
    with pytest.raises(RuntimeError, match="changed"):
        encoder.add(row)
    items: list[Any] = [meddling_value(), 1, 2]
    monkeypatch.setattr(Meddler, "action", lambda: items.clear())
    with pytest.raises(RuntimeError, match="changed"):
        encoder.add(items)
    encoder._check()
    assert len(encoder) == 0


def test_more_schemas_than_a_frame_holds_do_not_matter():
    items = [{f"key {i}": i, "all": i} for i in range(1000)]
    frame = frame_of(*items)
    assert header(frame)[5] == 256
    assert Decoder(frame).take() == items


# ---- Taking


class Unloadable:
    def __reduce__(self) -> Any:
        return fail_to_load, ()


def fail_to_load() -> None:
    raise LookupError("not here")


def test_an_item_that_cannot_be_decoded_costs_no_other():
    frame = frame_of(1, 2, Unloadable(), 4, 5)
    decoder = Decoder(frame)
    assert decoder.take() == [1, 2]
    with pytest.raises(LookupError):
        decoder.take()
    assert decoder.take() == [4, 5]
    decoder.open(frame)
    got = []
    for _ in range(5):
        try:
            got.append(next(decoder))
        except LookupError:
            got.append("lost")
    assert got == [1, 2, "lost", 4, 5]
    with pytest.raises(StopIteration):
        next(decoder)


def test_rows_are_taken_in_order_one_by_one_and_in_bulk():
    decoder = Decoder(frame_of(*range(10)))
    assert next(decoder) == 0
    assert decoder.take(3) == [1, 2, 3]
    assert decoder.take(0) == []
    assert (len(decoder), decoder.rows, decoder.position) == (6, 10, 4)
    assert decoder.item(9) == 9
    assert list(decoder) == [4, 5, 6, 7, 8, 9]
    assert decoder.take() == []
    for row in (-1, 10):
        with pytest.raises(IndexError):
            decoder.item(row)
        with pytest.raises(IndexError):
            decoder.key(row)


def test_a_closed_decoder_has_no_rows_and_lets_the_buffer_go():
    buffer = bytearray(frame_of(1, 2))
    decoder = Decoder(buffer)
    with pytest.raises(BufferError):
        buffer.append(0)
    decoder.close()
    buffer.append(0)
    assert len(decoder) == 0
    assert decoder.take() == []
    with pytest.raises(FrameError):
        decoder.open(buffer)
    buffer.append(0)


@pytest.mark.parametrize("offset", range(8))
def test_a_frame_may_lie_at_any_address(offset):
    items = [RECORD, "€uro", "😀 and more", b"x", 2**70, ["a", 1.5]]
    buffer = bytearray(offset) + frame_of(*items)
    assert Decoder(memoryview(buffer)[offset:]).take() == items


# ---- Copying


def test_slices_of_frames_with_different_schemas_meet_in_one():
    sources = [
        Decoder(frame_of(*({name: i} for i in range(5)), keys=range(5)))
        for name in ("a", "b", "a", "c")
    ]
    encoder = Encoder()
    encoder.add({"c": 0}, 9)
    for source in sources:
        encoder.copy(source, 1, 3)
        encoder.copy(source, 4)
        encoder._check()
    decoder = Decoder(encoder.take())
    assert [decoder.key(row) for row in range(13)] == [9] + 4 * [1, 2, 4]
    assert decoder.take() == [{"c": 0}] + [
        {name: i} for name in "abac" for i in (1, 2, 4)
    ]


def test_copies_of_rows_without_room_for_their_schemas_go_to_the_next_frame():
    encoder = Encoder()
    many = [[{f"{name}{i}": i} for i in range(200)] for name in "ab"]
    first, second = (Decoder(frame_of(*items)) for items in many)
    encoder.copy(first)
    with pytest.raises(OverflowError, match="take"):
        encoder.copy(second)
    encoder._check()
    assert Decoder(encoder.take()).take() == many[0]
    encoder.copy(second)
    assert Decoder(encoder.take()).take() == many[1]


def test_copies_of_another_key_kind_or_of_no_rows_are_refused():
    encoder = Encoder()
    source = Decoder(frame_of(1, 2, keys=[1, 2]))
    encoder.add(0, 0.5)
    with pytest.raises(TypeError, match="take"):
        encoder.copy(source)
    for start, stop in ((-1, 1), (0, 3), (2, 1)):
        with pytest.raises(IndexError):
            encoder.copy(source, start, stop)
    encoder.copy(source, 1, 1)
    assert Decoder(encoder.take()).take() == [0]


# ---- Damage


@pytest.mark.parametrize(
    ("at", "data", "message"),
    [
        (0, b"X", "begin"),
        (4, b"\2", "version"),
        (6, b"\3", "version"),
        (7, b"\1", "version"),
        (8, b"\xff\xff\xff\xff", "sizes"),
        (12, b"\xff\xff\xff\x7f", "sizes"),
        (16, b"\xf8" + 7 * b"\xff", "sizes"),
        (24, 8 * b"\xff", "sizes"),
        (32, b"\0", "sizes"),
        (40, b"\1", "sizes"),
        (40, 8 * b"\xff", "sizes"),
        (72, b"\1", "offsets"),
        (80, b"\0", "offsets"),
        (88, b"\xff", "offsets"),
        (96, b"\x18", "schema"),
        (100, b"\xff", "schema"),
    ],
)
def test_a_hostile_frame_is_refused_with_the_reason(at, data, message):
    frame = bytearray(frame_of({"a": 1}, {"a": 2}, keys=[1, 2]))
    frame[at : at + len(data)] = data
    if at >= 48:
        with pytest.raises(FrameError, match="checksum"):
            Decoder(bytes(frame))
    _seal(frame)
    with pytest.raises(FrameError, match=message):
        Decoder(bytes(frame))


@pytest.mark.parametrize("size", [0, 1, 55])
def test_what_is_shorter_than_a_header_is_no_frame(size):
    with pytest.raises(FrameError, match="shorter"):
        Decoder(frame_of(1)[:size])


def test_frame_errors_are_value_errors_of_chronomux():
    assert issubclass(FrameError, ChronomuxError)
    assert issubclass(FrameError, ValueError)


@pytest.mark.parametrize(
    ("item", "at", "data"),
    [
        (1, 0, b"\0"),
        (1, 0, b"\x0f"),
        ("abc", 1, b"\4"),
        ("abc", 1, b"\2"),
        ("abc", 1, b"\xff\xff\xff\xff"),
        (b"abc", 1, b"\xff\xff\xff\xff"),
        ("😀", 5, b"\xff\xff\xff\xff"),
        ([1, 2], 1, b"\3"),
        ([1, 2], 1, b"\xff\xff\xff\xff"),
        ({"a": 1}, 1, b"\1"),
        (2**70, 1, 8 * b"\xff"),
        (2**70, 9, b"x"),
    ],
)
def test_a_hostile_row_is_refused_when_it_is_decoded(item, at, data):
    frame = bytearray(frame_of(item, 7))
    begin = 56 + 16 * 2 + 8 + header(frame)[6]
    frame[begin + at : begin + at + len(data)] = data
    _seal(frame)
    decoder = Decoder(bytes(frame))
    with pytest.raises(FrameError):
        next(decoder)
    assert next(decoder) == 7
