"""Many inputs in, one stream in order out: multiplexers, their queues, and merges.

Items go in and come out as the objects they are; `Queue.Empty` ends every stream.
"""

from chronomux.queue.iterable_queue import IterableQueue
from chronomux.queue.merging import merge, merge_order
from chronomux.queue.multiplexer import QueueMultiplexer
from chronomux.queue.shared_queue import Queue
from chronomux.queue.sorted_multiplexer import SortedQueueMultiplexer
from chronomux.queue.stats import (
    Disorder,
    InputStats,
    MultiplexerStats,
    OutputStats,
)

__all__ = [
    "Disorder",
    "InputStats",
    "IterableQueue",
    "MultiplexerStats",
    "OutputStats",
    "Queue",
    "QueueMultiplexer",
    "SortedQueueMultiplexer",
    "merge",
    "merge_order",
]
