"""The output side of a multiplexer: every item to every output, then one Empty each."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from queue import Empty, Full
from typing import Any

from chronomux._core import fanout as core
from chronomux._core.frame_outlet import FrameOutlet
from chronomux._core.outflow import Outflow
from chronomux.errors import ChronomuxError
from chronomux.queue.input_ports import SLICE
from chronomux.queue.output_ports import OutputPort
from chronomux.queue.stats import OutputStats

__all__ = ["Delivery"]

logger = logging.getLogger("chronomux")


class Delivery:
    """Delivers items by a Fanout; waits for full outputs and drops broken ones.

    Everything but `stats` is for the merging thread. Waits end soon after `stopping`.
    """

    def __init__(
        self, fanout: core.Fanout | Outflow, stopping: threading.Event
    ) -> None:
        self.fanout = fanout
        self.stopping = stopping
        self.ports: list[OutputPort] = []
        self.outlets: list[core.Outlet | FrameOutlet] = []
        self.blocking = -1  # the output that has no room

    def admit(self, ports: Sequence[OutputPort]) -> None:
        """Take in the outputs that are new in a list which only ever grows."""
        for port in ports[len(self.ports) :]:
            self.outlets.append(port.outlet(self.fanout, 0))
            self.ports.append(port)

    def carry_over(self, fanout: core.Fanout) -> None:
        """Go on with another fanout."""
        outlets: list[core.Outlet | FrameOutlet] = []
        for port, before in zip(self.ports, self.outlets, strict=True):
            outlets.append(port.outlet(fanout, before.items))
            port.waited += seconds_waited(before)
            if not before.open:
                fanout.close(len(outlets) - 1)
        self.fanout, self.outlets = fanout, outlets

    def deliver(self, item: Any) -> None:
        """Put an item on every output. ChronomuxError when the last output is gone."""
        assert isinstance(self.fanout, core.Fanout)
        status = self.fanout.send(item)
        while status != core.DONE and not self.stopping.is_set():
            self.unblock(status)
            status = self.fanout.resume()

    def unblock(self, status: int) -> None:
        """Wait a SLICE for room in the output that is in the way, or drop it."""
        number = self.fanout.at
        if status == core.PUT_FAILED:
            error = self.fanout.take_error()
            if error is not None:
                self.drop(number, error)
        elif isinstance(self.fanout, core.Fanout):
            self.put_on_its_way(self.fanout)
        else:
            self.still_full(number)

    def put_on_its_way(self, fanout: core.Fanout) -> None:
        port = self.ports[fanout.at]
        began = time.monotonic()
        try:
            port.take_within(fanout, SLICE)
        except Full:
            self.still_full(fanout.at)
        except Exception as error:
            self.drop(fanout.at, error)
        else:
            fanout.passed()
            self.blocking = -1
        port.waited += time.monotonic() - began

    def still_full(self, number: int) -> None:
        """A SLICE was waited in vain."""
        if self.blocking != number:
            logger.info("output %d is full: all inputs wait for it", number)
            self.blocking = number
        self.ports[number].bury_producers()

    def drop(self, number: int, error: Exception) -> None:
        logger.warning("output %d is dropped, its put raised %r", number, error)
        self.ports[number].error = error
        self.fanout.close(number)
        if not any(outlet.open for outlet in self.outlets):
            raise ChronomuxError(
                f"every output is gone; the last, output {number}, raised "
                f"{type(error).__name__}: {error}"
            ) from error
        error.__traceback__ = None  # its frames would keep items alive

    def end(self, patient: bool) -> None:
        """Put Empty on every output that is left.

        patient: wait for room, until `stopping`. What is still full then gets its Empty
        from a thread.
        """
        outlets = zip(self.ports, self.outlets, strict=True)
        full = [port for port, outlet in outlets if outlet.open]
        full = [port for port in full if not self.end_one(port, 0.0)]
        while full and patient and not self.stopping.is_set():
            full = [port for port in full if not self.end_one(port, SLICE)]
        for port in full:
            port.end_later()
        if patient:
            self.flush()

    def end_one(self, port: OutputPort, seconds: float) -> bool:
        """Whether the output needs no Empty any more."""
        try:
            if seconds:
                port.put_within(Empty, seconds)
            else:
                port.put_now(Empty)
        except Full:
            return False
        except Exception as error:
            self.no_end(port, error)
        return True

    def end_late_comer(self, port: OutputPort) -> None:
        """Put Empty on an output that was registered after the end."""
        if not self.end_one(port, 0.0):
            port.end_later()

    def flush(self) -> None:
        """Wait until outputs that lag behind have everything."""
        for port in self.ports:
            try:
                while port.error is None and not port.flushed_within(SLICE):
                    if self.stopping.is_set():
                        return
            except Exception as error:
                self.no_end(port, error)

    def no_end(self, port: OutputPort, error: Exception) -> None:
        logger.warning("output %d did not take Empty: %r", port.number, error)
        port.error = error.with_traceback(None)

    def stats(self, ports: Sequence[OutputPort]) -> tuple[OutputStats, ...]:
        """One entry for each registered output, admitted yet or not."""
        outlets: list[core.Outlet | FrameOutlet | None] = [*self.outlets]
        outlets += [None] * (len(ports) - len(outlets))
        return tuple(
            OutputStats(
                outlet.items if outlet else 0,
                port.error,
                port.waited + seconds_waited(outlet),
                port.number == self.blocking,
                *port.backlog(),
            )
            for outlet, port in zip(outlets, ports, strict=False)
        )


def seconds_waited(outlet: core.Outlet | FrameOutlet | None) -> float:
    return outlet.waited if isinstance(outlet, FrameOutlet) else 0.0
