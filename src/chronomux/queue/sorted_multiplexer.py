"""Many sorted queues into many queues, in the order of one sort key."""

from __future__ import annotations

import time
from collections.abc import Mapping
from queue import Empty
from typing import Any

from chronomux._core import pump as core
from chronomux._core.fanout import Fanout
from chronomux._core.frame_intake import FrameIntake
from chronomux._core.frame_merge import FrameMerge
from chronomux._core.frame_pump import OBJECTS_CAME, FramePump
from chronomux._core.intake import Intake
from chronomux.queue.input_ports import SLICE, InputPort, TapInput, input_port
from chronomux.queue.junction import NOTHING
from chronomux.queue.multiplexer import QueueMultiplexer
from chronomux.queue.options import SortedOptions
from chronomux.queue.output_ports import OutputPort, SharedOutput
from chronomux.queue.shared_queue import Queue
from chronomux.queue.stats import Disorder, InputStats
from chronomux.types import SortKey

__all__ = ["SortedQueueMultiplexer"]

POLL_EVERY = 0.005
"""Seconds between two looks at the inputs that were set aside."""


class SortedQueueMultiplexer(QueueMultiplexer):
    """Merges sorted inputs into one sorted stream, and passes it on to all outputs.

    Nothing goes out before every input that has not ended has an item: that is the
    guarantee. Equal keys go out in the order in which their inputs were registered.

    Options, besides those of QueueMultiplexer:

    sort_key: None for the item itself, a callable, or a path: 'a.b.c' or a list of its
        names. At each step the next value is an item of a mapping or sequence, else an
        attribute, and is called if it can be. Keys that are missing, None or NaN are
        below all others. Ints and floats compare exactly, other keys by `<`.
    sort_direction: 'min', or 'max' for the greatest key first.
    sort_reverse: True turns the direction around.
    on_disorder: an item whose key is below the greatest that went out is late, and
        counted; 'emit' it, 'drop' it, or 'raise' DisorderError.
    idle_timeout: seconds after which an input that gives nothing no longer holds up the
        others; its items may then be late. None waits for ever.

    The merge ends with SortKeyError when a key cannot be made or two keys cannot be
    compared.

    While every input and output is a `chronomux.Queue`, each input with this sort_key
    and keys that are numbers, rows are merged as bytes, without the interpreter; so
    they are between the queues that are made here. Otherwise, and as soon as something
    else comes, items are merged as objects: slower, with the same results.
    """

    _OPTIONS = SortedOptions

    def __init__(self, *options: Mapping[str, Any] | SortKey, **keywords: Any) -> None:
        if options and not isinstance(options[0], Mapping):
            options = ({"sort_key": options[0]}, *options[1:])
        super().__init__(*options, **keywords)  # type: ignore[arg-type]

    # Queues

    def _new_queue(self, size: int) -> Queue:
        return Queue(size, sort_key=self._options.sort_key)

    def _input_port(self, queue: Any) -> InputPort:
        if self._has_our_keys(queue):
            return super()._input_port(queue)
        return input_port(queue)

    def _output_port(self, queue: Any) -> OutputPort:
        port = super()._output_port(queue)
        if isinstance(port, SharedOutput):
            port.keyed = self._has_our_keys(queue)
        return port

    def _has_our_keys(self, queue: Any) -> bool:
        return isinstance(queue, Queue) and queue._has_keys_of(self._options.sort_key)

    # Engines

    _frames: FrameMerge | None

    def _new_frames(self) -> FramePump:
        return FrameMerge(
            reverse=self._options.greatest_first,
            on_disorder=self._options.on_disorder,
        )

    def _new_objects(self) -> Fanout:
        self._silent_since: dict[int, tuple[int, float]] = {}
        self._next_poll = 0.0
        self._objects = core.Pump(
            self._options.key(),
            reverse=self._options.greatest_first,
            on_disorder=self._options.on_disorder,
        )
        return self._objects.fanout

    @property
    def _pump(self) -> core.Pump | FrameMerge:
        """The engine at work."""
        return self._frames or self._objects

    def _object_intake(self, port: InputPort) -> Intake:
        port.give_items()
        tap = port.tap if isinstance(port, TapInput) else None
        return self._objects.add(port.get_now, tap)

    def _go_on_from(self, frames: FramePump) -> None:
        assert isinstance(frames, FrameMerge)
        for number, intake in enumerate(self._intakes):
            if intake.ended:
                self._objects.end(number)
            elif intake.aside:
                self._objects.set_aside(number)
        if frames.marked:
            self._objects.mark_at(frames.mark_key, frames.mark_input)

    def _announce(self) -> None:
        self._objects.interrupted = True  # of both: the engine may just be changing
        super()._announce()

    def _move_items(self) -> None:
        """Run the pump; do what it asks for; run it again."""
        while True:
            self._pump.interrupted = False  # before the look at what it stands for
            if self._stopping.is_set():
                return
            self._admit()
            self._poll_aside()
            status = self._run_pump()
            if status == core.PAUSED:
                continue
            if status == core.SILENT:
                self._await_input(self._inputs[self._pump.at])
            elif status == core.GET_FAILED:
                self._get_failed(self._inputs[self._pump.at], self._pump.take_error())
            elif status == OBJECTS_CAME:
                self._hand_over()
            elif status != core.DRY:
                self._delivery.unblock(status)
            elif not self._await_aside() and self._close_inputs(len(self._intakes)):
                return

    def _run_pump(self) -> int:
        if self._frames is None:
            return self._objects.run()
        seconds = SLICE if self._options.idle_timeout is None else 0.0
        return self._run_frames(self._frames, seconds)

    def _pass_on(self, port: InputPort, item: Any) -> None:
        port.mourned = False
        self._pump.feed(port.number, item)

    def _end_input(self, port: InputPort) -> None:
        port.ended = True
        self._pump.end(port.number)

    # An input that the merge cannot go on without

    def _await_input(self, port: InputPort) -> None:
        """Wait for its next item, a SLICE at most."""
        if self._frames is not None and self._options.idle_timeout is None:
            port.look_around()  # the pump has waited
            self._still_silent(port)
            return
        began = time.monotonic()
        seconds = min(SLICE, self._patience(port, began))
        port.failing = False
        try:
            item = port.get_within(seconds)
        except Empty:
            self._still_silent(port)
        except Exception as error:
            self._get_failed(port, error)
        else:
            self._pass_on(port, item)
        port.waited += time.monotonic() - began
        self._next_poll = 0.0  # while it waited, others may have come back

    def _get_failed(self, port: InputPort, error: Exception) -> None:
        """Its get raised: unless that ended it, it may be asked again after a SLICE."""
        self._input_failed(port, error)
        if not port.ended:
            self._stopping.wait(min(SLICE, self._patience(port, time.monotonic())))
            self._still_silent(port)

    def _still_silent(self, port: InputPort) -> None:
        if port.is_abandoned():
            self._bury(port)
        hungry = port.number in self._pump.hungry
        if hungry and self._patience(port, time.monotonic()) <= 0:
            self._pump.set_aside(port.number)

    def _patience(self, port: InputPort, now: float) -> float:
        """Seconds until a silent input is set aside."""
        timeout: float | None = self._options.idle_timeout
        if timeout is None:
            return SLICE
        # The clocks of all that the merge waits for run at once, each from the moment
        # that it was first waited for after its latest item.
        for number in self._pump.hungry:
            items = self._intakes[number].items
            if self._silent_since.get(number, (-1, now))[0] != items:
                self._silent_since[number] = items, now
        return max(0.0, self._silent_since[port.number][1] + timeout - now)

    # Inputs that were set aside

    def _poll_aside(self) -> None:
        """Let those take part again that have something."""
        now = time.monotonic()
        if self._options.idle_timeout is None or now < self._next_poll:
            return
        self._next_poll = now + POLL_EVERY
        for port in self._aside():
            if port.is_abandoned():
                self._bury(port)
            # A late item may be dropped, and leave the input where it is.
            while self._intakes[port.number].aside and not self._stopping.is_set():
                item = self._take(port)
                if item is NOTHING:
                    break
                self._pass_on(port, item)

    def _await_aside(self) -> bool:
        """Wait a SLICE at most for any of them. False when there is none."""
        ports = self._aside()
        if ports:
            self._next_poll = 0.0
            item = self._wait_for(ports)
            if item is not None:
                self._any_input.reset()
                self._pass_on(*item)
        return bool(ports)

    def _aside(self) -> list[InputPort]:
        return [
            port
            for port, intake in zip(self._inputs, self._intakes, strict=False)
            if intake.aside
        ]

    def _input_stats(self, port: InputPort) -> InputStats:
        if port.number >= len(self._intakes):
            return InputStats()
        intake = self._intakes[port.number]
        waited = port.waited
        if isinstance(intake, FrameIntake):
            waited += intake.waited
        objects = self._objects
        on_its_way = objects.fanout.busy and objects.source == port.number
        return InputStats(
            intake.items,
            intake.items - intake.sent - intake.dropped + int(on_its_way),
            waited,
            intake.ended,
            Disorder(intake.disorder, intake.largest_step_back, intake.first_disorder),
        )
