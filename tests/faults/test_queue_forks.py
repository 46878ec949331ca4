"""A process forks while its threads are at work on a queue."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading

from chronomux.queue import Queue
from tests.faults.queue_peers import Book, start

ENDS = """
    import os, signal, sys, threading, time, warnings
    from chronomux.queue import Queue

    warnings.simplefilter("ignore", DeprecationWarning)  # of threads, from 3.12 on
    shared = Queue(ring_bytes=1 << 16)
    producer = os.fork()
    if not producer:
        shared.put(bytes(300_000))
        time.sleep(0.2)
        shared.flush()
        os._exit(0)
    while not shared.qsize():
        time.sleep(0.01)
    time.sleep(0.05)
    os.kill(producer, signal.SIGSTOP)
    got = []
    thread = threading.Thread(target=lambda: got.append(shared.get()))
    thread.start()
    while not shared._receiver or not shared._receiver.waits_for()[1]:
        time.sleep(0.01)
    child = os.fork()
    if not child:
        sys.exit(0)  # with all that an interpreter does at its end
    os.waitpid(child, 0)
    assert shared._receiver.waits_for()[0], "the child has let go of the parent's item"
    os.kill(producer, signal.SIGCONT)
    thread.join(20)
    assert got == [bytes(300_000)]
    os.waitpid(producer, 0)
"""


def test_a_child_that_ends_lets_go_of_nothing_that_is_its_parents() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(ENDS)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def work(shared: Queue, seen: Book) -> None:
    for number in range(100):
        shared.put(number)
        shared.get(timeout=20)
        seen.count += 1


def test_children_of_a_process_with_threads_at_work_put_and_get() -> None:
    """A fork copies locks as they are held by threads that the child does not have."""
    shared, stop = Queue(ring_bytes=1 << 14), Book(1)

    def keep_busy() -> None:
        while not stop.count:
            shared.put_many(range(50))
            shared.get_many(50, timeout=20)
            shared.qsize()

    threads = [threading.Thread(target=keep_busy) for _ in range(2)]
    for thread in threads:
        thread.start()
    books = [Book(1) for _ in range(20)]
    peers = [start(work, shared, book) for book in books]
    for peer in peers:
        peer.process.join(20)
    stop.count = 1
    for thread in threads:
        thread.join(20)
    assert [book.count for book in books] == [100] * len(books)
    assert [peer.process.exitcode for peer in peers] == [0] * len(peers)
    shared.flush()
    for _ in range(shared.qsize()):
        shared.get(timeout=5)
    assert shared.qsize() == 0
