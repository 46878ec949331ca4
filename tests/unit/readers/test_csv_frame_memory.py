"""Keys and offsets of frames lie in memory that is used again: who sees which of it."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pytest

from chronomux.readers import CSVReader
from chronomux.types import Frame


def frames_of(first: int, count: int, filling: int) -> Iterator[Frame]:
    body = b"".join(b"%d,%s\n" % (first + i, b"x" * filling) for i in range(count))
    return CSVReader(io.BytesIO(b"t,v\n" + body), timestamp="t").frames()


def keys_of(frames: list[Frame]) -> list[int]:
    return [key // 10**9 for frame in frames for key in frame.keys]


@pytest.mark.parametrize("filling", [0, 20, 2000])  # many in a block, and few
def test_a_frame_keeps_its_numbers_while_others_are_made(filling: int) -> None:
    count = 20_000 if filling < 2000 else 300
    kept = list(frames_of(0, count, filling))
    expected = keys_of(kept)
    assert len(kept) > 1
    assert expected == list(range(count))
    for round_ in range(1, 4):
        others = list(frames_of(round_ * count, count, filling))
        assert keys_of(others) == list(range(round_ * count, (round_ + 1) * count))
    assert keys_of(kept) == expected
    for frame in kept:
        assert len(frame.offsets) == len(frame.keys) + 1
        assert frame.offsets[0] == 0
        assert frame.offsets[-1] == len(frame.rows)


def test_the_numbers_of_a_frame_outlive_it_and_its_reader() -> None:
    frames = frames_of(7, 20_000, 20)
    keys = np.asarray(next(frames).keys)
    offsets = np.asarray(next(frames).offsets)
    sizes = np.diff(offsets).tolist()
    del frames
    list(frames_of(0, 20_000, 1))
    assert (keys == 10**9 * np.arange(7, 7 + len(keys))).all()
    assert np.diff(offsets).tolist() == sizes


def test_the_numbers_of_a_frame_cannot_be_written_to() -> None:
    frame = next(frames_of(0, 10, 0))
    for numbers in (frame.keys, frame.offsets):
        assert memoryview(numbers).readonly
        with pytest.raises(TypeError):
            numbers[0] = 1
