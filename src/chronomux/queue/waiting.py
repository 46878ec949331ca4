"""Wait until one of several inputs may have an item, without using the processor."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from multiprocessing.connection import wait
from queue import Empty
from typing import Any

from chronomux.queue.input_ports import FIRST_PAUSE, SLICE, InputPort

__all__ = ["AnyInput"]


class AnyInput:
    """Waits for several inputs at once: at most for a SLICE, or until `stopping`.

    Inputs with a reader are waited for; where there are others they are polled, at
    pauses that grow from 1 ms to a SLICE while nothing comes.
    """

    def __init__(self, stopping: threading.Event) -> None:
        self.stopping = stopping
        self.reset()

    def reset(self) -> None:
        """An item came: pause shortly next time."""
        self.pause = FIRST_PAUSE
        self.was_ready = False

    def wait(self, ports: Sequence[InputPort]) -> tuple[InputPort, Any] | None:
        """Wait a while. One port alone gives its item; several are for the caller to
        ask. What a get raises, Empty apart, is passed on."""
        if len(ports) == 1 and not ports[0].failing:
            try:
                return ports[0], ports[0].get_within(SLICE)
            except Empty:
                return None
        readers = [p.reader for p in ports if p.reader is not None and not p.failing]
        # Ready twice and yet no item: another consumer is faster, or the pipe broke.
        if not readers or self.was_ready:
            self.rest()
            return None
        seconds = SLICE if len(readers) == len(ports) else self.next_pause()
        try:
            self.was_ready = bool(wait(readers, seconds))
        except (OSError, ValueError):  # a pipe was closed; its get will tell which
            self.rest()
        return None

    def rest(self) -> None:
        self.was_ready = False
        self.stopping.wait(self.next_pause())

    def next_pause(self) -> float:
        pause = self.pause
        self.pause = min(2 * pause, SLICE)
        return pause
