"""How a multiplexer puts items on any kind of queue without being held up.

`output_port(queue)` looks once at what a queue can do. A port has `put_now(item)` and
`put_within(item, seconds)`, which raise `queue.Full`.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from queue import Empty, Full, Queue
from typing import Any

from chronomux._core.fanout import Fanout, Outlet
from chronomux._core.frame_outlet import FrameOutlet
from chronomux._core.outflow import Outflow
from chronomux.queue import shared_queue as shared
from chronomux.queue.input_ports import FIRST_PAUSE, SLICE, accepts
from chronomux.types import QueueLike

__all__ = ["OutputPort", "SharedOutput", "output_port"]

logger = logging.getLogger("chronomux")


class OutputPort(ABC):
    """What all outputs have in common."""

    put_now: Callable[[Any], object]  # looked up once: it is called for every item

    def __init__(self, queue: Any) -> None:
        self.queue = queue
        self.number = -1
        self.error: Exception | None = None  # why it was dropped
        self.waited = 0.0  # seconds that the merge waited for room in it

    def outlet(self, fanout: Fanout | Outflow, items: int) -> Outlet | FrameOutlet:
        """Its place in a fanout, for which it has taken so many items already."""
        assert isinstance(fanout, Fanout)  # no other has outputs of any kind
        return fanout.add(self.put_now, items=items)

    @abstractmethod
    def put_within(self, item: Any, seconds: float) -> None: ...

    def take_within(self, fanout: Fanout, seconds: float) -> None:
        """Put the item that is on its way."""
        self.put_within(fanout.item, seconds)

    def put_waiting(self, item: Any) -> None:
        """Put an item, however long that takes."""
        while True:
            try:
                return self.put_within(item, SLICE)
            except Full:
                continue

    def flushed_within(self, seconds: float) -> bool:
        """Whether everything put has reached the queue; waits for that."""
        return True

    def bury_producers(self) -> None:  # noqa: B027 (most cannot)
        """It is full, perhaps of what dead producers wanted to put."""

    def backlog(self) -> tuple[int | None, int]:
        """Items put and not taken by anybody yet, None where that is not known, and the
        bytes of those for which the queue has no room yet."""
        return None, 0

    def end_later(self) -> None:
        """Put the final Empty from a thread, as soon as there is room."""
        name = f"chronomux-end-of-output-{self.number}"
        threading.Thread(target=self.end_waiting, name=name, daemon=True).start()

    def end_waiting(self) -> None:
        try:
            self.put_waiting(Empty)
        except Exception as error:
            logger.warning("output %d did not take Empty: %r", self.number, error)
            self.error = error


class TimedOutput(OutputPort):
    """A queue whose `put` takes block and timeout: most of them."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        nowait = getattr(queue, "put_nowait", None)
        self.put_now = nowait or partial(queue.put, block=False)

    def put_within(self, item: Any, seconds: float) -> None:
        self.queue.put(item, block=True, timeout=seconds)

    def put_waiting(self, item: Any) -> None:
        self.queue.put(item)


class SharedOutput(TimedOutput):
    """A `chronomux.Queue`. keyed: its items carry the keys of the merge."""

    queue: shared.Queue

    def __init__(self, queue: shared.Queue, keyed: bool) -> None:
        super().__init__(queue)
        self.keyed = keyed

    def outlet(self, fanout: Fanout | Outflow, items: int) -> Outlet | FrameOutlet:
        if isinstance(fanout, Outflow):
            return fanout.add_outlet(self.queue, self.keyed)
        put = self.queue._put_now if self.keyed else self.put_now
        return fanout.add(put, self.keyed, items)

    def take_within(self, fanout: Fanout, seconds: float) -> None:
        if self.keyed:
            self.queue.put(fanout.item, True, seconds, key=fanout.key)
        else:
            self.put_within(fanout.item, seconds)

    def bury_producers(self) -> None:
        self.queue._bury_producers()

    def backlog(self) -> tuple[int | None, int]:
        sender = self.queue._sender
        return self.queue.qsize(), sender.parcels[1] if sender is not None else 0


class PolledOutput(OutputPort):
    """A queue with `put_nowait` whose `put` has no timeout: it is asked again."""

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self.put_now = queue.put_nowait
        self.pause = FIRST_PAUSE

    def put_within(self, item: Any, seconds: float) -> None:
        time.sleep(min(self.pause, seconds))
        self.pause = min(2 * self.pause, SLICE)
        self.put_now(item)
        self.pause = FIRST_PAUSE


class ThreadOutput(OutputPort):
    """A queue that can do nothing but `put(item)`: a thread waits in it.

    One item stands between the merge and the thread, so a full queue holds the merge
    back.
    """

    def __init__(self, queue: Any) -> None:
        super().__init__(queue)
        self.put_now = self.hand_over
        self.next: Queue[Any] = Queue(1)
        self.failure: Exception | None = None
        self.thread = threading.Thread(
            target=self.carry, name="chronomux-output", daemon=True
        )
        self.thread.start()

    def hand_over(self, item: Any) -> None:
        self.raise_failure()
        self.next.put_nowait(item)

    def put_within(self, item: Any, seconds: float) -> None:
        self.raise_failure()
        self.next.put(item, timeout=seconds)

    def flushed_within(self, seconds: float) -> bool:
        self.thread.join(seconds)
        self.raise_failure()
        return not self.thread.is_alive()

    def raise_failure(self) -> None:
        if self.failure is not None:
            raise self.failure

    def carry(self) -> None:
        item: Any = None
        try:
            while item is not Empty:
                item = self.next.get()
                self.put_patiently(item)
        except Exception as error:
            self.failure = error

    def put_patiently(self, item: Any) -> None:
        """Put an item, also on a queue whose `put` raises Full rather than wait."""
        pause = FIRST_PAUSE
        while True:
            try:
                self.queue.put(item)
                return
            except Full:
                time.sleep(pause)
                pause = min(2 * pause, SLICE)


def output_port(queue: QueueLike) -> OutputPort:
    """The port that suits a queue. TypeError when it has no put."""
    if not callable(getattr(queue, "put", None)):
        raise TypeError(f"{queue!r} cannot be an output queue: it has no put()")
    if accepts(queue.put, "block", "timeout"):
        return TimedOutput(queue)
    if callable(getattr(queue, "put_nowait", None)):
        return PolledOutput(queue)
    return ThreadOutput(queue)
