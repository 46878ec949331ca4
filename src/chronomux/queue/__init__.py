"""Queues and merges: many inputs in, one stream in chronological order out."""

from chronomux.queue.merging import merge_order

__all__ = ["merge_order"]
