"""The progress line: on a terminal only, never in pieces of other output."""

from __future__ import annotations

import io
from types import SimpleNamespace

import pytest

from chronomux.cli import progress as module
from chronomux.cli.progress import CLEAR, Progress, in_bytes


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


@pytest.fixture
def terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=screen))
    return screen


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1234, "1.2 kB"),
        (5_600_000, "5.6 MB"),
        (7.8e9, "7.8 GB"),
        (9e12, "9.0 TB"),
    ],
)
def test_bytes_are_short(count, text):
    assert in_bytes(count) == text


def test_the_line_says_done_total_and_rate(clock, terminal):
    with Progress(4_000_000) as progress:
        clock[0] += 2
        progress(1_000_000)
        assert terminal.getvalue() == f"{CLEAR}1.0 MB of 4.0 MB, 500.0 kB/s"
    assert terminal.getvalue().endswith(CLEAR)


def test_an_unknown_total_is_left_out(clock, terminal):
    progress = Progress(None)
    clock[0] += 1
    progress(2000)
    assert terminal.getvalue() == f"{CLEAR}2.0 kB, 2.0 kB/s"


def test_it_is_drawn_ten_times_a_second_at_most(clock, terminal):
    progress = Progress(1000)
    for _ in range(1000):
        clock[0] += 0.001
        progress(1)
    assert 9 <= terminal.getvalue().count(CLEAR) <= 10


def test_it_hides_while_others_write(clock, terminal):
    progress = Progress(1000)
    with progress.hidden():
        terminal.write("before the first drawing\n")
    clock[0] += 1
    progress(500)
    with progress.hidden():
        terminal.write("row\n")
    line = "500 B of 1.0 kB, 500 B/s"
    assert terminal.getvalue() == (
        f"before the first drawing\n{CLEAR}{line}{CLEAR}row\n{line}"
    )


def test_nothing_is_drawn_without_a_terminal_or_when_not_shown(
    clock, terminal, monkeypatch
):
    quiet = [Progress(10, shown=False)]
    for stream in (io.StringIO(), None):
        monkeypatch.setattr(module, "sys", SimpleNamespace(stderr=stream))
        quiet.append(Progress(10))
    for progress in quiet:
        with progress:
            clock[0] += 1
            progress(5)
    assert terminal.getvalue() == ""
