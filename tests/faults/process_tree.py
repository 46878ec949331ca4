"""A real program with its children, in a session of its own, to be shot at."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path
from types import TracebackType

import psutil

PATIENCE_SECONDS = 30.0
PREAMBLE = '''\
import os, signal, sys, threading, time
from chronomux.util import MultiProcessing

def say(*words):
    print(*words, flush=True)

def await_path(path):
    while not os.path.exists(path):
        time.sleep(0.01)

def workers_of(pool, number):
    """The ids of the processes behind a pool; they may come to work one by one."""
    found = set()
    while len(found) < number:
        tasks = range(2 * number)
        found.update(pool.map(lambda _: time.sleep(0.05) or os.getpid(), tasks))
    return found

pools = MultiProcessing()
'''


class Tree:
    """A running program; leaving the `with` block kills what is left of its session.

    `program` is the text that follows PREAMBLE. Its lines on stdout are read as they
    come. `TMPDIR` is a folder of its own, `folder`.
    """

    def __init__(self, program: str, *arguments: str, python: tuple[str, ...] = ()):
        self._keeper = tempfile.TemporaryDirectory(prefix="tree-")
        self.folder = Path(self._keeper.name)
        script = self.folder / "program.py"
        script.write_text(PREAMBLE + textwrap.dedent(program))
        self._errors = (self.folder / "stderr").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, *python, str(script), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            start_new_session=True,
            cwd=self.folder,
            env={**os.environ, "TMPDIR": str(self.folder)},
        )
        self.pid = self._process.pid
        self.lines: list[str] = []
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._arrived.put(line.rstrip("\n"))
        self._arrived.put(None)

    def line(self, start: str) -> str:
        """The next line that begins with `start`, without it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                line = self._arrived.get(timeout=0.2)
            except queue.Empty:
                continue
            if line is None:
                break
            self.lines.append(line)
            if line.startswith(start):
                return line[len(start) :].strip()
        raise AssertionError(f"no line {start!r}\n{self.account()}")

    def rest(self) -> list[str]:
        """All lines, when the program has ended."""
        self.wait()
        while (line := self._arrived.get(timeout=PATIENCE_SECONDS)) is not None:
            self.lines.append(line)
        return self.lines

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running\n{self.account()}") from None

    def kill(self, number: signal.Signals, target: str = "parent") -> float:
        """Send a signal to the 'parent' or to the 'group'; the moment before."""
        moment = time.monotonic()
        if target == "group":
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)
        return moment

    def living(self) -> list[psutil.Process]:
        """The processes of the session that are no zombies."""
        return [process for process in psutil.process_iter() if self._is_mine(process)]

    def children(self) -> list[psutil.Process]:
        return [process for process in self.living() if process.pid != self.pid]

    def survivors(self, since: float, seconds: float) -> list[str]:
        """Who is still there `seconds` after `since`; looks until nobody is."""
        deadline = since + seconds
        while left := self.living():
            if time.monotonic() > deadline:
                return [f"{one.pid} {one.name()} {one.status()}" for one in left]
            time.sleep(0.02)
        return []

    def errors(self) -> str:
        """What the program has written to stderr."""
        return (self.folder / "stderr").read_text()

    def account(self) -> str:
        output = "\n".join(self.lines)
        return f"--- stdout\n{output}\n--- stderr\n{self.errors()}"

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            is_mine = os.getsid(process.pid) == self.pid
            return is_mine and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.NoSuchProcess, ProcessLookupError, PermissionError):
            return False

    def __enter__(self) -> Tree:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self.living():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        self._keeper.cleanup()
