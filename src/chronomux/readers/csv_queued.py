"""Rows of CSV onto a `chronomux.Queue` without becoming Python objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chronomux._core.csv.rows import Rows
from chronomux.readers.csv_records import TimeColumns, time_picker
from chronomux.readers.csv_times import KEY
from chronomux.readers.delivery import Direct

__all__ = ["queued_rows", "takes_rows"]


def takes_rows(queue: Any) -> bool:
    """Whether the queue's own `put` encodes items into frames of shared memory."""
    from chronomux._core.queue_core import QueueCore  # not for who only reads

    if not isinstance(queue, QueueCore):
        return False
    # What somebody has put in the place of `put` is to be called.
    return type(queue).put is QueueCore.put and "put" not in vars(queue)


def queued_rows(
    queue: Any,
    rows: Any,
    names: list[str] | None,
    missing: Any,
    finish: Callable[[list[Any], int | None], Any],
    times: TimeColumns | None,
    at_end: Callable[[], None],
) -> Direct | None:
    """What puts the rows on the queue as bytes, equal to what `finish` makes of them.

    names: the keys of dicts, without that of the time; None for lists. missing: the
    value of fields that a dict lacks. at_end() is called behind the last row. Returns
    None where only objects will do.
    """
    from chronomux._core.csv.framed import FramedRows
    from chronomux._core.csv.queued import QueuedRows
    from chronomux._core.csv.row_times import RowTimes

    if not isinstance(rows, Rows):
        return None
    keys, place, row_times = names, 0, None
    if times is not None:
        pick = time_picker(times.columns, times.missing)
        row_times = RowTimes(
            times.parser, times.columns, pick, times.on_bad, times.on_first
        )
        if names is not None:
            keys = names if KEY in names else [*names, KEY]
            place = keys.index(KEY)
    try:
        framed = FramedRows(rows, keys, len(names or ()), missing, row_times, place)
    except ValueError:  # keys that are no strings, or not all different
        return None
    return QueuedRows(queue, framed, finish, at_end)
