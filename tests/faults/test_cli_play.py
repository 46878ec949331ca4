"""`chronomux play` on a real terminal, and when what it needs goes away."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import pytest

PATIENCE = 30.0
COMMAND = [sys.executable, "-m", "chronomux", "play"]


@pytest.fixture
def ticks(tmp_path: Path) -> Path:
    """A record every 50 ms for a minute."""
    path = tmp_path / "ticks.csv"
    rows = (f"{1000 + number / 20:.2f},{number}\n" for number in range(1200))
    path.write_text("time,n\n" + "".join(rows))
    return path


class Screen:
    """The command on a terminal of its own; `text` is all that was shown there."""

    def __init__(self, *arguments: str, columns: int = 100) -> None:
        self.terminal, theirs = pty.openpty()
        ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.before = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.text = ""
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=theirs,
            stderr=theirs,
            stdout=theirs,
            preexec_fn=_own_terminal,
        )

    def until(self, seen: Callable[[str], bool]) -> str:
        """Read until `seen` likes what came since the last call."""
        deadline, new = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            if select.select([self.terminal], [], [], 0.05)[0]:
                new += os.read(self.terminal, 1 << 16).decode()
            if seen(new):
                self.text += new
                return new
        raise AssertionError(f"not seen in {new[-500:]!r}")

    def press(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def ended(self) -> int:
        code = self.process.wait(PATIENCE)
        while select.select([self.terminal], [], [], 0.1)[0]:
            self.text += os.read(self.terminal, 1 << 16).decode()
        assert termios.tcgetattr(self._theirs) == self.before, "the terminal's modes"
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self.terminal)
        os.close(self._theirs)


def _own_terminal() -> None:
    os.setsid()
    ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def screen_of(*arguments: str, columns: int = 100) -> Iterator[Screen]:
    screen = Screen(*arguments, columns=columns)
    try:
        yield screen
    finally:
        screen.close()


def record(number: int) -> str:
    return f'"n":"{number}"'


def test_keys_pause_step_and_quit(ticks: Path) -> None:
    with screen_of(str(ticks), "--start-paused") as screen:
        screen.until(lambda new: "paused" in new)
        screen.press(b"\x1b[C")
        screen.until(lambda new: record(0) in new)
        screen.press(b"\x1b[C\x1b[C")
        screen.until(lambda new: record(2) in new)
        time.sleep(0.3)
        assert record(3) not in screen.until(lambda new: "paused" in new)
        screen.press(b" ")
        screen.until(lambda new: record(8) in new)
        screen.press(b"q")
        assert screen.ended() == 0
        assert "records; late by" in screen.text


def test_arrows_change_the_speed_and_the_status_shows_it(ticks: Path) -> None:
    with screen_of(str(ticks)) as screen:
        shown = screen.until(lambda new: "ticks.csv 20" in new)
        assert "x1  (x" in shown
        assert "late" in shown
        screen.press(b"\x1b[A\x1b[A")
        screen.until(lambda new: "x1.56  (x" in new)
        screen.press(b"\x1b[B\x1b[B\x1b[B")
        screen.until(lambda new: "x0.8  (x" in new)
        screen.press(b"q")
        assert screen.ended() == 0


def widths(shown: str) -> list[int]:
    """Of the status, each time it was drawn anew; the last may be there in part."""
    drawn = shown.split("\r\x1b[K")[:-1]
    return [len(line) for line in drawn if line.startswith("1970")]


def test_the_status_is_cut_to_the_width_of_the_terminal(ticks: Path) -> None:
    with screen_of(str(ticks), columns=30) as screen:
        screen.until(lambda new: 29 in widths(new))
        size = struct.pack("HHHH", 24, 20, 0, 0)
        ioctl(screen.terminal, termios.TIOCSWINSZ, size)
        screen.until(lambda new: 19 in widths(new))
        assert set(widths(screen.until(lambda new: len(widths(new)) > 3))) == {19}
        screen.press(b"q")
        assert screen.ended() == 0


@pytest.mark.parametrize(
    ("keys", "number", "code"),
    [(b"\x03", None, 130), (b"", signal.SIGTERM, 143), (b"", signal.SIGHUP, 129)],
)
def test_the_terminal_is_as_before_when_it_is_interrupted(
    ticks: Path, keys: bytes, number: int | None, code: int
) -> None:
    with screen_of(str(ticks)) as screen:
        screen.until(lambda new: record(3) in new)
        if number is None:
            screen.press(keys)
        else:
            screen.process.send_signal(number)
        assert screen.ended() == code
        assert "Traceback" not in screen.text


def test_a_process_that_was_stopped_catches_up(ticks: Path) -> None:
    with started(str(ticks), "-q", "-n", "80") as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        begun = time.monotonic()
        process.send_signal(signal.SIGSTOP)
        time.sleep(3.0)
        process.send_signal(signal.SIGCONT)
        rest = process.stdout.read().splitlines()
        taken = time.monotonic() - begun
        numbers = [json.loads(line)["n"] for line in (first, *rest)]
        assert numbers == [str(number) for number in range(80)]
        assert process.wait(PATIENCE) == 0
    assert 3.0 < taken < 6.0, "about 79 * 50 ms, whatever it slept through"


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_a_reader_that_goes_away_has_had_what_it_wanted(ticks: Path) -> None:
    with started(str(ticks)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(PATIENCE) == 0
        assert process.stderr.read() == b""


def test_a_reader_that_stalls_holds_it_up_and_gets_everything(ticks: Path) -> None:
    with started("-r", "max", "--loop=50", "-q", str(ticks)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(1.0)
        assert process.poll() is None, "the pipe is full"
        assert len(process.stdout.read().splitlines()) == 50 * 1200 - 1
        assert process.wait(PATIENCE) == 0


def test_a_file_that_is_cut_while_it_is_played_is_said_and_is_2(
    tmp_path: Path,
) -> None:
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("time,n\n")
        file.writelines(f"{number},{number}\n" for number in range(1_000_000))
    with started("-r", "max", str(path)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        os.truncate(path, 5_000_000)
        lines = process.stdout.read().splitlines()
        assert process.wait(PATIENCE) == 2
        assert len(lines) < 999_999
        said = process.stderr.read().decode()
        assert "long.csv" in said
        assert "Traceback" not in said
