"""What tests of queues share: every kind of queue, and ways to fill and drain them."""

from __future__ import annotations

import multiprocessing
import queue
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty
from typing import Any

from chronomux.queue import Queue, QueueMultiplexer, SortedQueueMultiplexer

PATIENCE = 20.0
"""Seconds after which a test gives up on something that takes milliseconds."""


class BareQueue:
    """A queue that can do nothing but get and put; both block."""

    def __init__(self, maxsize: int = 0) -> None:
        self.inner: queue.Queue[Any] = queue.Queue(maxsize)

    def get(self) -> Any:
        return self.inner.get()

    def put(self, item: Any) -> None:
        self.inner.put(item)


class NowaitQueue:
    """A queue whose get and put know no timeout, beside those that do not wait."""

    def __init__(self, maxsize: int = 0) -> None:
        inner = self.inner = queue.Queue[Any](maxsize)
        self.get_nowait, self.put_nowait = inner.get_nowait, inner.put_nowait
        self.get, self.put = lambda: inner.get(), lambda item: inner.put(item)


def spawn_queue(maxsize: int = 0) -> Any:
    return multiprocessing.get_context("spawn").Queue(maxsize)


# `maxsize` bounds them; SimpleQueues of the standard library have no bound.
BOUNDED: dict[str, Callable[..., Any]] = {
    "chronomux.Queue": Queue,
    "multiprocessing.Queue": multiprocessing.Queue,
    "spawn.Queue": spawn_queue,
    "queue.Queue": queue.Queue,
    "bare": BareQueue,
    "nowait": NowaitQueue,
}
UNBOUNDED: dict[str, Callable[..., Any]] = {
    "queue.SimpleQueue": queue.SimpleQueue,
    "multiprocessing.SimpleQueue": multiprocessing.SimpleQueue,
}
KINDS = [*BOUNDED, *UNBOUNDED, "manager.Queue"]
BOUNDED_KINDS = [*BOUNDED, "manager.Queue"]

Maker = Callable[..., Any]


def maker(kind: str, manager: Any) -> Maker:
    """A function that makes queues of a kind."""
    if kind == "manager.Queue":
        return manager.Queue
    return BOUNDED.get(kind) or UNBOUNDED[kind]


def fill(target: Any, items: Iterable[Any], end: bool = True) -> Any:
    """Put items, and `Empty` behind them; what is in a Queue can be got at once."""
    for item in items:
        target.put(item)
    if end:
        target.put(Empty)
    if isinstance(target, Queue):
        target.flush()
    return target


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """The result of a call that may block; TimeoutError when it takes too long."""
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(call()), daemon=True)
    thread.start()
    thread.join(seconds)
    if not result:
        raise TimeoutError(f"nothing came within {seconds} s")
    return result[0]


def receive(source: Any, count: int, seconds: float = PATIENCE) -> list[Any]:
    """So many items of a queue of any kind."""
    return within(seconds, lambda: [source.get() for _ in range(count)])


def drain(source: Any, seconds: float = PATIENCE) -> list[Any]:
    """All items of a queue of any kind until its Empty, which is left out."""
    return within(seconds, lambda: list(iter(source.get, Empty)))


def assert_nothing_comes(source: Any, seconds: float = 0.1) -> None:
    """Nothing comes for a while: what was drained ended with its only Empty."""
    time.sleep(seconds)
    assert getattr(source, "inner", source).empty(), "something came after the end"


def eventually(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)


def times_through(source: Any, output: Any, count: int) -> list[float]:
    """Seconds that items take from one queue to another, each alone on its way."""
    took = []
    for number in range(count):
        time.sleep(0.003)
        began = time.perf_counter()
        source.put(number)
        assert output.get(timeout=PATIENCE) == number
        took.append(time.perf_counter() - began)
    return took


def running(
    kind: type[QueueMultiplexer], inputs: int = 2, **options: Any
) -> tuple[Any, list[Any], Any]:
    """(a multiplexer that runs, its inputs, one output), of queues of chronomux."""
    multiplexer = kind(**options)
    sources = [multiplexer.input_queue() for _ in range(inputs)]
    output = multiplexer.output_queue()
    return multiplexer.run(), sources, output


def engine_of(multiplexer: QueueMultiplexer) -> str:
    """What moves its items: "frames" or "objects"."""
    return "frames" if multiplexer._frames is not None else "objects"


def foreign(sort_key: Any = None, maxsize: int = 0) -> Any:
    """A queue whose items only the engine of objects can merge."""
    return queue.Queue(maxsize) if maxsize else queue.SimpleQueue()


def own(sort_key: Any = None, maxsize: int = 0) -> Queue:
    """A queue whose rows carry the keys of a merge by sort_key."""
    return Queue(maxsize, sort_key=sort_key, ring_bytes=1 << 16)


def merge_of(
    make: Maker, columns: Iterable[Iterable[Any]], **options: Any
) -> tuple[SortedQueueMultiplexer, list[Any]]:
    """The sorted multiplexer of inputs that are complete, at its end, and its items."""
    multiplexer = SortedQueueMultiplexer(**options)
    sort_key = options.get("sort_key")
    output = multiplexer.output_queue(make(sort_key))
    for column in columns:
        multiplexer.input_queue(fill(make(sort_key), column))
    multiplexer._run_thread()
    items = drain(output)
    assert output.empty(), "exactly one Empty"
    return multiplexer, items


def merged(make: Maker, columns: Iterable[Iterable[Any]], **options: Any) -> list[Any]:
    """What the sorted multiplexer makes of inputs that are complete; it may raise."""
    multiplexer, items = merge_of(make, columns, **options)
    multiplexer.join()
    return items
