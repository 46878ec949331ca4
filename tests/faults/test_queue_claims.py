"""What a consumer had in its hands when it died is not lost."""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chronomux._core.claims import MOST_CLAIMS, MOST_DEATHS, Claim, open_claims
from chronomux.queue import Queue, SortedQueueMultiplexer

WAIT = 5.0
Make = Callable[..., Any]


class Deadly:
    """An item that arrives as `value`, but kills the first `deaths` that decode it."""

    def __init__(
        self, folder: Path, value: Any, deaths: int = 1, pause: float = 0.0
    ) -> None:
        self.folder = folder
        self.value = value
        self.deaths = deaths
        self.pause = pause

    def __reduce__(self) -> tuple[Any, ...]:
        return _decode, (str(self.folder), self.value, self.deaths, self.pause)


def _decode(folder: str, value: Any, deaths: int, pause: float) -> Any:
    died = len(os.listdir(folder))
    if died < deaths:
        Path(folder, str(died)).touch()
        time.sleep(pause)
        os.kill(os.getpid(), signal.SIGKILL)
    return value


class Stopping:
    """An item whose decoder is stopped, the first time."""

    def __init__(self, folder: Path, value: Any) -> None:
        self.folder = folder
        self.value = value

    def __reduce__(self) -> tuple[Any, ...]:
        return _stop, (str(self.folder), self.value)


def _stop(folder: str, value: Any) -> Any:
    if not os.listdir(folder):
        Path(folder, "stopped").touch()
        os.kill(os.getpid(), signal.SIGSTOP)
    return value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def forked(call: Callable[[], Any]) -> Any:
    """A process that makes a call."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*multi-threaded.*", DeprecationWarning)
        process = multiprocessing.get_context("fork").Process(target=call, daemon=True)
        process.start()
    return process


def killed_by(call: Callable[[], Any]) -> None:
    process = forked(call)
    process.join(WAIT)
    assert process.exitcode == -signal.SIGKILL


def wait_for_file(folder: Path) -> None:
    deadline = time.monotonic() + WAIT
    while not os.listdir(folder):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def rest(shared: Queue) -> Iterator[Any]:
    while True:
        try:
            yield shared.get(timeout=0.2)
        except queue.Empty:
            return


def put_frames(shared: Queue, *items: Any) -> None:
    """Each in a frame of its own."""
    for item in items:
        shared.put(item)
        shared.flush()


def put_frame(shared: Queue, *items: Any) -> None:
    """All in one frame, if they are no more than a few."""
    shared.put_many(items)
    shared.flush()


CALLS: dict[str, Callable[[Queue], Any]] = {
    "get": lambda shared: [shared.get() for _ in range(100)],
    "get_many": lambda shared: [shared.get_many() for _ in range(100)],
    "get_many(2)": lambda shared: [shared.get_many(2) for _ in range(100)],
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("size", [1, 5_000, 200_000, 3_000_000])
def test_an_item_in_the_hands_of_the_dead_comes_once(
    folder: Path, size: int, call: str
) -> None:
    shared = Queue(ring_bytes=1 << 16)
    body = b"x" * size
    put_frames(shared, Deadly(folder, body))
    killed_by(lambda: CALLS[call](shared))
    assert list(rest(shared)) == [body]
    assert shared.empty()
    assert shared.qsize() == 0


@pytest.mark.parametrize("put", [put_frames, put_frame])
def test_all_that_one_call_had_taken_comes(folder: Path, put: Make) -> None:
    shared = Queue()
    put(shared, 1, 2, 3, Deadly(folder, 4), 5)
    killed_by(shared.get_many)
    assert sorted(rest(shared)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("put", [put_frames, put_frame])
def test_what_earlier_calls_returned_does_not_come_again(
    folder: Path, put: Make
) -> None:
    shared = Queue()
    put(shared, 1, 2, Deadly(folder, 3), 4, 5)
    killed_by(CALLS["get"].__get__(shared))
    assert sorted(rest(shared)) == [3, 4, 5]


def test_rows_from_the_middle_of_a_frame(folder: Path) -> None:
    shared = Queue()
    put_frame(shared, *range(10), Deadly(folder, 10), *range(11, 20))
    assert [shared.get() for _ in range(9)] == list(range(9))
    killed_by(lambda: shared.get_many(5))
    assert sorted(rest(shared)) == list(range(9, 20))


def test_a_wait_sees_what_the_dead_had(folder: Path) -> None:
    shared = Queue()
    put_frames(shared, Deadly(folder, 1, pause=0.3))
    victim = forked(shared.get)
    wait_for_file(folder)
    assert shared.get(timeout=WAIT) == 1
    victim.join(WAIT)


def test_who_comes_next_gets_it_first(folder: Path) -> None:
    shared = Queue()
    put_frames(shared, 1, Deadly(folder, 2), 3, 4)
    killed_by(shared.get_many)
    assert list(rest(shared)) == [1, 2, 3, 4]


def test_producers_go_on_when_the_dead_had_the_whole_ring(folder: Path) -> None:
    shared = Queue(ring_bytes=1 << 12)
    items = [Deadly(folder, b"0" * 1_000), *(bytes(1_000) for _ in range(30))]
    shared.put_many(items)  # of which the ring takes a few
    killed_by(shared.get_many)
    shared.put(b"the last")
    assert sorted(rest(shared)) == sorted([*items[1:], b"0" * 1_000, b"the last"])


def note_what_comes(shared: Queue, path: Path) -> None:
    """A line for each item, when its call has returned."""
    for _ in range(1000):
        items = shared.get_many()
        with path.open("a") as file:
            file.writelines(f"{item}\n" for item in items)


@pytest.mark.parametrize("rounds", [5, 40])
def test_one_after_another_dies(tmp_path: Path, rounds: int) -> None:
    shared = Queue()
    for i in range(rounds):
        (tmp_path / str(i)).mkdir()
        put_frame(shared, f"{i}a", Deadly(tmp_path / str(i), f"{i}b"), f"{i}c")
    log = tmp_path / "log"
    for _ in range(rounds):
        killed_by(lambda: note_what_comes(shared, log))
    got = log.read_text().split() + list(rest(shared))
    assert sorted(got) == sorted(f"{i}{part}" for i in range(rounds) for part in "abc")


def test_an_item_that_kills_all_is_given_up(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared = Queue()
    put_frame(shared, 1, Deadly(folder, 2, deaths=1_000), 3)
    for _ in range(MOST_DEATHS):
        killed_by(CALLS["get"].__get__(shared))
    with caplog.at_level(logging.ERROR):
        assert list(rest(shared)) == [3]
    assert len(os.listdir(folder)) == MOST_DEATHS
    assert "when it died is lost" in caplog.text
    assert shared.empty()


def test_a_bounded_queue_has_room_again(folder: Path) -> None:
    shared = Queue(maxsize=3)
    put_frames(shared, 1, 2, Deadly(folder, 3))
    killed_by(lambda: shared.get_many(3))
    for i in range(4, 7):
        shared.put(i, timeout=WAIT)
    assert sorted(rest(shared)) == [1, 2, 3, 4, 5, 6]


def test_it_counts_what_the_dead_had(folder: Path) -> None:
    shared = Queue()
    put_frames(shared, 1, 2, Deadly(folder, 3), 4)
    killed_by(lambda: shared.get_many(3))
    assert not shared.empty()
    assert shared.qsize() == 4
    assert len(shared.get_many(1)) == 1
    assert shared.qsize() == 3


@pytest.mark.parametrize("sort_key", [None, lambda item: (item,)])
def test_a_multiplexer_gets_what_a_consumer_before_it_had(
    folder: Path, sort_key: Any
) -> None:
    shared = Queue(sort_key=sort_key)
    for item, key in ((1, 1), (2, 2), (Deadly(folder, 3), 3)):
        shared.put(item, key=key if sort_key is None else (key,))
    shared.flush()
    killed_by(lambda: shared.get_many(4))
    shared.put(4)
    shared.put(Queue.Empty)
    multiplexer = SortedQueueMultiplexer(sort_key=sort_key)
    multiplexer.input_queue(shared)
    output = multiplexer.output_queue()
    multiplexer.run()
    assert sorted(output) == [1, 2, 3, 4]
    multiplexer.stop()


def test_a_stopped_consumer_delays_and_loses_nothing(folder: Path) -> None:
    shared = Queue(ring_bytes=1 << 12)
    put_frames(shared, Stopping(folder, b"first"))
    theirs, ours = multiprocessing.Pipe(duplex=False)
    stopped = forked(lambda: ours.send(shared.get()))
    wait_for_file(folder)
    shared.put_many(bytes([i]) * 500 for i in range(100))
    assert sorted(rest(shared)) == [bytes([i]) * 500 for i in range(100)]
    os.kill(stopped.pid, signal.SIGCONT)
    assert theirs.recv() == b"first"
    stopped.kill()
    stopped.join(WAIT)


def test_what_a_stopped_consumer_had_comes_when_it_is_killed(folder: Path) -> None:
    shared = Queue()
    put_frames(shared, Stopping(folder, b"first"), b"second")
    stopped = forked(shared.get)
    wait_for_file(folder)
    assert list(rest(shared)) == [b"second"]
    stopped.kill()
    stopped.join(WAIT)
    assert list(rest(shared)) == [b"first"]


def test_what_came_is_in_nobodys_hands() -> None:
    shared = Queue()
    put_frame(shared, *range(10))
    assert shared.get() == 0
    assert open_claims(shared._ring) == []
    assert shared.get_many(5) == [1, 2, 3, 4, 5]
    assert open_claims(shared._ring) == []


def test_an_item_that_cannot_be_decoded_is_in_nobodys_hands(folder: Path) -> None:
    shared = Queue()
    (folder / "there").touch()
    put_frames(shared, Broken(), 2)
    with pytest.raises(ZeroDivisionError):
        shared.get()
    assert open_claims(shared._ring) == []
    assert shared.get() == 2


class Broken:
    def __reduce__(self) -> tuple[Any, ...]:
        return divmod, (1, 0)


def test_claims_of_the_dead_are_used_again() -> None:
    ring = Queue()._ring
    claims = [Claim(ring, 1000 + i, 7, lambda *_: False) for i in range(MOST_CLAIMS)]
    assert [claim.number for claim in claims] == list(range(MOST_CLAIMS))
    assert Claim(ring, 1, 7, lambda *_: False).number is None
    assert Claim(ring, 1, 7, lambda pid, began: (pid, began) == (1005, 7)).number == 5
    mine = Claim(Queue()._ring, os.getpid(), 7, lambda *_: False)
    assert mine.number == 0


def test_a_claim_is_free_when_its_process_needs_it_no_more() -> None:
    ring = Queue()._ring
    for _ in range(3):
        assert Claim(ring, os.getpid(), 7, lambda *_: False).number == 0


def test_a_queue_with_too_many_consumers_claims_nothing() -> None:
    shared = Queue()
    claims = [
        Claim(shared._ring, 1000 + i, 7, lambda *_: False) for i in range(MOST_CLAIMS)
    ]
    shared.put_many(range(5))
    assert shared.get_many(5) == [0, 1, 2, 3, 4]
    assert len(claims) == MOST_CLAIMS
