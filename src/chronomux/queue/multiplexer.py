"""Many queues into many queues, by turns."""

from __future__ import annotations

import logging
import queue as standard
import threading
import time
import traceback
from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypeVar

from chronomux._core.fanout import Fanout
from chronomux._core.outflow import Outflow
from chronomux.errors import ChronomuxError, DeadInputError
from chronomux.queue.delivery import Delivery
from chronomux.queue.input_ports import InputPort, input_port
from chronomux.queue.options import Options, collect
from chronomux.queue.output_ports import OutputPort, SharedOutput, output_port
from chronomux.queue.shared_queue import Queue
from chronomux.queue.stats import InputStats, MultiplexerStats
from chronomux.queue.waiting import AnyInput
from chronomux.types import QueueLike

__all__ = ["QueueMultiplexer"]

logger = logging.getLogger("chronomux")

PATIENCE = 1.0
"""Seconds that stop() waits for a foreign get or put to return."""

NOTHING = object()

SHUT_DOWN = getattr(standard, "ShutDown", ())  # from Python 3.13 on

Self = TypeVar("Self", bound="QueueMultiplexer")
AnyQueue = TypeVar("AnyQueue", bound=QueueLike)


def release_frames(error: BaseException | None) -> None:
    """Let a kept error keep its traceback, but no items in the variables there."""
    seen: set[int] = set()  # a chain of causes may be a ring
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


class QueueMultiplexer:
    """Passes the items of all inputs on to all outputs.

    Inputs take turns: one item from each that has one, in the order of registration.
    An input ends when it gives `Queue.Empty`. When all have ended, and also after an
    error or `stop()`, each output gets one `Queue.Empty`.

    Options come as mappings, keywords or both; a later one wins.

    max_size: bound of the queues made here, in items; 0 for none. maxsize_input and
        maxsize_output take its place for one side.
    wait_for_n_input_queues, wait_for_n_output_queues: start with so many (1 and 1).
    on_dead_input: what to do about an input whose queue is closed or unreachable, or
        whose `producers_alive()`, where a queue has that method, returns False:
        'raise' DeadInputError, 'end' the input, or 'wait' and ask again.

    Any object with `get` or `put` may be an input or output. An output whose `put`
    raises is dropped; when none is left the merge ends with ChronomuxError. An
    exception of a `get` ends the merge as well. TypeError for an unknown option,
    ValueError for a value that is none of its choices.
    """

    _OPTIONS: type[Options] = Options

    def __init__(self, *options: Mapping[str, Any], **keywords: Any) -> None:
        self._options: Any = collect(self._OPTIONS, options, keywords)
        self.exception: BaseException | None = None
        self._inputs: list[InputPort] = []
        self._outputs: list[OutputPort] = []
        self._changed = threading.Condition()  # guards the lists and the flags
        self._started = False
        self._inputs_closed = False  # no input is registered any more
        self._ended = False  # outputs registered from now on get their Empty at once
        self._finished = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._any_input = AnyInput(self._stopping)
        self._delivery = Delivery(self._make_fanout(), self._stopping)
        self._sender = -1  # number of the input whose item went out last

    # Registration

    def input_queue(self, queue: Any = None) -> Any:
        """Register a queue as an input, or make one; return it.

        TypeError when it has no `get`, ValueError when it is an output already,
        ChronomuxError when the merge has ended.
        """
        with self._changed:
            if self._inputs_closed:
                raise ChronomuxError("the merge has ended and reads no further input")
            if queue is None:
                queue = self._new_queue(self._options.input_size)
            if not any(port.queue is queue for port in self._inputs):
                self._refuse(queue, self._outputs)
                port = self._input_port(queue)
                port.number = len(self._inputs)
                self._inputs.append(port)
                self._announce()
        return queue

    def output_queue(self, queue: Any = None) -> Any:
        """Register a queue as an output, or make one; return it.

        It gets the items that go out from now on; after the end, its Empty at once.
        TypeError when it has no `put`, ValueError when it is an input already.
        """
        if queue is None:
            queue = self._new_queue(self._options.output_size)
        with self._changed:
            if any(port.queue is queue for port in self._outputs):
                return queue
            self._refuse(queue, self._inputs)
            port = self._output_port(queue)
            port.number = len(self._outputs)
            self._outputs.append(port)
            self._announce()
            ended = self._ended
        if ended:
            self._delivery.end_late_comer(port)
        return queue

    def _new_queue(self, size: int) -> Queue:
        return Queue(size)

    def _input_port(self, queue: Any) -> InputPort:
        return input_port(queue)

    def _output_port(self, queue: Any) -> OutputPort:
        if isinstance(queue, Queue):
            return SharedOutput(queue, keyed=False)
        return output_port(queue)

    def _refuse(self, queue: Any, others: list[Any]) -> None:
        if any(port.queue is queue for port in others):
            raise ValueError("a queue cannot be input and output of one multiplexer")

    def _announce(self) -> None:
        """Make the merging thread look at the queues and flags again."""
        self._changed.notify_all()

    # Life

    def run(self: Self) -> Self:
        """Start the merging thread and return self. A second call does nothing."""
        if self._claim():
            name = f"chronomux-{type(self).__name__}"
            self._thread = threading.Thread(target=self._main, name=name, daemon=True)
            self._thread.start()
        return self

    def _run_thread(self) -> None:
        """Merge in the calling thread until the end. Errors are kept for `join`."""
        if self._claim():
            self._main()
            if isinstance(self.exception, (KeyboardInterrupt, SystemExit)):
                raise self.exception

    def stop(self) -> None:
        """End the merge now. Every output gets its Empty, a full one when it has room.

        Returns when the merge has ended; if a queue's own get or put holds that up,
        after a second. Items not yet passed on are counted in `stats`.
        """
        self._stopping.set()
        with self._changed:
            self._announce()
        if self._claim():
            self._finish()
        elif self._thread not in (None, threading.current_thread()):
            self._finished.wait(PATIENCE)

    def join(self, timeout: float | None = None) -> None:
        """Wait for the end, timeout seconds at most; raise the error that ended it."""
        if self._started and self._finished.wait(timeout) and self.exception:
            raise self.exception

    @property
    def is_running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._started and not self._finished.is_set()

    @property
    def stats(self) -> MultiplexerStats:
        """What was done so far; see `chronomux.queue.stats`."""
        with self._changed:
            inputs, outputs = list(self._inputs), list(self._outputs)
        return MultiplexerStats(
            tuple(self._input_stats(port) for port in inputs),
            self._delivery.stats(outputs),
        )

    def __enter__(self: Self) -> Self:
        try:
            return self.run()
        except BaseException:  # Ctrl-C, and the thread may have started
            self.stop()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; raise the error of the merge unless another one is on its way."""
        self.stop()
        if error is None:
            self.join(0)

    # The merging thread

    def _claim(self) -> bool:
        """Whether the caller is the first to start this."""
        with self._changed:
            first = not self._started
            self._started = True
        return first

    def _main(self) -> None:
        try:
            self._await_queues()
            self._move_items()
        except BaseException as error:
            self.exception = error
            release_frames(error)
            # Its text: a record kept by a handler must not keep the items alive.
            logger.error("a merge ended: %s: %s", type(error).__name__, str(error))
        finally:
            self._finish()

    def _await_queues(self) -> None:
        """Wait until the inputs and outputs asked for are registered."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._stopping.is_set()
                    or (
                        len(self._inputs) >= self._options.wait_for_n_input_queues
                        and len(self._outputs) >= self._options.wait_for_n_output_queues
                    )
                )
            )

    def _finish(self) -> None:
        with self._changed:
            self._inputs_closed = self._ended = True
            self._admit_outputs()
        try:
            self._delivery.end(patient=self.exception is None)
        finally:
            self._finished.set()

    def _move_items(self) -> None:
        """Rounds over the inputs until all have ended."""
        while not self._stopping.is_set():
            seen = list(self._inputs)
            live = [port for port in seen if not port.ended]
            if live and self._round(live):
                self._any_input.reset()
            elif live:
                self._idle(live)
            elif self._close_inputs(len(seen)):
                return

    def _close_inputs(self, seen: int) -> bool:
        """So many inputs have ended: refuse others, unless one came meanwhile."""
        with self._changed:
            self._inputs_closed = len(self._inputs) == seen
            return self._inputs_closed

    def _round(self, ports: list[InputPort]) -> bool:
        """Pass on one item of each input that has one. Whether there was any."""
        moved = False
        for port in ports:
            item = self._take(port)
            if item is not NOTHING:
                moved = True
                self._pass_on(port, item)
            if self._stopping.is_set():
                break
        return moved

    def _pass_on(self, port: InputPort, item: Any) -> None:
        if item is standard.Empty:
            self._end_input(port)
            return
        port.items += 1
        port.mourned = False
        self._sender = port.number
        # After the get: an output registered before an item's put sees the item.
        self._admit_outputs()
        self._delivery.deliver(item)

    def _admit_outputs(self) -> None:
        self._delivery.admit(self._outputs)

    def _idle(self, live: list[InputPort]) -> None:
        """Nothing to pass on: look for dead inputs, then wait."""
        for port in live:
            if port.is_abandoned():
                self._bury(port)
        item = self._wait_for(live)
        if item is not None:
            self._pass_on(*item)

    def _wait_for(self, ports: list[InputPort]) -> tuple[InputPort, Any] | None:
        """Wait a SLICE at most for any of these inputs; one alone gives its item."""
        live = [port for port in ports if not port.ended]
        since = time.monotonic()
        try:
            return self._any_input.wait(live)
        except Exception as error:  # only the get of one alone raises
            self._input_failed(live[0], error)
            self._any_input.rest()
            return None
        finally:
            if len(live) == 1:
                live[0].waited += time.monotonic() - since

    def _take(self, port: InputPort) -> Any:
        """The next item of an input, or NOTHING."""
        try:
            item = port.get_now()
        except standard.Empty:
            item = NOTHING
        except Exception as error:
            self._input_failed(port, error)
            return NOTHING
        port.failing = False
        return item

    # Inputs that fail

    def _bury(self, port: InputPort) -> None:
        """Nobody will put on this input any more: take what is left, then end it."""
        item = self._take(port)
        if item is NOTHING:
            self._input_died(port, "all its producers are gone")
        else:
            self._pass_on(port, item)

    def _input_failed(self, port: InputPort, error: Exception) -> None:
        """The get of an input raised: end it, bear with it, or end the merge."""
        if isinstance(error, SHUT_DOWN):
            self._end_input(port)
        elif isinstance(error, (OSError, EOFError)) or port.is_closed():
            self._input_died(port, f"{type(error).__name__}: {error}", error)
        else:
            raise error
        port.failing = True

    def _input_died(
        self, port: InputPort, reason: str, error: Exception | None = None
    ) -> None:
        policy = self._options.on_dead_input
        if policy == "raise":
            raise DeadInputError(
                f"input {port.number} is dead: {reason}; "
                "use on_dead_input='end' or 'wait' to go on"
            ) from error
        if not port.mourned:
            logger.warning("input %d is dead: %s", port.number, reason)
            port.mourned = True
        if policy == "end":
            self._end_input(port)

    def _end_input(self, port: InputPort) -> None:
        port.ended = True

    # What the sorted multiplexer does otherwise

    def _make_fanout(self) -> Fanout | Outflow:
        return Fanout()

    def _input_stats(self, port: InputPort) -> InputStats:
        held_up = self._delivery.fanout.busy and self._sender == port.number
        return InputStats(port.items, int(held_up), port.waited, port.ended)
