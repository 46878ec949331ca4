"""The queues of a merge: registered at any time, moved by whichever engine suits."""

from __future__ import annotations

import logging
import queue as standard
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from chronomux._core.fanout import FULL, Fanout
from chronomux._core.frame_intake import FrameIntake
from chronomux._core.frame_pump import FramePump
from chronomux._core.intake import Intake
from chronomux.errors import ChronomuxError, DeadInputError
from chronomux.queue.delivery import Delivery
from chronomux.queue.input_ports import SLICE, InputPort, TapInput
from chronomux.queue.merge_thread import MergeThread
from chronomux.queue.options import Options, collect
from chronomux.queue.output_ports import OutputPort, SharedOutput
from chronomux.queue.shared_queue import Queue
from chronomux.queue.stats import InputStats, MultiplexerStats

__all__ = ["NOTHING", "Junction", "carries_rows"]

logger = logging.getLogger("chronomux")

NOTHING = object()

SHUT_DOWN = getattr(standard, "ShutDown", ())  # from Python 3.13 on


def carries_rows(queue: Any, *methods: str) -> bool:
    """Whether it is our own queue, and no subclass with other such methods."""
    return isinstance(queue, Queue) and all(
        getattr(type(queue), name) is getattr(Queue, name) for name in methods
    )


class Junction(MergeThread):
    """Inputs and outputs, and what becomes of them.

    While all of them carry rows that suit the merge, `_frames` is the engine at work.
    With the first that does not, and for good, the engine of objects takes over.
    """

    _OPTIONS: type[Options] = Options
    _frames_allowed = True

    def __init__(
        self, options: tuple[Mapping[str, Any], ...], keywords: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self._options: Any = collect(self._OPTIONS, options, keywords)
        self._inputs: list[InputPort] = []
        self._outputs: list[OutputPort] = []
        self._inputs_closed = False  # no input is registered any more
        self._ended = False  # outputs registered from now on get their Empty at once
        self._intakes: list[Intake | FrameIntake] = []
        self._object_fanout = self._new_objects()
        self._frames: FramePump | None = None
        if self._frames_allowed:
            self._frames = self._new_frames()
        fanout = self._frames.fanout if self._frames else self._object_fanout
        self._delivery = Delivery(fanout, self._stopping)

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

    @property
    def stats(self) -> MultiplexerStats:
        """What was done so far; see `chronomux.queue.stats`."""
        with self._changed:
            inputs, outputs = list(self._inputs), list(self._outputs)
        return MultiplexerStats(
            tuple(self._input_stats(port) for port in inputs),
            self._delivery.stats(outputs),
        )

    def _refuse(self, queue: Any, others: list[Any]) -> None:
        if any(port.queue is queue for port in others):
            raise ValueError("a queue cannot be input and output of one multiplexer")

    def _announce(self) -> None:
        if self._frames is not None:
            self._frames.interrupted = True
        super()._announce()

    def _await_queues(self) -> None:
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

    def _close_inputs(self, seen: int) -> bool:
        """So many inputs have ended: refuse others, unless one came meanwhile."""
        with self._changed:
            self._inputs_closed = len(self._inputs) == seen
            return self._inputs_closed

    def _finish(self) -> None:
        if self._frames is not None:
            self._frames.fanout.end()
        with self._changed:
            self._inputs_closed = self._ended = True
            self._admit_outputs()
        self._delivery.end(patient=self.exception is None)

    # Engines

    def _admit(self) -> None:
        """Take in the queues that were registered meanwhile."""
        inputs = list(self._inputs)
        if self._frames and not all(isinstance(port, TapInput) for port in inputs):
            self._hand_over()
        self._admit_outputs()
        for port in inputs[len(self._intakes) :]:
            self._intakes.append(self._new_intake(port))

    def _admit_outputs(self) -> None:
        outputs = self._outputs
        if self._frames and not all(isinstance(port, SharedOutput) for port in outputs):
            self._hand_over()
        self._delivery.admit(outputs)

    def _new_intake(self, port: InputPort) -> Intake | FrameIntake:
        if self._frames is None:
            return self._object_intake(port)
        assert isinstance(port, TapInput)
        return self._frames.add(port.tap)

    def _hand_over(self) -> None:
        """Let the engine of objects go on where that of frames stands."""
        if self._frames is None:
            return
        self._frames.fanout.end()
        intakes: list[Intake | FrameIntake] = []
        for port, before in zip(self._inputs, self._intakes, strict=False):
            assert isinstance(before, FrameIntake)
            intake = self._object_intake(port)
            intake.carry_on(before)
            port.waited += before.waited
            port.ended = before.ended
            intakes.append(intake)
        self._go_on_from(self._frames)
        self._delivery.carry_over(self._object_fanout)
        self._intakes = intakes
        self._frames = None

    def _run_frames(self, frames: FramePump, seconds: float) -> int:
        """Move rows; wait so long at most for one."""
        status = frames.run(seconds, SLICE)
        if status != FULL:
            self._delivery.blocking = -1
        return status

    # Inputs that fail

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

    # What each merge does in its own way

    @abstractmethod
    def _new_queue(self, size: int) -> Queue: ...

    @abstractmethod
    def _input_port(self, queue: Any) -> InputPort: ...

    @abstractmethod
    def _output_port(self, queue: Any) -> OutputPort: ...

    @abstractmethod
    def _new_frames(self) -> FramePump: ...

    @abstractmethod
    def _new_objects(self) -> Fanout:
        """Make the engine of objects."""

    @abstractmethod
    def _object_intake(self, port: InputPort) -> Intake:
        """An input of the engine of objects."""

    @abstractmethod
    def _go_on_from(self, frames: FramePump) -> None:
        """Bring the engine of objects to where that of frames stands."""

    @abstractmethod
    def _pass_on(self, port: InputPort, item: Any) -> None:
        """Let an item of an input go its way."""

    def _end_input(self, port: InputPort) -> None:
        port.ended = True

    @abstractmethod
    def _input_stats(self, port: InputPort) -> InputStats: ...
