"""Queues and merges: many inputs in, one stream in chronological order out."""

from chronomux.queue.merging import merge, merge_order

__all__ = ["merge", "merge_order"]
