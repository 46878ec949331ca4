"""Files that grow, are replaced or are cut while they are read."""

from __future__ import annotations

import gzip
import logging
import os
import queue
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import ReaderError
from chronomux.readers import CSVReader, FileReader

PATIENCE = 10.0  # s; a test that waits longer has failed


class Follower:
    """A FileReader that follows `path` in its thread, and the lines it gave."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.lines: queue.Queue[Any] = queue.Queue()
        self.reader = FileReader(path, self.lines, follow=True, **options).run()

    def next(self) -> Any:
        return self.lines.get(timeout=PATIENCE)

    def rest(self) -> list[Any]:
        """Stop, and give all that comes up to the end mark."""
        self.reader.stop()
        return list(iter(self.next, queue.Empty))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "log"
    file.write_bytes(b"one\n")
    return file


@pytest.fixture
def follower(path: Path) -> Iterator[Follower]:
    follower = Follower(path)
    yield follower
    follower.reader.close()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_lines_are_given_as_they_are_written(path: Path, follower: Follower) -> None:
    assert follower.next() == "one\n"
    for number in range(20):
        append(path, b"%d\n" % number)
        assert follower.next() == f"{number}\n"
    assert follower.rest() == []


def test_a_new_line_is_given_soon(path: Path, follower: Follower) -> None:
    follower.next()
    waits = []
    for _ in range(20):
        append(path, b"x\n")
        start = time.monotonic()
        follower.next()
        waits.append(time.monotonic() - start)
    assert sorted(waits)[5] < 0.05


def test_half_a_line_waits_for_its_other_half(path: Path, follower: Follower) -> None:
    assert follower.next() == "one\n"
    append(path, b"tw")
    time.sleep(0.05)
    assert follower.lines.empty()
    append(path, b"o\nthr")
    assert follower.next() == "two\n"
    append(path, b"ee\n")
    assert follower.next() == "three\n"


def test_stop_gives_all_whole_lines_first(path: Path) -> None:
    append(path, b"line\n" * 100_000)
    follower = Follower(path)
    assert follower.rest() == ["one\n", *["line\n"] * 100_000]
    follower.reader.join(PATIENCE)


def test_what_is_no_whole_line_is_left_out_and_reported(
    path: Path, follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    append(path, b"torn")
    with caplog.at_level(logging.WARNING, "chronomux"):
        assert follower.rest() == ["one\n"]
        follower.reader.join(PATIENCE)
    assert f"{path}: the last 4 bytes are no whole line" in caplog.text


def test_a_replaced_file_is_read_to_its_end_and_then_the_new_one(
    path: Path, follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    assert follower.next() == "one\n"
    old = path.open("ab")
    os.rename(path, path.with_name("log.1"))
    old.write(b"last of the old")
    old.close()
    with caplog.at_level(logging.WARNING, "chronomux"):
        path.write_bytes(b"new\n")
        assert follower.next() == "last of the old\n"
        assert follower.next() == "new\n"
    assert f"{path}: was replaced" in caplog.text


def test_stop_while_a_file_is_replaced_loses_neither(path: Path) -> None:
    for number in range(20):
        path.write_bytes(b"old\n")
        follower = Follower(path)
        assert follower.next() == "old\n"
        os.rename(path, path.with_name(f"log.{number}"))
        path.write_bytes(b"new\n")
        assert follower.rest() == ["new\n"]


def test_a_cut_file_is_read_again_from_its_start(
    path: Path, follower: Follower, caplog: pytest.LogCaptureFixture
) -> None:
    append(path, b"two\nthree\n")
    assert [follower.next() for _ in range(3)] == ["one\n", "two\n", "three\n"]
    with caplog.at_level(logging.WARNING, "chronomux"):
        path.write_bytes(b"1\n")
        assert follower.next() == "1\n"
    assert f"{path}: was cut from 14 bytes to fewer" in caplog.text


def test_a_long_line_comes_whole(path: Path, follower: Follower) -> None:
    follower.next()
    line = b"x" * 3_000_000 + b"\n"
    append(path, line)
    assert follower.next() == line.decode()


def test_close_ends_a_reader_that_waits(path: Path) -> None:
    follower = Follower(path)
    assert follower.next() == "one\n"
    follower.reader.close()
    assert not follower.reader.is_running
    assert follower.next() is queue.Empty


def test_iteration_ends_after_stop(path: Path) -> None:
    reader = FileReader(path, follow=True)
    timer = threading.Timer(0.05, reader.stop)
    timer.start()
    assert list(reader) == ["one\n"]
    timer.join()


def test_compressed_data_is_refused(path: Path) -> None:
    path.write_bytes(gzip.compress(b"one\n" * 1000))
    with pytest.raises(ReaderError, match="compressed data, which cannot be followed"):
        next(iter(FileReader(path, follow=True)))


def test_a_pipe_and_wide_encodings_are_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="needs the path of a file"):
        next(iter(FileReader("-", follow=True)))
    with pytest.raises(ValueError, match="cannot cut utf-16 into lines"):
        next(iter(FileReader(path, follow=True, encoding="utf-16")))


def test_a_missing_file_raises_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        next(iter(FileReader(tmp_path / "none", follow=True)))


class Rows:
    """A CSVReader that follows `path` in its thread, and the rows it gave."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.rows: queue.Queue[Any] = queue.Queue()
        self.reader = CSVReader(path, self.rows, follow=True, **options).run()

    def next(self) -> Any:
        return self.rows.get(timeout=PATIENCE)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_rows_go_on_behind_the_header_of_a_new_file(path: Path, mark: bytes) -> None:
    path.write_bytes(mark + b"a,b\n1,2\n")
    rows = Rows(path)
    assert rows.next() == {"a": "1", "b": "2"}
    append(path, b'3,"x\ny"\n')
    assert rows.next() == {"a": "3", "b": "x\ny"}
    os.rename(path, path.with_name("log.1"))
    path.write_bytes(mark + b"a,b\n5,6\n")
    assert rows.next() == {"a": "5", "b": "6"}
    rows.reader.stop()
    assert rows.next() is queue.Empty


def test_times_are_followed(path: Path) -> None:
    path.write_bytes(b"t,n\n1,a\n")
    rows = Rows(path, timestamp="t")
    assert rows.next()["timestamp"] == 10**9
    append(path, b"2,b\n")
    assert rows.next()["timestamp"] == 2 * 10**9
    rows.reader.close()


def test_another_header_is_an_error(path: Path) -> None:
    path.write_bytes(b"a,b\n1,2\n")
    rows = Rows(path)
    rows.next()
    os.rename(path, path.with_name("log.1"))
    path.write_bytes(b"b,a\n1,2\n")
    assert rows.next() is queue.Empty
    with pytest.raises(ReaderError, match="has another header"):
        rows.reader.join(PATIENCE)
