"""Many queues into many queues, by turns."""

from __future__ import annotations

import time
from collections.abc import Mapping
from queue import Empty
from typing import Any

from chronomux._core.fanout import Fanout
from chronomux._core.frame_intake import FrameIntake
from chronomux._core.frame_pump import FramePump
from chronomux._core.frame_rounds import FrameRounds
from chronomux._core.intake import Intake
from chronomux._core.pump import DRY, GET_FAILED, PAUSED, SILENT
from chronomux.queue.input_ports import SLICE, InputPort, TapInput, input_port
from chronomux.queue.junction import NOTHING, Junction, carries_rows
from chronomux.queue.output_ports import OutputPort, SharedOutput, output_port
from chronomux.queue.shared_queue import Queue
from chronomux.queue.stats import InputStats
from chronomux.queue.waiting import AnyInput

__all__ = ["QueueMultiplexer"]


class QueueMultiplexer(Junction):
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

    While every input and output is a `chronomux.Queue`, items are moved as bytes,
    without the interpreter. Otherwise, and as soon as something else comes, they are
    moved as objects: slower, with the same results.
    """

    def __init__(self, *options: Mapping[str, Any], **keywords: Any) -> None:
        super().__init__(options, keywords)
        self._any_input = AnyInput(self._stopping)
        self._sender = -1  # number of the input whose item went out last
        self._turn = 0  # the round at hand begins with this input
        self._moved = False  # something, earlier in this round
        self._next_look = 0.0

    # Queues

    def _new_queue(self, size: int) -> Queue:
        return Queue(size)

    def _input_port(self, queue: Any) -> InputPort:
        if carries_rows(queue, "get", "get_nowait"):
            return TapInput(queue)
        return input_port(queue)

    def _output_port(self, queue: Any) -> OutputPort:
        if carries_rows(queue, "put", "put_nowait"):
            return SharedOutput(queue, keyed=False)
        return output_port(queue)

    # Engines

    def _new_frames(self) -> FramePump:
        return FrameRounds()

    def _new_objects(self) -> Fanout:
        return Fanout()

    def _object_intake(self, port: InputPort) -> Intake:
        """It only keeps what was counted before; the port counts on."""
        port.give_items()
        return Intake(port.get_now)

    def _go_on_from(self, frames: FramePump) -> None:
        assert isinstance(frames, FrameRounds)
        self._turn, self._moved = frames.turn, frames.moved

    def _input_stats(self, port: InputPort) -> InputStats:
        items, waited, ended = port.items, port.waited, port.ended
        if port.number < len(self._intakes):
            before = self._intakes[port.number]
            items += before.items
            if isinstance(before, FrameIntake):
                waited += before.waited
                ended = before.ended
        on_its_way = self._object_fanout.busy and self._sender == port.number
        return InputStats(items, int(on_its_way), waited, ended)

    # The merging thread

    def _move_items(self) -> None:
        """Rounds over the inputs until all have ended."""
        done = False
        while not done and not self._stopping.is_set():
            if self._frames is not None:
                self._frames.interrupted = (
                    False  # before the look at what it stands for
                )
                self._admit()
            if self._frames is not None:
                done = self._move_rows(self._frames)
            else:
                done = self._move_objects()

    # Rounds over rows

    def _move_rows(self, frames: FramePump) -> bool:
        """Run the engine and do what it asks for. Whether all inputs have ended."""
        status = self._run_frames(frames, SLICE)
        if status == GET_FAILED:
            self._row_failed(self._inputs[frames.at], frames.take_error())
        elif status == SILENT:
            self._look_around(frames)
        elif status == PAUSED:
            self._look_for_parts()
        elif status == DRY:
            if all(intake.ended for intake in self._intakes):
                return self._close_inputs(len(self._intakes))
            self._stopping.wait(SLICE)  # for those that failed
            self._look_around(frames)
        else:
            self._delivery.unblock(status)
        return False

    def _row_failed(self, port: InputPort, error: Exception) -> None:
        """Unless that ended it, it is asked again when the others have nothing."""
        self._input_failed(port, error)
        if self._frames is not None and not port.ended:
            self._frames.set_aside(port.number)

    def _look_around(self, frames: FramePump) -> None:
        """No input has anything: look for dead ones, and again at those that failed."""
        for port, intake in zip(self._inputs, self._intakes, strict=False):
            if intake.aside:
                frames.feed(port.number)
            elif not intake.ended:
                port.look_around()
                if port.is_abandoned():
                    self._bury(port)

    def _look_for_parts(self) -> None:
        """The rest of a large item may never come, while other inputs go on."""
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + SLICE
            for port, intake in zip(self._inputs, self._intakes, strict=False):
                if not intake.ended:
                    port.look_around()

    # Rounds over objects

    def _move_objects(self) -> bool:
        """One round, or a wait. Whether all inputs have ended."""
        if len(self._inputs) > len(self._intakes):
            self._admit()
        seen = self._inputs[: len(self._intakes)]
        live = [port for port in seen if not port.ended]
        if not live:
            return self._close_inputs(len(seen))
        if self._round(live):
            self._any_input.reset()
        else:
            self._idle(live)
        return False

    def _round(self, ports: list[InputPort]) -> bool:
        """Pass on one item of each input that has one. Whether there was any."""
        moved, self._moved = self._moved, False
        for port in ports:
            if port.number < self._turn:
                continue
            item = self._take(port)
            if item is not NOTHING:
                moved = True
                self._pass_on(port, item)
            if self._stopping.is_set():
                break
        self._turn = 0
        return moved

    def _pass_on(self, port: InputPort, item: Any) -> None:
        port.mourned = False
        if self._frames is not None:
            return  # a tap has rows, and gave none: they go in their turn
        if item is Empty:
            self._end_input(port)
            return
        port.items += 1
        self._sender = port.number
        # After the get: an output registered before an item's put sees the item.
        self._admit_outputs()
        self._delivery.deliver(item)

    def _idle(self, live: list[InputPort]) -> None:
        """Nothing to pass on: look for dead inputs, then wait."""
        for port in live:
            port.look_around()
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

    def _end_input(self, port: InputPort) -> None:
        super()._end_input(port)
        if self._frames is not None:
            self._frames.end(port.number)
