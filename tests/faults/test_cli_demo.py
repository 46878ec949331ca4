"""The demo when its reader leaves or Ctrl-C comes: at once, quiet, no process left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

DEMO = [sys.executable, "-m", "chronomux", "demo"]


@pytest.fixture
def demo() -> Iterator[subprocess.Popen[bytes]]:
    """The demo in a process group of its own; whatever is left of it is killed."""
    process = subprocess.Popen(
        DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    yield process
    for survivor in survivors(process.pid):
        survivor.kill()
    process.wait(30)
    for stream in (process.stdout, process.stderr):
        stream.close()


def survivors(session: int) -> list[psutil.Process]:
    """Living processes of the session that the demo began."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != "zombie":
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


def gone(session: int) -> bool:
    """Whether nothing is left within some seconds."""
    for _ in range(50):
        if not survivors(session):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("whole_group", [True, False])
def test_ctrl_c_is_130_at_once_and_quiet(demo, whole_group):
    demo.stdout.readline()  # the stream flows: workers, manager and merge are at work
    sent = time.monotonic()
    if whole_group:
        os.killpg(demo.pid, signal.SIGINT)
    else:
        demo.send_signal(signal.SIGINT)
    assert demo.wait(30) == 130
    took = time.monotonic() - sent
    assert demo.stderr.read() == b""
    assert gone(demo.pid)
    assert took < 5, "a bound for a loaded machine"


def test_ctrl_c_while_it_starts_its_processes_is_130_too(demo):
    for _ in range(3000):
        if psutil.Process(demo.pid).children():
            break
        time.sleep(0.005)
    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait(30) == 130
    assert demo.stderr.read() == b""
    assert gone(demo.pid)


def test_a_reader_of_stdout_that_leaves_ends_it_quietly(demo):
    demo.stdout.readline()
    demo.stdout.close()
    assert demo.wait(60) == 0
    assert demo.stderr.read() == b""
    assert gone(demo.pid)


def test_nothing_is_left_after_a_whole_demo(demo):
    out, err = demo.communicate(timeout=60)
    assert (demo.returncode, err) == (0, b"")
    assert out.endswith(b"in the order of time.\n")
    assert gone(demo.pid)
