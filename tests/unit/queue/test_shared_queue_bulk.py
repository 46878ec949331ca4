"""Arrays and other items with large buffers, which are not copied into a pickle."""

from __future__ import annotations

import gc
import pickle
import queue
import threading
from typing import Any

import numpy as np
import pytest

from chronomux._core.decoder import Decoder
from chronomux._core.encoder import Encoder
from chronomux._core.frames import _seal
from chronomux.queue import Queue

SIZES = [10, 4096, 5000, 40_000, 125_000, 1 << 19]  # doubles; from 4096 on it is bulk


def facts(value: Any) -> Any:
    """What must be the same on both sides."""
    if isinstance(value, np.ndarray):
        flags = value.flags
        return (
            value.dtype, value.shape, value.tobytes(),
            flags.writeable, flags.aligned, flags.f_contiguous,
        )  # fmt: skip
    if isinstance(value, dict):
        return {key: facts(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(facts(part) for part in value)
    return value


def items_of(size: int) -> list[Any]:
    """All the ways in which an array may be, or be in, an item."""
    column = np.arange(size, dtype=np.float64)
    frozen = column.copy()
    frozen.flags.writeable = False
    table = np.asfortranarray(np.arange(2 * size, dtype=np.int64).reshape(2, size))
    odd = np.arange(size * 8 + 3, dtype=np.uint8)
    structured = np.zeros(size, dtype=[("a", "<f8"), ("b", "S3")])
    return [
        column, 1, frozen, table, odd, structured, column[::2], [column, table],
        {"array": column, "n": 1}, (column, column), {"text": "x" * size}, column,
    ]  # fmt: skip


def pickled(item: Any) -> Any:
    return facts(pickle.loads(pickle.dumps(item, 5)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("ring_bytes", [1 << 14, 1 << 20])
def test_arrays_arrive_as_pickle_would_bring_them(size: int, ring_bytes: int) -> None:
    shared, items = Queue(ring_bytes=ring_bytes), items_of(size)
    for item in items:
        shared.put(item)
    shared.put_many(items)
    got = [shared.get(timeout=20) for _ in items]
    while len(got) < 2 * len(items):
        got += shared.get_many(timeout=20)
    assert [facts(item) for item in got] == [pickled(item) for item in items] * 2
    assert shared.empty()


def test_an_array_has_its_own_memory_as_long_as_it_lives() -> None:
    shared, kept = Queue(ring_bytes=1 << 16), []
    for number in range(40):
        source = np.full(20_000, number)
        shared.put(source)
        source[:] = -1  # what was put is put
        kept.append(shared.get(timeout=20))
        kept[-1][0] += 0.0 if number % 2 else 0
        if number % 3 == 0:
            del kept[0]
            gc.collect()
    for array in kept:
        assert (array == array[0]).all()
        assert array[0] >= 0
    assert len({int(array[0]) for array in kept}) == len(kept)
    del shared
    gc.collect()
    assert all((array == array[0]).all() for array in kept)


def test_what_waits_for_room_is_a_copy() -> None:
    shared, source = Queue(ring_bytes=1 << 14), np.zeros(50_000)
    for number in range(12):
        source[:] = number
        shared.put(source)
    assert shared._sender is not None
    assert shared._sender.parcels[0] >= 4
    for number in range(12):
        assert (shared.get(timeout=20) == number).all()


def test_plain_buffers_come_as_plain_buffers() -> None:
    shared = Queue()
    for plain in (bytes(100_000), bytearray(100_000)):
        for item in (plain, pickle.PickleBuffer(plain), [pickle.PickleBuffer(plain)]):
            shared.put(item)
            got = shared.get(timeout=20)
            got = got[0] if isinstance(got, list) else got
            assert type(got) is type(plain)
            assert got == plain


def test_a_large_item_takes_no_small_one_along() -> None:
    """Those before it in the open frame go first, in order."""
    shared = Queue(sort_key=None)
    array = np.arange(30_000)
    for item in (1, {"a": 1}, array, {"a": 2}, "x", {"t": "x" * 50_000}, array, 2):
        shared.put(item, key=5)
    got = [shared.get(timeout=20) for _ in range(8)]
    assert got[:2] == [1, {"a": 1}]
    assert got[3:6] == [{"a": 2}, "x", {"t": "x" * 50_000}]
    assert got[7] == 2
    assert np.array_equal(got[2], array)
    assert np.array_equal(got[6], array)


def test_more_buffers_than_a_frame_leaves_out_are_pickled() -> None:
    shared = Queue()
    arrays = [np.full(5000, number) for number in range(40)]
    shared.put(arrays)
    assert facts(shared.get(timeout=20)) == facts(arrays)


def test_a_frame_of_its_own_holds_its_large_buffers() -> None:
    encoder, items = Encoder(), items_of(5000)
    encoder.extend(items)
    encoder._check()
    decoder = Decoder(encoder.take())
    again = Encoder()
    again.copy(decoder)
    assert facts(decoder.take()) == pickled(items)
    assert facts(Decoder(again.take()).take()) == pickled(items)


def test_an_array_may_be_a_key() -> None:
    encoder = Encoder()
    encoder.add(1, np.arange(5000))
    decoder = Decoder(encoder.take())
    assert np.array_equal(decoder.key(0), np.arange(5000))
    assert decoder.item(0) == 1


@pytest.mark.parametrize("at", [1, 5, 9, 13, 16])
@pytest.mark.parametrize("change", [b"\xff" * 4, b"\xff\xff\xff\x7f", b"\x10\0\4\0"])
def test_sizes_of_buffers_that_lie_are_bounds_before_they_are_lengths(
    at: int, change: bytes
) -> None:
    """Wrong as one would make them who wants harm: the checksum is right."""
    encoder = Encoder()
    encoder.add(np.arange(20_000))
    frame = bytearray(encoder.take())
    row = 56 + 8 + 16
    assert frame[row] == 16
    frame[row + at : row + at + len(change)] = change
    _seal(frame)
    with pytest.raises(ValueError, match=r"damaged frame|buffer|shape"):
        Decoder(frame).take()


class Interrupted:
    """Unpickling it is interrupted, as by Ctrl-C, as often as told."""

    left = 0

    def __setstate__(self, state: dict[str, Any]) -> None:
        if Interrupted.left:
            Interrupted.left -= 1
            raise KeyboardInterrupt
        self.__dict__.update(state)


@pytest.mark.parametrize("size", [1, 1 << 17])
def test_an_item_whose_unpickling_was_interrupted_comes_again(size: int) -> None:
    shared = Queue(ring_bytes=1 << 16)
    for number in range(3):
        item = Interrupted()
        item.number, item.body = number, np.arange(size)  # type: ignore[attr-defined]
        shared.put(item)
    shared.flush()
    for call in (shared.get, lambda: shared.get_many(1)[0], shared.get_nowait):
        Interrupted.left = 2
        for _ in range(2):
            before = shared.qsize()
            with pytest.raises(KeyboardInterrupt):
                call()
            assert shared.qsize() == before
        got = call()
        assert (got.number, len(got.body)) == (3 - before, size)
    assert shared.empty()


def test_threads_put_and_get_large_items() -> None:
    shared, got = Queue(ring_bytes=1 << 16), queue.SimpleQueue[int]()

    def put(number: int) -> None:
        for _ in range(20):
            shared.put(np.full(30_000, number))

    def get() -> None:
        for _ in range(20):
            array = shared.get(timeout=20)
            assert (array == array[0]).all()
            got.put(int(array[0]))

    threads = [threading.Thread(target=put, args=(n,)) for n in range(3)]
    threads += [threading.Thread(target=get) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(got.get(timeout=1) for _ in range(60)) == sorted([0, 1, 2] * 20)
