"""The output side of a multiplexer: every item to every output, then one Empty each."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from queue import Empty, Full
from typing import Any

from chronomux._core import fanout as core
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

    def __init__(self, fanout: core.Fanout, stopping: threading.Event) -> None:
        self.fanout = fanout
        self.stopping = stopping
        self.ports: list[OutputPort] = []
        self.outlets: list[core.Outlet] = []

    def admit(self, ports: Sequence[OutputPort]) -> None:
        """Take in the outputs that are new in a list which only ever grows."""
        for port in ports[len(self.ports) :]:
            self.outlets.append(self.fanout.add(port.put_now))
            self.ports.append(port)

    def deliver(self, item: Any) -> None:
        """Put an item on every output. ChronomuxError when the last output is gone."""
        status = self.fanout.send(item)
        while status != core.DONE and not self.stopping.is_set():
            self.unblock(status)
            status = self.fanout.resume()

    def unblock(self, status: int) -> None:
        """Wait a SLICE for room in the output that is in the way, or drop it."""
        number = self.fanout.at
        if status == core.PUT_FAILED:
            self.drop(number, self.fanout.take_error())
            return
        try:
            self.ports[number].put_within(self.fanout.item, SLICE)
        except Full:
            return
        except Exception as error:
            self.drop(number, error)
            return
        self.fanout.passed()

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
        items = [outlet.items for outlet in list(self.outlets)]
        items += [0] * (len(ports) - len(items))
        return tuple(
            OutputStats(count, port.error)
            for count, port in zip(items, ports, strict=False)
        )
