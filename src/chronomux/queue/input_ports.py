"""How a multiplexer gets items from any kind of queue without being held up.

`input_port(queue)` looks once at what a queue can do. Whatever its kind, a port has
`get_now()`, `get_within(seconds)`, which raise `queue.Empty`, and `reader`, something
`multiprocessing.connection.wait` can wait for, or None.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from chronomux._core.tap import Tap
from chronomux.queue.shared_queue import Queue
from chronomux.types import QueueLike

__all__ = ["FIRST_PAUSE", "SLICE", "InputPort", "TapInput", "accepts", "input_port"]

SLICE = 0.048
"""Seconds that a wait lasts at most before stop() and new queues are looked at.

A queue that has to be polled is asked as often: an item passes in 60 ms at most.
"""

FIRST_PAUSE = 0.001
"""Seconds between the first two looks at a queue that has to be polled."""


class TimedQueue(Protocol):
    """A queue whose `get` takes block and timeout, as most do."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any: ...


def accepts(function: Callable[..., Any], *names: str) -> bool:
    """Whether a function takes these keyword arguments."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
    catch_all = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return catch_all or all(name in parameters for name in names)


class InputPort:
    """What all inputs have in common."""

    reader: Connection | None = None

    def __init__(self, queue: Any) -> None:
        self.queue = queue
        self.number = -1
        self.items = 0
        self.waited = 0.0  # seconds that the merge waited for this input alone
        self.ended = False
        self.failing = False  # its last get raised, and it may yet recover
        self.mourned = False  # its death was logged

    def get_now(self) -> Any:
        raise NotImplementedError

    def get_within(self, seconds: float) -> Any:
        raise NotImplementedError

    def is_closed(self) -> bool:
        """Whether somebody closed the queue on our side."""
        reader_closed = getattr(self.reader, "closed", False) is True
        return reader_closed or getattr(self.queue, "_closed", False) is True

    def is_abandoned(self) -> bool:
        """Whether the queue says, by `producers_alive()`, that nobody will put."""
        alive = getattr(self.queue, "producers_alive", None)
        return callable(alive) and alive() is False

    def undelivered(self) -> int:
        """Items taken off the queue that the merge has not asked for yet."""
        return 0

    def give_items(self) -> None:
        """From now on its gets return items; see TapInput."""

    def look_around(self) -> None:
        """See to what a wait should not be for, if the queue's own get does not."""


class TimedInput(InputPort):
    """A queue whose `get` takes block and timeout: most of them."""

    queue: TimedQueue

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        # Looked up once: the hot loop calls it for every item.
        nowait = getattr(queue, "get_nowait", None)
        self.get_now = nowait or partial(queue.get, block=False)  # type: ignore[method-assign]

    def get_within(self, seconds: float) -> Any:
        return self.queue.get(block=True, timeout=seconds)


class TapInput(InputPort):
    """A `chronomux.Queue` whose rows suit the merge.

    At first its gets tell that there are rows, and return nothing; see Tap.
    """

    def __init__(self, queue: Queue) -> None:
        super().__init__(queue)
        self.tap = Tap(queue)
        self.get_now = self.tap.look_now  # type: ignore[method-assign]
        self.get_within = self.tap.look_within  # type: ignore[method-assign]

        self.look_around = self.tap.look_around  # type: ignore[method-assign]

    def give_items(self) -> None:
        self.tap.leave_rows()
        self.get_now = self.tap.get_now  # type: ignore[method-assign]
        self.get_within = self.tap.get_within  # type: ignore[method-assign]


class PolledInput(InputPort):
    """A queue with `get_nowait` whose `get` has no timeout: it is asked again."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self.get_now = queue.get_nowait  # type: ignore[method-assign]
        self.pause = FIRST_PAUSE

    def get_within(self, seconds: float) -> Any:
        time.sleep(min(self.pause, seconds))
        self.pause = min(2 * self.pause, SLICE)
        item = self.get_now()
        self.pause = FIRST_PAUSE
        return item


class PipeInput(InputPort):
    """A `multiprocessing.Queue` of any context: its pipe can be waited for.

    A put returns before the item is in the pipe, but it counts at once: `qsize` tells
    of items on their way. So an item that was put has arrived, as far as the
    round-robin is concerned, and no pipe is asked in vain.
    """

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self.reader = queue._reader
        self.counts = hasattr(queue, "qsize")
        self.overdue = False  # counted, but did not come: its producer may be dead

    def get_now(self) -> Any:
        try:
            counted = self.queue.qsize() if self.counts else 1
        except NotImplementedError:  # macOS
            self.counts, counted = False, 1
        if counted <= 0 and not self.is_closed():
            raise Empty
        if self.overdue or not self.counts:
            item = self.queue.get(block=False)
        else:
            item = self.get_counted()
        self.overdue = False
        return item

    def get_counted(self) -> Any:
        try:
            return self.queue.get(block=True, timeout=SLICE)
        except Empty:
            self.overdue = True
            raise

    def get_within(self, seconds: float) -> Any:
        return self.queue.get(block=True, timeout=seconds)


class BarePipeInput(InputPort):
    """A `multiprocessing.SimpleQueue`: a pipe and a `get` that blocks.

    It should have no other consumer: one that is faster would leave our `get` blocked.
    """

    reader: Connection

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self.reader = queue._reader

    def get_now(self) -> Any:
        return self.get_within(0)

    def get_within(self, seconds: float) -> Any:
        if not self.reader.poll(seconds):
            raise Empty
        return self.queue.get()


class ThreadInput(InputPort):
    """A queue that can do nothing but `get()`: a thread waits in it, one item ahead.

    The thread is a daemon: when the merge stops, it may still be in `get()`, and what
    that returns is lost.
    """

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self.outcomes: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        self.wanted = threading.Semaphore(0)
        threading.Thread(target=self.fetch, name="chronomux-input", daemon=True).start()

    def get_now(self) -> Any:
        return self.unwrap(self.outcomes.get_nowait())

    def get_within(self, seconds: float) -> Any:
        return self.unwrap(self.outcomes.get(timeout=seconds))

    def undelivered(self) -> int:
        return self.outcomes.qsize()

    def unwrap(self, outcome: tuple[bool, Any]) -> Any:
        self.wanted.release()
        succeeded, item = outcome
        if succeeded:
            return item
        raise item

    def fetch(self) -> None:
        item: Any = None
        while item is not Empty:
            try:
                item = self.get_patiently()
                self.outcomes.put((True, item))
            except Exception as error:
                self.outcomes.put((False, error))
            self.wanted.acquire()

    def get_patiently(self) -> Any:
        """Get an item, also from a queue whose `get` raises Empty rather than wait."""
        pause = FIRST_PAUSE
        while True:
            try:
                return self.queue.get()
            except Empty:
                time.sleep(pause)
                pause = min(2 * pause, SLICE)


def input_port(queue: QueueLike) -> InputPort:
    """The port that suits a queue. TypeError when it has no get."""
    if not callable(getattr(queue, "get", None)):
        raise TypeError(f"{queue!r} cannot be an input queue: it has no get()")
    reader = getattr(queue, "_reader", None)
    pipe = hasattr(reader, "fileno") and hasattr(reader, "poll")
    if accepts(queue.get, "block", "timeout"):
        return PipeInput(queue) if pipe else TimedInput(queue)
    if pipe:
        return BarePipeInput(queue)
    if callable(getattr(queue, "get_nowait", None)):
        return PolledInput(queue)
    return ThreadInput(queue)
