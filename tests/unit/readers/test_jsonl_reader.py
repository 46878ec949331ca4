"""JSON lines as dicts and as frames."""

from __future__ import annotations

import gzip
import io
import queue
from typing import Any

import pytest

from chronomux.errors import ReaderError, TimestampError
from chronomux.readers import JSONLReader

TIME = 1_700_000_000_123_456_000
LINES = b'{"t": 1700000000.123456, "v": 1}\n\n{"t": "2023-11-14T22:13:21Z", "v": [2]}'


def reader_of(data: bytes, **options: Any) -> JSONLReader:
    return JSONLReader(io.BytesIO(data), **options)


def test_lines_are_dicts() -> None:
    assert list(reader_of(LINES)) == [
        {"t": 1700000000.123456, "v": 1},
        {"t": "2023-11-14T22:13:21Z", "v": [2]},
    ]


def test_times_are_read_from_numbers_and_texts() -> None:
    times = [row["timestamp"] for row in reader_of(LINES, timestamp="t")]
    assert times == [TIME, 1_700_000_001_000_000_000]


@pytest.mark.parametrize("path", ["head.t", ["head", "t"]])
@pytest.mark.parametrize(
    "line", [b'{"head": {"t": 7}}', b'{"head.t": 7, "head": {"t": 8}}']
)
def test_a_time_may_stand_inside(path: Any, line: bytes) -> None:
    (row,) = reader_of(line, timestamp=path, timestamp_format="epoch_ns")
    assert row["timestamp"] == 7


def test_frames_hold_lines_as_they_stand() -> None:
    data = b"\xef\xbb\xbf" + LINES * 1
    (frame,) = reader_of(data, timestamp="t").frames()
    assert list(frame.keys) == [TIME, 1_700_000_001_000_000_000]
    rows = [frame.rows[a:b] for a, b in zip(frame.offsets, frame.offsets[1:])]  # noqa: B905
    assert rows == [LINES.splitlines(True)[0], LINES.splitlines(True)[2]]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"{", "is no JSON"),
        (b"[1]", "holds list, not an object"),
        (b"[" * 100_000, "is no JSON"),
        (b'{"v": "\xff"}', "byte 0xff is not utf-8"),
    ],
)
def test_damage_is_an_error_with_its_line(line: bytes, text: str) -> None:
    good = []
    with pytest.raises(ReaderError, match=text) as raised:
        good.extend(reader_of(b'{"v": 1}\n\n' + line + b"\n{}"))
    assert str(raised.value).startswith("<BytesIO>:3:")
    assert good == [{"v": 1}]


@pytest.mark.parametrize(
    "line", [b'{"v": 1}', b'{"t": null}', b'{"t": true}', b'{"t": "x"}', b'{"t": NaN}']
)
def test_lines_without_a_time_are_dealt_with(line: bytes) -> None:
    data = b'{"t": 1}\n' + line
    with pytest.raises(TimestampError, match=r"^<BytesIO>:2: .*on_error='skip'"):
        list(reader_of(data, timestamp="t"))
    reader = reader_of(data, timestamp="t", on_error="skip")
    assert [row["timestamp"] for row in reader] == [10**9]
    assert (reader.stats.bad_times, reader.stats.bad_lines) == (1, [2])
    reader = reader_of(data, timestamp="t", on_error="null")
    assert [row["timestamp"] for row in reader] == [10**9, None]
    (frame,) = reader_of(data, timestamp="t", on_error="null").frames()
    assert list(frame.keys) == [10**9, -(2**63)]


def test_another_timestamp_is_not_lost() -> None:
    data = b'{"t": 1, "timestamp": 2}'
    with pytest.raises(ReaderError, match=":1: has a key 'timestamp'"):
        list(reader_of(data, timestamp="t"))
    assert list(reader_of(data, timestamp="timestamp")) == [{"t": 1, "timestamp": 2e9}]


def test_frames_need_a_path() -> None:
    with pytest.raises(ReaderError, match="timestamp="):
        list(reader_of(LINES).frames())
    for path in ([], [5], 5):
        with pytest.raises(TypeError):
            reader_of(LINES, timestamp=path)


def test_compressed_rows_go_on_a_queue_before_empty() -> None:
    target: queue.Queue[Any] = queue.Queue()
    reader_of(gzip.compress(LINES), queue=target, start=True)
    assert [target.get_nowait()["v"] for _ in range(2)] == [1, [2]]
    assert target.get_nowait() is queue.Empty
