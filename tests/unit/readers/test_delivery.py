"""start, run, join, close: every item, exactly one end mark, and errors raised."""

from __future__ import annotations

import gzip
import io
import multiprocessing
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from chronomux.errors import ReaderError, TimestampError
from chronomux.readers import CSVReader, FileReader

LINES = ["a\n", "b\r\n", "\n", "c"]


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    path = tmp_path / "lines.txt"
    path.write_bytes("".join(LINES).encode())
    return path


def drained(items: queue.Queue[Any]) -> list[Any]:
    found = []
    while not items.empty():
        found.append(items.get_nowait())
    return found


def test_start_puts_every_line_with_its_ending_then_the_end_mark(
    text_file: Path,
) -> None:
    items: queue.Queue[Any] = queue.Queue()
    FileReader(text_file, items).start()
    assert drained(items) == [*LINES, Empty]


def test_start_in_the_constructor_has_put_everything_when_it_returns(
    text_file: Path,
) -> None:
    lines: queue.Queue[Any] = queue.Queue()
    FileReader(str(text_file), lines, str, True)
    assert drained(lines) == [*LINES, Empty]
    rows: queue.Queue[Any] = queue.Queue()
    CSVReader(text_file, rows, start=True)
    assert drained(rows) == [{"a": "b"}, {"a": "c"}, Empty]


def test_wrapper_makes_the_items(text_file: Path) -> None:
    items: queue.Queue[Any] = queue.Queue()
    FileReader(text_file, items, wrapper=len).start()
    assert drained(items) == [2, 3, 1, 1, Empty]
    CSVReader(text_file, items, wrapper=lambda row: tuple(row.items())).start()
    assert drained(items) == [(("a", "b"),), (("a", "c"),), Empty]


def test_reader_gives_rows_without_the_wrapper_and_iteration_with_it(
    text_file: Path,
) -> None:
    reader = FileReader(text_file, wrapper=len)
    assert next(reader.reader) == "a\n"
    assert reader.reader is reader.reader
    assert list(reader) == [3, 1, 1]
    assert list(reader.reader) == []


def test_run_returns_the_reader_and_join_waits(text_file: Path) -> None:
    items: queue.Queue[Any] = queue.Queue()
    reader = FileReader(text_file, items)
    assert reader.run() is reader
    assert reader.run() is reader
    reader.join(30)
    assert not reader.is_running
    assert drained(items) == [*LINES, Empty]


def test_a_queue_is_made_on_first_use(text_file: Path) -> None:
    reader = FileReader(text_file).run()
    found = [reader.queue.get(timeout=30) for _ in range(5)]
    reader.join(30)
    assert found == [*LINES, Empty]
    assert isinstance(reader.queue, type(multiprocessing.Queue()))


@pytest.mark.parametrize(
    "make",
    [
        queue.Queue,
        queue.SimpleQueue,
        multiprocessing.Queue,
        multiprocessing.SimpleQueue,
    ],
)
def test_any_queue_with_put_is_served(text_file: Path, make: Any) -> None:
    items = make()
    FileReader(text_file, items).start()
    assert [items.get() for _ in range(5)] == [*LINES, Empty]


def test_a_managers_queue_is_served(text_file: Path) -> None:
    with multiprocessing.get_context("spawn").Manager() as manager:
        items = manager.Queue(2)
        reader = FileReader(text_file, items).run()
        assert [items.get(timeout=30) for _ in range(5)] == [*LINES, Empty]
        reader.join(30)


def broken_wrapper(line: str) -> str:
    if line == "\n":
        raise KeyError("no such thing")
    return line


def interrupting_wrapper(line: str) -> str:
    if line == "\n":
        raise KeyboardInterrupt
    return line


@pytest.mark.parametrize(
    ("wrapper", "error"),
    [(broken_wrapper, KeyError), (interrupting_wrapper, KeyboardInterrupt)],
)
def test_an_interrupted_reader_puts_the_end_mark_and_raises(
    text_file: Path, wrapper: Any, error: type[BaseException]
) -> None:
    items: queue.Queue[Any] = queue.Queue()
    with pytest.raises(error):
        FileReader(text_file, items, wrapper).start()
    assert drained(items) == ["a\n", "b\r\n", Empty]
    with pytest.raises(error):
        FileReader(text_file, items, wrapper).run().join(30)
    assert drained(items) == ["a\n", "b\r\n", Empty]


def test_a_vanished_file_puts_the_end_mark_and_raises(tmp_path: Path) -> None:
    items: queue.Queue[Any] = queue.Queue()
    reader = CSVReader(tmp_path / "gone.csv", items).run()
    for _ in range(2):
        with pytest.raises(FileNotFoundError, match=r"gone\.csv"):
            reader.join(30)
    assert isinstance(reader.exception, FileNotFoundError)
    assert drained(items) == [Empty]


def test_undecodable_bytes_are_located_after_all_lines_before_them(
    tmp_path: Path,
) -> None:
    path = tmp_path / "bad.txt"
    path.write_bytes("good\nändert: ".encode() + b"\xe9!\nnever\n")
    items: queue.Queue[Any] = queue.Queue()
    with pytest.raises(ReaderError, match=rf"^{path}:2:9: byte 0xe9 is not utf-8"):
        FileReader(path, items).start()
    assert drained(items) == ["good\n", Empty]


def test_truncated_gzip_is_located_after_the_rows_before_it(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    text = "t\n" + "".join(f"{i * 7919 % 10007}\n" for i in range(20_000))
    data = gzip.compress(text.encode())
    path.write_bytes(data[: len(data) // 2])
    items: queue.Queue[Any] = queue.Queue()
    reader = CSVReader(path, items).run()
    with pytest.raises(ReaderError, match=rf"^{path}@{len(data) // 2}: gzip .* early"):
        reader.join(30)
    *rows, end = drained(items)
    assert end is Empty
    assert 1000 < len(rows) < 20_000
    assert rows == [{"t": str(i * 7919 % 10007)} for i in range(len(rows))]


def test_a_bad_time_ends_the_run_with_its_place() -> None:
    items: queue.Queue[Any] = queue.Queue()
    reader = CSVReader(io.StringIO("t\n1\nx\n"), items, timestamp="t").run()
    with pytest.raises(TimestampError, match=r"^<StringIO>:3: time 'x' is not"):
        reader.join(30)
    assert drained(items) == [{"t": "1", "timestamp": 10**9}, Empty]


def test_a_full_queue_holds_the_reader_until_there_is_room(text_file: Path) -> None:
    items: queue.Queue[Any] = queue.Queue(1)
    reader = FileReader(text_file, items).run()
    reader.join(0.3)
    assert reader.is_running
    assert [items.get(timeout=30) for _ in range(5)] == [*LINES, Empty]
    reader.join(30)


@pytest.mark.parametrize("make", [queue.Queue, multiprocessing.Queue])
def test_close_frees_a_reader_whose_consumer_is_gone(
    text_file: Path, make: Any
) -> None:
    items = make(1)
    reader = FileReader(text_file, items).run()
    deadline = time.monotonic() + 30
    while not items.full():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    reader.close()
    reader.join(30)
    assert not reader.is_running
    assert items.get(timeout=30) == "a\n"


def test_close_puts_the_end_mark_when_there_is_room() -> None:
    gate = threading.Event()
    items: queue.Queue[Any] = queue.Queue()

    def wait(line: str) -> str:
        gate.wait(30)
        return line

    reader = FileReader(io.StringIO("a\nb\nc\n"), items, wait).run()
    closer = threading.Thread(target=reader.close)
    closer.start()
    assert reader._closing.wait(30)
    gate.set()
    closer.join(30)
    assert items.get(timeout=30) == "a\n"
    assert items.get(timeout=30) is Empty
    assert items.empty()


def test_keyboard_interrupt_is_not_held_up_by_a_full_queue() -> None:
    items: queue.Queue[Any] = queue.Queue(1)
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        FileReader(io.StringIO("a\n\n"), items, interrupting_wrapper).start()
    assert time.monotonic() - started < 20
    assert drained(items) == ["a\n"]


BLOCKED_READER = """
import queue
from chronomux.readers import FileReader

class Announcing(queue.Queue):
    def put(self, item, block=True, timeout=None):
        if self.full():
            print("full", flush=True)
        super().put(item, block, timeout)

FileReader({path!r}, Announcing(1)).start()
"""


def test_ctrl_c_ends_a_reader_that_waits_for_room(text_file: Path) -> None:
    code = BLOCKED_READER.format(path=str(text_file))
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "full\n"
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=30)
    finally:
        child.kill()
        child.communicate()
    assert "KeyboardInterrupt" in errors
    assert child.returncode in (-signal.SIGINT, 130)


class BrokenQueue:
    def put(self, item: Any) -> None:
        raise BrokenPipeError("the other side is gone")

    def get(self) -> Any:
        raise AssertionError


def test_a_queue_that_fails_ends_the_reader_with_its_error(text_file: Path) -> None:
    with pytest.raises(BrokenPipeError):
        FileReader(text_file, BrokenQueue()).start()


def test_leaving_the_context_closes_the_file(text_file: Path) -> None:
    with FileReader(text_file) as reader:
        rows = reader.reader
        assert next(rows) == "a\n"
    # Iterating opened the file; nothing but close() could have closed it again.
    assert reader._source is not None
    assert reader._source._owned.closed


def test_a_callers_file_object_stays_open(text_file: Path) -> None:
    with open(text_file, "rb") as file:
        with FileReader(file) as reader:
            assert list(reader) == LINES
        assert not file.closed


def test_a_closed_reader_reads_no_more(text_file: Path) -> None:
    reader = FileReader(text_file)
    reader.close()
    reader.close()
    with pytest.raises(ValueError, match=r"lines\.txt: this reader is closed"):
        list(reader)


@pytest.mark.parametrize("kind", [FileReader, CSVReader])
def test_the_file_is_closed_once_a_queue_has_failed(tmp_path: Path, kind: Any) -> None:
    class Failing:
        def put(self, item: Any) -> None:
            raise RuntimeError("no room")

        def get(self) -> Any:
            raise RuntimeError("nothing here")

    path = tmp_path / "f.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    reader = kind(path, Failing())
    with pytest.raises(RuntimeError, match="no room"):
        reader.start()
    assert reader._source._owned.closed


@pytest.mark.parametrize("rows", ["dict", "list", "lazy", "columns"])
def test_the_file_is_closed_once_reading_has_failed(tmp_path: Path, rows: Any) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n1,2\n\xff,4\n")
    reader = CSVReader(path, rows=rows)
    with pytest.raises(ReaderError, match=r"f\.csv:3:1"):
        list(reader)
    assert reader._source is not None
    assert reader._source._owned.closed
