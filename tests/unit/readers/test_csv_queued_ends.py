"""CSVReader onto a chronomux.Queue: what full queues, ends, errors and signals do."""

from __future__ import annotations

import csv
import gzip
import io
import queue as standard
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from chronomux import CSVReader, Queue
from chronomux.errors import CSVError, ReaderError, TimestampError
from tests.queues import PATIENCE, assert_nothing_comes, drain, eventually

NUMBERS = "n\n" + "".join(f"{i}\n" for i in range(1000))


def numbers(rows: list[Any]) -> list[int]:
    return [int(row["n"]) for row in rows]


@pytest.mark.parametrize("maxsize", [1, 7, 300])
def test_a_full_queue_holds_the_reader_until_there_is_room(
    no_objects: None, maxsize: int
) -> None:
    target = Queue(maxsize)
    with CSVReader(io.StringIO(NUMBERS), target).run() as reader:
        eventually(target.full)
        assert target.qsize() == maxsize
        assert reader.is_running
        assert numbers(drain(target)) == list(range(1000))
        reader.join(PATIENCE)
    assert_nothing_comes(target)


def test_two_readers_share_the_room_of_a_queue(no_objects: None) -> None:
    target = Queue(5)
    readers = [CSVReader(io.StringIO(NUMBERS), target).run() for _ in range(2)]
    rows = numbers(drain(target) + drain(target))
    assert sorted(rows) == sorted([*range(1000), *range(1000)])
    for reader in readers:
        reader.join(PATIENCE)


def test_a_slow_consumer_gets_all_that_did_not_fit_the_ring(no_objects: None) -> None:
    target = Queue(ring_bytes=1 << 13)
    text = "n,x\n" + "".join(f"{i},{'x' * 90}\n" for i in range(3000))
    CSVReader(io.StringIO(text), target).start()
    assert numbers(drain(target)) == list(range(3000))
    assert_nothing_comes(target)


def test_a_row_larger_than_the_ring_goes_through(no_objects: None) -> None:
    target = Queue(ring_bytes=1 << 13)
    long = "y" * 300_000
    text = f"n,x\n0,a\n1,{long}\n2,b\n3,{long}é\n"
    reader = CSVReader(io.StringIO(text), target).run()
    assert [row["x"] for row in drain(target)] == ["a", long, "b", long + "é"]
    reader.join(PATIENCE)


class Gated(io.RawIOBase):
    """Blocks of bytes: the first, and the others when `gate` is set."""

    def __init__(self, *blocks: bytes) -> None:
        self.blocks = [*blocks, b""]
        self.gate = threading.Event()
        self.waits = threading.Event()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        if size == 0 or not self.blocks:
            return b""
        block = self.blocks.pop(0)
        if not block.startswith(b"n"):
            self.waits.set()
            self.gate.wait(PATIENCE)
        return block


def test_close_in_the_middle_puts_the_end_mark() -> None:
    target = Queue()
    file = Gated(b"n\n0\n1\n", *(b"%d\n" % i for i in range(2, 100)))
    reader = CSVReader(file, target).run()
    assert file.waits.wait(PATIENCE)
    closer = threading.Thread(target=reader.close)
    closer.start()
    eventually(reader._closing.is_set)
    file.gate.set()
    closer.join(PATIENCE)
    reader.join(PATIENCE)
    rows = numbers(drain(target))
    assert rows == list(range(len(rows)))
    assert 2 <= len(rows) < 100
    assert_nothing_comes(target)


def test_close_frees_a_reader_whose_consumer_is_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    target = Queue(2)
    reader = CSVReader(io.StringIO(NUMBERS), target).run()
    eventually(target.full)
    reader.close()
    reader.join(PATIENCE)
    assert not reader.is_running
    assert "could not put its end mark" in caplog.text
    assert numbers([target.get(timeout=PATIENCE) for _ in range(2)]) == [0, 1]
    assert_nothing_comes(target)


def test_a_followed_file_gives_rows_as_they_are_written_until_stop(
    no_objects: None, tmp_path: Path
) -> None:
    path = tmp_path / "live.csv"
    path.write_text("n\n0\n")
    target = Queue()
    with CSVReader(path, target, follow=True).run() as reader:
        for number in range(5):
            assert target.get(timeout=PATIENCE) == {"n": str(number)}
            with path.open("a") as file:
                file.write(f"{number + 1}\n")
        assert target.get(timeout=PATIENCE) == {"n": "5"}
        with path.open("a") as file:
            file.write("6\nhalf")
        assert target.get(timeout=PATIENCE) == {"n": "6"}
        reader.stop()
        assert drain(target) == []
        reader.join(PATIENCE)
    assert_nothing_comes(target)


def put_as_objects(data: bytes, options: dict[str, Any]) -> tuple[list[Any], Any]:
    items: standard.Queue[Any] = standard.Queue()
    reader = CSVReader(io.BytesIO(data), items, **options).run()
    rows = drain(items)
    reader.join(PATIENCE) if reader.exception is None else None
    return rows, reader.exception


GZIPPED = gzip.compress(
    b"n\n" + b"".join(b"%d\n" % (i * 7919 % 10007) for i in range(20_000))
)


@pytest.mark.parametrize(
    ("data", "options", "kind"),
    [
        (b"n\n1\n2\nx\n3\n", {"timestamp": "n"}, TimestampError),
        (b"n\n1\n2\n\xff\n3\n", {}, ReaderError),
        (b'n\n1\n2\n"3"x\n4\n', {"strict": True}, CSVError),
        (b"n\n1\n2\n" + b"3" * 99 + b"\n4\n", {"field_size_limit": 50}, CSVError),
        (
            b"n\n1\n2\nx\n",
            {"quoting": csv.QUOTE_NONNUMERIC, "fieldnames": "n"},
            ReaderError,
        ),
        (b"n\n1\n", {"timestamp": "t"}, ReaderError),
        (GZIPPED[: len(GZIPPED) // 2], {}, ReaderError),
    ],
)
def test_rows_before_an_error_are_put_then_the_end_mark_then_it_is_raised(
    data: bytes, options: dict[str, Any], kind: type[Exception]
) -> None:
    target = Queue()
    reader = CSVReader(io.BytesIO(data), target, **options).run()
    rows = drain(target)
    with pytest.raises(kind) as raised:
        reader.join(PATIENCE)
    expected, error = put_as_objects(data, options)
    assert rows == expected
    assert str(raised.value) == str(error)
    assert type(raised.value) is type(error) is kind
    assert_nothing_comes(target)


def test_a_closed_queue_ends_the_reader_and_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text(NUMBERS)
    target = Queue()
    target.close()
    reader = CSVReader(path, target)
    with pytest.raises(ValueError, match="is closed"):
        reader.start()
    assert reader._source is not None
    assert reader._source._owned.closed


def run(program: str, interrupt_at: str = "") -> tuple[str, str, int]:
    """What a program prints on both streams, and its status."""
    child = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        if interrupt_at:
            assert child.stdout is not None
            assert child.stdout.readline().strip() == interrupt_at
            child.send_signal(signal.SIGINT)
        output, errors = child.communicate(timeout=60)
    finally:
        child.kill()
        child.communicate()
    return output.strip(), errors, child.returncode


def test_ctrl_c_ends_a_reader_that_waits_for_room() -> None:
    program = """
import io, threading, time
from chronomux import CSVReader, Queue

target = Queue(2)

def announce():
    while not target.full():
        time.sleep(0.01)
    print("full", flush=True)

threading.Thread(target=announce).start()
CSVReader(io.StringIO("n\\n" + "1\\n" * 100), target).start()
"""
    _, errors, status = run(program, interrupt_at="full")
    assert "KeyboardInterrupt" in errors
    assert status in (-signal.SIGINT, 130)


@pytest.mark.forks
def test_a_killed_consumer_leaves_the_others_what_it_has_not_taken() -> None:
    program = """
import io, os, signal
from chronomux import CSVReader, Queue

target = Queue(8)
pid = os.fork()
if pid == 0:
    for _ in range(20):
        target.get(timeout=20)
    os.kill(os.getpid(), signal.SIGKILL)
text = "n\\n" + "".join(f"{i}\\n" for i in range(200))
reader = CSVReader(io.StringIO(text), target).run()
os.waitpid(pid, 0)
rows = [int(row["n"]) for row in target]
reader.join(20)
print(rows == list(range(200 - len(rows), 200)), len(rows) in range(172, 181))
print(target.empty())
"""
    output, errors, status = run(program)
    assert (output.split(), status) == (["True"] * 3, 0), errors
