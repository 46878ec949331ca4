"""A process forks while its threads are at work on a queue."""

from __future__ import annotations

import threading

from chronomux.queue import Queue
from tests.faults.queue_peers import Book, start


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
