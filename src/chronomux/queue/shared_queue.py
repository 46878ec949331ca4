"""The queue between processes: frames in shared memory."""

from __future__ import annotations

import logging
import operator
import os
import pickle
import queue
import tempfile
import threading
import time
import uuid
import weakref
from collections.abc import Iterator
from multiprocessing import reduction
from typing import Any

from chronomux._core.claims import Claim, bury, open_claims
from chronomux._core.queue_core import KeyMode, QueueCore
from chronomux._core.receiver import Receiver
from chronomux._core.ring import HEADER_BYTES, Ring
from chronomux._core.sender import Sender
from chronomux.queue.iterable_queue import IterableQueue
from chronomux.queue.options import same_sort_key, sort_key_function
from chronomux.queue.outgoing import Outgoing
from chronomux.queue.process_life import has_ended, started
from chronomux.types import SortKey

__all__ = ["Queue"]

_logger = logging.getLogger(__name__)
_queues: weakref.WeakValueDictionary[bytes, Queue] = weakref.WeakValueDictionary()


class Queue(QueueCore):
    """A queue between processes and threads, as `multiprocessing.Queue`, but faster.

    maxsize: items that it holds at most, in all processes; 0 or less for no bound: then
    a put never waits, and what the ring cannot take waits in the producer's memory.
    sort_key: how items are ordered by a multiplexer that merges this queue, as its own
    `sort_key`; the key is then taken when an item is put, in the producer. Numbers are
    their own keys. ring_bytes: shared memory, in bytes; a larger item takes more while
    it is on its way.

    `Queue.Empty`, put as an item, ends a stream; it is `queue.Empty`, and what `get`
    raises when it has waited in vain. Iteration ends with it.

    A queue travels to other processes by fork, as an argument of a `Process` or of a
    task of a pool, and through another queue. Items are sent in batches: one alone goes
    at once, others wait for a millisecond at most; `flush` sends them now, and so does
    the end of the process. OSError when there is no shared memory.
    """

    Empty = queue.Empty
    Full = queue.Full

    def __init__(
        self,
        maxsize: int = 0,
        *,
        sort_key: SortKey = None,
        ring_bytes: int = 1 << 20,
    ) -> None:
        name = uuid.uuid4().bytes
        bound = max(0, operator.index(maxsize))
        fd = _memory(HEADER_BYTES + ring_bytes)
        try:
            ring = Ring(fd, name=name, maxsize=bound)
        except BaseException:
            os.close(fd)
            raise
        self._begin(ring, sort_key, False)

    def _begin(self, ring: Ring, sort_key: SortKey, keyless: bool) -> None:
        function = sort_key_function(sort_key)
        mode = KeyMode.ITEM_KEYS if function is None else KeyMode.FUNCTION_KEYS
        self._open(ring, KeyMode.NO_KEYS if keyless else mode, function)
        self._keyless = keyless
        self._lock = threading.Lock()  # of who makes the sender
        self._receiver_lock = threading.Lock()
        self._outgoing: Outgoing | None = None
        self._incoming: Receiver | None = None
        self._joins = True
        self.sort_key = sort_key
        _queues[ring.name] = self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._ring.name.hex()[:8]}>"

    def __iter__(self) -> Iterator[Any]:
        """The items until Empty comes."""
        return IterableQueue(self)

    def _has_keys_of(self, sort_key: SortKey) -> bool:
        """Whether its items carry the keys of a merge by this sort_key."""
        return not self._keyless and same_sort_key(self.sort_key, sort_key)

    @property
    def maxsize(self) -> int:
        """Items that it holds at most; 0 for no bound."""
        return self._ring.maxsize

    def __reduce__(self) -> tuple[Any, ...]:
        handle = reduction.DupFd(self._ring.fileno())
        key, keyless = _portable(self.sort_key, self._keyless)
        return _arrive, (type(self), self._ring.name, handle, key, keyless)

    # ---- The end

    def close(self) -> None:
        """Say that this process will use the queue no more; what it put still goes out.

        For other processes the queue goes on.
        """
        if not self._closed:
            self._closed = True
            if self._outgoing is not None:
                self._outgoing.finish()

    def join_thread(self) -> None:
        """Wait, after `close`, until all that was put is where others can get it."""
        if not self._closed:
            raise ValueError(f"{self!r} is not closed: close() it first")
        if self._outgoing is not None:
            self._outgoing.wait()

    def cancel_join_thread(self) -> None:
        """Let the process exit without waiting for what it put; that may be lost."""
        self._joins = False
        if self._outgoing is not None:
            self._outgoing.do_not_wait()

    def flush(self) -> None:
        """Return when all that this process put is in shared memory.

        Whatever happens to this process then, these items are not lost. OSError when
        there is no shared memory for them; they are kept.
        """
        if self._outgoing is not None:
            self._outgoing.flush(self._bury_producers)

    def producers_alive(self) -> bool:
        """False if processes put on this queue, and all that did not exit in order are
        dead."""
        put = [(pid, began) for pid, began, _ in self._ring.producers()]
        return not put or not all(has_ended(*process) for process in put)

    # ---- What the core asks for

    def _new_sender(self, deadline: int) -> Sender:
        seconds = (deadline - time.monotonic_ns()) / 1e9
        if not self._lock.acquire(timeout=min(max(seconds, 0), threading.TIMEOUT_MAX)):
            raise TimeoutError("another thread still enters this process")
        try:
            if self._outgoing is None:
                self._outgoing = Outgoing(self, self._ring, deadline)
                if not self._joins:
                    self._outgoing.do_not_wait()
            return self._outgoing.sender
        finally:
            self._lock.release()

    def _new_receiver(self) -> Receiver:
        with self._receiver_lock:
            if self._incoming is None:
                self._incoming = self._new_tap()
            return self._incoming

    def _new_tap(self) -> Receiver:
        pid = os.getpid()
        self._bury_consumers()
        claim = Claim(self._ring, pid, started(pid), has_ended)
        return Receiver(self._ring, claim)

    def _feed(self) -> None:
        if self._outgoing is not None:
            self._outgoing.feed()

    def _bury_producers(self) -> None:
        """What dead producers held takes no more room."""
        for pid, began, held in self._ring.producers():
            if held and has_ended(pid, began):
                self._ring.write_off(pid, began)

    def _bury_consumers(self) -> None:
        """What dead consumers had in their hands goes to others."""
        for number, pid, began in open_claims(self._ring):
            if has_ended(pid, began) and not bury(self._ring, number, pid, began):
                _logger.error(
                    "%r: what process %d had in its hands when it died is lost: others "
                    "had died with it, or it was stopped for too long",
                    self,
                    pid,
                )

    def _after_fork(self) -> None:
        """In the child: what the parent put and got is none of ours."""
        self._forget()
        self._lock = threading.Lock()
        self._receiver_lock = threading.Lock()
        self._outgoing = None
        self._incoming = None


def _memory(size: int) -> int:
    """The descriptor of a file that is memory only and has no name: nothing is left of
    it when the last process that has it ends, however it ends."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("chronomux-queue")
    else:
        fd, path = tempfile.mkstemp(prefix="chronomux-queue-")
        os.unlink(path)
    try:
        os.ftruncate(fd, size)
    except OSError as error:
        os.close(fd)
        text = f"no shared memory of {size} bytes for a queue: {error.strerror}"
        raise OSError(error.errno, text) from None
    return fd


def _portable(sort_key: SortKey, keyless: bool) -> tuple[SortKey, bool]:
    """A sort key that cannot travel stays: the multiplexer then makes the keys."""
    try:
        pickle.dumps(sort_key)
    except Exception:
        return None, True
    return sort_key, keyless


def _arrive(
    kind: type[Queue], name: bytes, handle: Any, sort_key: SortKey, keyless: bool
) -> Queue:
    """A queue from another process; in one process it is one object."""
    fd = handle.detach()  # also if it is known: the sender keeps it until then
    known = _queues.get(name)
    if known is not None:
        os.close(fd)
        return known
    arrived = kind.__new__(kind)
    arrived._begin(Ring(fd), sort_key, keyless)
    return arrived


def _after_fork_in_child() -> None:
    for known in list(_queues.values()):
        known._after_fork()


os.register_at_fork(after_in_child=_after_fork_in_child)
