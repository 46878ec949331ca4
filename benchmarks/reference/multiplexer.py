"""A sorted multiplexer in pure Python.

A peek buffer holds the next item of every live input, sorted by (key, input). Each
step puts the least item on every output, and blocks on its input for the next one,
whose key it finds by splitting the path.
"""

from __future__ import annotations

from queue import Empty
from typing import Any

from sortedcontainers import SortedList

__all__ = ["SortedQueueMultiplexer"]


class SortedQueueMultiplexer:
    """The documented class, without threads, late registration and options but two."""

    def __init__(self, sort_key: Any = None, sort_direction: str = "min") -> None:
        self.sort_key = sort_key
        self.first = 0 if sort_direction == "min" else -1
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []
        self.peeked = SortedList(key=self.order)

    def input_queue(self, queue: Any) -> Any:
        self.inputs.append(queue)
        return queue

    def output_queue(self, queue: Any) -> Any:
        self.outputs.append(queue)
        return queue

    def order(self, entry: tuple[int, Any]) -> tuple[bool, Any, int]:
        number, item = entry
        key = self.key_of(item)
        return key is not None, key, number

    def key_of(self, item: Any) -> Any:
        if self.sort_key is None:
            return item
        if callable(self.sort_key):
            return self.sort_key(item)
        for name in self.sort_key.split("."):
            if isinstance(item, dict):
                item = item.get(name)
            else:
                item = getattr(item, name, None)
            if callable(item):
                item = item()
        return item

    def peek(self, number: int) -> None:
        item = self.inputs[number].get()
        if item is not Empty:
            self.peeked.add((number, item))

    def emit(self, item: Any) -> None:
        for output in self.outputs:
            output.put(item)

    def _run_thread(self) -> None:
        for number in range(len(self.inputs)):
            self.peek(number)
        while self.peeked:
            number, item = self.peeked.pop(self.first)
            self.emit(item)
            self.peek(number)
        self.emit(Empty)
