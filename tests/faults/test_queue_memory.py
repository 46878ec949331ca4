"""Shared memory that ends, and shared memory that is given back."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from chronomux.queue import Queue
from tests.faults.queue_peers import Shooting

FULL = """
    import errno, os, queue, sys, tempfile
    from chronomux.queue import Queue

    del os.memfd_create  # so that a queue's memory is a file without a name
    tempfile.tempdir = sys.argv[1]

    def fill_up():
        filler = open(os.path.join(sys.argv[1], "filler"), "wb", buffering=0)
        try:
            while True:
                filler.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC

    def raises_no_memory(call, *arguments):
        try:
            call(*arguments)
        except OSError as error:
            assert error.errno == errno.ENOSPC, error
            assert "no shared memory" in str(error), error
            return True
        return False

    shared = Queue()
    shared.put_many(range(10))
    shared.flush()
    fill_up()
    assert raises_no_memory(Queue), "a queue was made of nothing"
    items = list(range(10))
    for number in range(10, 100):
        item = bytes([number]) * 10_000
        if raises_no_memory(shared.put, item):
            break
        items.append(item)
    else:
        raise AssertionError("put went on without memory")
    assert raises_no_memory(shared.put_many, [1, 2])
    assert raises_no_memory(shared.flush)
    got = [shared.get(timeout=5) for _ in range(10)]
    os.unlink(os.path.join(sys.argv[1], "filler"))
    for _ in range(100):  # it may not have tried again yet
        if not raises_no_memory(shared.flush):
            break
    shared.put("last")
    while got[-1] != "last":
        got.append(shared.get(timeout=5))
    assert got == [*items, "last"], [str(item)[:8] for item in got]
    assert shared.qsize() == 0
    print("nothing lost")
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> list[str]:
    """What comes before a command that may use 400 kB at `tmp_path`, in memory."""
    begin = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=400k none '{tmp_path}' && exec \"$@\""
    command = [*begin, mount, "sh"]
    if (
        not shutil.which("unshare")
        or subprocess.run(
            [*command, "true"], capture_output=True, timeout=20
        ).returncode
    ):
        pytest.skip("no file system of one's own may be mounted here")
    return command


def test_without_shared_memory_put_raises_and_nothing_is_lost(
    small_disk: list[str], tmp_path: Path
) -> None:
    program = [sys.executable, "-c", textwrap.dedent(FULL), str(tmp_path)]
    done = subprocess.run(
        [*small_disk, *program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "nothing lost\n"


def mappings() -> int:
    """Of queues in this process: mapped, and open."""
    gc.collect()
    folder = Path("/proc/self/fd")
    links = [os.readlink(folder / name) for name in os.listdir(folder)
             if os.path.lexists(folder / name)]  # fmt: skip
    lines = Path("/proc/self/maps").read_text().splitlines()
    return sum("chronomux-queue" in text for text in [*links, *lines])


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs /proc")
def test_memory_is_given_back_whoever_was_killed() -> None:
    before = mappings()
    with Shooting(1) as shooting:
        assert mappings() > before
        for _ in range(3):
            victims = shooting.producer(), shooting.consumer()
            shooting.assert_progress()
            shooting.shoot(*victims)
        shooting.consumer()
        shooting.finish()
    del shooting, victims
    assert mappings() == before


def test_what_waited_in_a_producer_is_freed_when_it_is_sent() -> None:
    shared = Queue(ring_bytes=1 << 16)
    for _ in range(20):
        shared.put(bytes(20_000))
    assert shared._sender.parcels[0] > 10
    for _ in range(20):
        assert shared.get(timeout=5) == bytes(20_000)
    assert shared._sender.parcels == (0, 0)
