"""Where a time begins in a file of lines that is in order."""

from __future__ import annotations

import io
from collections.abc import Callable

__all__ = ["place_of"]

SCANNED_BYTES = 1 << 16  # so many are read through rather than halved


def place_of(
    file: io.BufferedReader,
    first: int,
    size: int,
    start: int,
    time_of: Callable[[bytes], int | None],
) -> int:
    """An offset where a record begins, before which none is of `start` (ns) or later.

    The records stand from `first` to `size`, a line each, and their times never fall;
    `time_of` tells that of a line, or None for one that has none. Reads O(log size)
    blocks.
    """
    low, high = first, size
    while high - low > SCANNED_BYTES:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline()
        place = file.tell()
        time = None
        while place < high and time is None and (line := file.readline()):
            time = time_of(line)
            if time is None:  # blank, or without a time: the next one may have it
                place += len(line)
        if time is None or time >= start:
            high = middle
        else:
            low = place
    return low
