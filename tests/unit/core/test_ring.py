"""A ring in memory, where the queue's own interface does not reach."""

from __future__ import annotations

import os
import struct
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from chronomux._core.receiver import Receiver
from chronomux._core.ring import HEADER_BYTES, MOST_PRODUCERS, Ring
from chronomux._core.sender import Sender
from chronomux.errors import FrameError
from chronomux.queue import Queue

NAME = b"sixteen bytes it"
RECORD = 24  # bytes before a frame
HEAD = 64  # where the head is: ring_layout.h
EXTENTS = HEADER_BYTES - 256 + 48  # and the extents, of 40 bytes


def new_file(size: int) -> int:
    fd, path = tempfile.mkstemp()
    os.unlink(path)
    os.truncate(fd, size)
    return fd


@pytest.fixture
def fd() -> Iterator[int]:
    """Of a file of zeros that a ring of 4096 bytes fits; for a Ring that refuses it."""
    fd = new_file(HEADER_BYTES + 4096)
    yield fd
    os.close(fd)


def new_ring(size: int = 4096, **options: Any) -> Ring:
    return Ring(new_file(HEADER_BYTES + size), name=NAME, **options)


def never_gone(pid: int, started: int) -> bool:
    return False


def position(shared: Queue) -> int:
    """Bytes that consumers have done with."""
    (head,) = struct.unpack("<Q", os.pread(shared._ring.fileno(), 8, HEAD))
    return int(head) >> 16 << 3


# ---- The file


def test_a_ring_tells_what_it_was_made_with() -> None:
    ring = new_ring(5000, maxsize=7)
    other = Ring(os.dup(ring.fileno()))
    for same in (ring, other):
        assert (same.name, same.maxsize, same.ring_bytes, len(same)) == (
            NAME,
            7,
            5000,
            0,
        )
        assert same.wanted == (False, False)
        assert same.producers() == []
    assert new_ring(5001).ring_bytes == 5000


@pytest.mark.parametrize("size", [0, 1, 4096, HEADER_BYTES, HEADER_BYTES + 4095])
def test_a_file_too_short_for_a_ring_is_refused(size: int) -> None:
    fd = new_file(size)
    for options in ({}, {"name": NAME}):
        with pytest.raises(ValueError, match="too few"):
            Ring(fd, **options)  # type: ignore[arg-type]
    os.close(fd)  # it is still ours


@pytest.mark.parametrize("content", [b"", b"\0", b"text, not a ring", b"\xff" * 40])
def test_a_file_that_is_no_ring_is_refused(fd: int, content: bytes) -> None:
    os.pwrite(fd, content, 0)
    with pytest.raises(ValueError, match="no ring"):
        Ring(fd)


@pytest.mark.parametrize("capacity", [0, 8, 4095, 1 << 17, 1 << 40, (1 << 64) - 8])
def test_a_ring_whose_size_is_a_lie_is_refused(fd: int, capacity: int) -> None:
    Ring(os.dup(fd), name=NAME)
    os.pwrite(fd, struct.pack("<Q", capacity), 8)
    with pytest.raises(ValueError, match="no ring"):
        Ring(fd)


def test_a_name_has_16_bytes(fd: int) -> None:
    with pytest.raises(ValueError, match="16 bytes, not 3"):
        Ring(fd, name=b"abc")


def test_what_is_no_ring_is_refused() -> None:
    for wrong in (None, 5, "ring"):
        with pytest.raises(TypeError):
            Sender(wrong, 0)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            Receiver(wrong)  # type: ignore[arg-type]


# ---- Producers


def test_a_producer_takes_the_first_place_that_is_free() -> None:
    ring = new_ring()
    assert [ring.attach(pid, 1, never_gone) for pid in (10, 11, 12)] == [0, 1, 2]
    ring.detach(1)
    assert ring.producers() == [(10, 1, 0), (12, 1, 0)]
    assert ring.producer(1)[0] == 0
    assert ring.attach(13, 2, never_gone) == 1
    assert ring.attach(14, 3, lambda pid, started: pid == 12) == 2
    assert ring.producers() == [(10, 1, 0), (13, 2, 0), (14, 3, 0)]
    assert ring.producer(2) == (14, 3)
    assert ring.producer(MOST_PRODUCERS) == (0, 0)


def test_too_many_producers_are_refused() -> None:
    ring = new_ring()
    for pid in range(1, MOST_PRODUCERS + 1):
        ring.attach(pid, 0, lambda pid, started: False)
    with pytest.raises(OSError, match=str(MOST_PRODUCERS)):
        ring.attach(5000, 0, never_gone)
    assert ring.attach(5000, 0, lambda pid, started: pid == 500) == 499


def test_a_question_that_fails_lets_the_lock_go() -> None:
    ring = new_ring()
    ring.attach(1, 0, never_gone)
    with pytest.raises(ZeroDivisionError):
        ring.attach(2, 0, lambda pid, started: 1 // 0 == 0)
    assert ring.attach(2, 0, never_gone) == 1


# ---- Records


def test_records_go_round_the_end_at_every_offset() -> None:
    shared, offsets = Queue(ring_bytes=4096), set()
    for number in range(20_000):
        item = number.to_bytes(4, "little") * (number * 7 % 150)
        shared.put(item)
        assert shared.get(timeout=20) == item
        offsets.add(position(shared) % 4096)
        if len(offsets) == 4096 // 8:
            return
    raise AssertionError(f"only {len(offsets)} offsets")


@pytest.mark.parametrize("ring_bytes", [4096, 4104, 6000])
def test_frames_that_are_too_large_take_turns_with_others(ring_bytes: int) -> None:
    shared = Queue(ring_bytes=ring_bytes)
    for size in range(1500, 9000, 123):
        items = [bytes([size % 251]) * size, size]
        shared.put_many(items)
        assert [shared.get(timeout=20) for _ in items] == items
    assert position(shared) > ring_bytes


def test_items_are_counted_across_frames_and_takers() -> None:
    shared = Queue()
    for count in (1, 300, 5):
        shared.put_many(range(count))
        shared.flush()
    for left in range(306, 0, -1):
        assert len(shared._ring) == left
        shared.get()
    assert len(shared._ring) == 0


# ---- Damage


def damage(shared: Queue, offset: int, change: bytes) -> None:
    """Write behind the head, where the next record begins."""
    begin = HEADER_BYTES + position(shared) % shared._ring.ring_bytes
    os.pwrite(shared._ring.fileno(), change, begin + offset)


def frame_of(shared: Queue, item: Any) -> int:
    """Put an item in a frame of its own; the bytes of the frame."""
    shared.put(item)
    shared.flush()
    begin = HEADER_BYTES + position(shared) % shared._ring.ring_bytes
    (size,) = struct.unpack("<Q", os.pread(shared._ring.fileno(), 8, begin + 8))
    return int(size)


def test_a_damaged_frame_is_raised_once_and_the_queue_goes_on() -> None:
    shared = Queue()
    frame_of(shared, {"a": 1})
    damage(shared, RECORD, b"\xff" * 16)
    shared.put("next")
    shared.flush()
    assert shared.qsize() == 2
    with pytest.raises(FrameError):
        shared.get()
    assert shared.qsize() == 1
    assert shared.get() == "next"
    with pytest.raises(Queue.Empty):
        shared.get_nowait()


def test_a_damaged_frame_does_not_take_along_what_get_many_has_got() -> None:
    shared = Queue()
    shared.put_many([1, 2])
    shared.flush()
    assert shared.get() == 1
    begin = position(shared)
    frame_of(shared, 3)
    assert position(shared) == begin
    fd, size = shared._ring.fileno(), HEADER_BYTES + begin
    (first,) = struct.unpack("<Q", os.pread(fd, 8, size + 8))
    os.pwrite(fd, b"\xff" * 16, size + RECORD + first + RECORD)
    shared.put(4)
    shared.flush()
    assert shared.get_many() == [2]
    with pytest.raises(FrameError):
        shared.get_many()
    assert shared.get_many() == [4]


def test_no_damaged_byte_stops_the_queue() -> None:
    shared = Queue()
    size = frame_of(shared, {"a": 1, "b": 2.5})
    assert shared.get() == {"a": 1, "b": 2.5}
    for offset in range(size):
        assert frame_of(shared, {"a": 1, "b": 2.5}) == size
        begin = HEADER_BYTES + position(shared) % shared._ring.ring_bytes
        fd = shared._ring.fileno()
        (byte,) = os.pread(fd, 1, begin + RECORD + offset)
        damage(shared, RECORD + offset, bytes([byte ^ 0xFF]))
        with suppress(Exception):  # or another item
            shared.get_nowait()
        shared.put(offset)
        assert shared.get(timeout=5) == offset
        assert shared.qsize() == 0


@pytest.mark.parametrize(
    "size", [1, 7, 1 << 20, 1 << 40, (1 << 64) - 8, (1 << 64) - 32]
)
def test_a_record_whose_size_is_a_lie_is_raised_and_read_no_further(size: int) -> None:
    shared = Queue()
    frame_of(shared, 1)
    damage(shared, 8, struct.pack("<Q", size))
    for call in (shared.get, shared.get_many, shared.get_nowait):
        with pytest.raises(FrameError, match="damaged queue"):
            call()


@pytest.mark.parametrize("rows", [0, 2, 255, 1 << 20, (1 << 32) - 1])
def test_a_record_whose_rows_are_a_lie_is_raised(rows: int) -> None:
    shared = Queue()
    frame_of(shared, 1)
    damage(shared, 4, struct.pack("<I", rows))
    with pytest.raises(FrameError):
        shared.get()
    shared.put("next")
    assert shared.get(timeout=5) == "next"


LARGE = bytes(10_000)


def put_large(shared: Queue) -> tuple[int, int]:
    """Where an item lies that the ring cannot take, and how long its frame is."""
    assert frame_of(shared, LARGE) == 16
    begin = HEADER_BYTES + position(shared) % shared._ring.ring_bytes + RECORD
    offset, size = struct.unpack("<QQ", os.pread(shared._ring.fileno(), 16, begin))
    return offset, size


@pytest.mark.parametrize(
    ("offset", "size"),
    [
        (0, 1 << 40), (1 << 40, 0), (1 << 63, (1 << 64) - 8), ((1 << 64) - 8, 16),
        (0, 1), (0, (1 << 64) - 8),
    ],
)  # fmt: skip
def test_a_place_that_is_a_lie_is_raised_and_not_read(offset: int, size: int) -> None:
    shared = Queue(ring_bytes=4096)
    put_large(shared)
    damage(shared, RECORD, struct.pack("<QQ", offset, size))
    for call in (shared.get, shared.get_many, shared.get_nowait):
        with pytest.raises(FrameError, match="damaged queue"):
            call()


def test_a_damaged_large_frame_is_raised_once_and_the_queue_goes_on() -> None:
    shared = Queue(ring_bytes=4096)
    offset, _ = put_large(shared)
    os.pwrite(shared._ring.fileno(), b"\xff" * 16, offset)
    shared.put("next")
    with pytest.raises(FrameError):
        shared.get()
    assert shared.get(timeout=5) == "next"
    assert shared.qsize() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="locks have other sizes")
def test_an_extent_whose_writer_died_before_there_was_a_record_is_free() -> None:
    """It says that it is in use until a record is taken that never came."""
    shared = Queue(ring_bytes=4096)
    shared.put(LARGE)
    assert shared.get(timeout=5) == LARGE
    for extent in range(4):
        after = struct.pack("<Q", position(shared) + 8 * extent + 8)
        os.pwrite(shared._ring.fileno(), after, EXTENTS + 40 * extent)
    put_large(shared)
    assert shared._sender.parcels == (0, 0)
    assert shared.get(timeout=5) == LARGE
