"""Merges of sorted inputs: `merge_order` for arrays of keys, `merge` for any items."""

from __future__ import annotations

import array
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from chronomux._core import merge as _merge
from chronomux._core.merge_items import BlockMerge
from chronomux._core.merge_iter import LazyMerge

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["merge", "merge_order"]

T = TypeVar("T")


def merge(
    *iterables: Iterable[T],
    key: Callable[[T], Any] | None = None,
    reverse: bool = False,
) -> Iterator[T]:
    """Merge sorted iterables into one sorted iterator; a drop-in for heapq.merge.

    key: gives the sort key of an item; None: the item itself. `operator.itemgetter`
        with one name is the fastest on dicts.
    reverse: the iterables descend, and so does the result.

    Equal keys stay in the order of the iterables. General iterators are read lazily:
    one item each, the next one only when its predecessor was given out and another is
    wanted. If all iterables are lists, tuples or arrays, they are read in blocks: they
    must not change meanwhile, and `key` must depend on its item alone. Keys that are
    ints and floats compare exactly, NaN below all numbers; other keys compare by `<`.
    Items of iterables that are not sorted come out somewhere, each once.

    Raises what the iterables, `key` and `<` raise. O(log k) an item for k iterables.

    >>> list(merge([1, 4], [2, 4]))
    [1, 2, 4, 4]
    """
    if all(map(_is_sequence, iterables)) and not (
        key is None and _has_times(iterables)
    ):
        return BlockMerge(iterables, key, reverse)
    return LazyMerge(iterables, key, reverse)


def _is_sequence(iterable: object) -> bool:
    """Whether items can be taken by position, at no cost and with no effect."""
    if type(iterable) in (list, tuple, array.array):
        return True
    # Whoever has an array has imported numpy.
    ndarray = getattr(sys.modules.get("numpy"), "ndarray", None)
    return type(iterable) is ndarray and getattr(iterable, "ndim", 0) == 1


def _has_times(sequences: tuple[Any, ...]) -> bool:
    """Whether times stand beside others: as keys in blocks they lose their unit."""
    dtypes = {getattr(sequence, "dtype", None) for sequence in sequences}
    return len(dtypes) > 1 and any(
        getattr(dtype, "kind", "?") in "mM" for dtype in dtypes
    )


def merge_order(
    *keys: Any, reverse: bool = False, check: bool = True
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Say in which order the items of sorted key arrays merge.

    keys: one-dimensional arrays (numpy, `array.array`, any buffer) of integers or
        floats of up to 64 bits, or all of datetime64, or all of timedelta64; each
        sorted. Integers and floats compare exactly: 2**53 + 1 is above 2.0**53.
    reverse: the keys descend, and so does the result.
    check: raise DisorderError if an array is not sorted; without, its items come out
        somewhere, each once.

    Returns two arrays as long as all keys together: `keys[source[i]][index[i]]` is the
    i-th least key. Equal keys stay in the order of their arrays, then positions. NaN
    and NaT are missing: below all others. O(n log k) for k arrays, without the GIL.

    Raises DisorderError (input, position), TypeError for keys that are not numbers.

    >>> import numpy as np
    >>> source, index = merge_order(np.array([1, 4]), np.array([2, 4]))
    >>> source.tolist(), index.tolist()
    ([0, 1, 0, 1], [0, 0, 1, 1])
    """
    import numpy as np

    columns = _columns(keys)
    total = sum(len(column) if column.ndim else 0 for column in columns)
    source = np.empty(total, np.int32)
    index = np.empty(total, np.int64)
    _merge.merge_order(columns, source, index, reverse, check)
    return source, index


def _columns(keys: tuple[Any, ...]) -> tuple[memoryview, ...]:
    """Buffers the core reads: numpy's times and foreign byte orders are converted."""
    import numpy as np

    arrays = [key for key in keys if isinstance(key, np.ndarray)]
    if any(isinstance(array, np.ma.MaskedArray) for array in arrays):
        raise TypeError("masked arrays have no order; use compressed() or filled()")
    if any(array.dtype.kind in "mM" for array in arrays):
        return _times(keys)
    return tuple(_buffer(number, key) for number, key in enumerate(keys))


def _buffer(number: int, key: Any) -> memoryview:
    import numpy as np

    try:
        return memoryview(_native(key) if isinstance(key, np.ndarray) else key)
    except (TypeError, ValueError):
        raise TypeError(
            f"input {number} is a {type(key).__name__}, not an array of numbers; "
            "use numpy.asarray(), or merge() for lists and iterators"
        ) from None


def _native(key: Any) -> Any:
    """Half floats widened, foreign byte order swapped; both exact."""
    if key.dtype.char == "e":
        return key.astype("f4")
    return key if key.dtype.isnative else key.astype(key.dtype.newbyteorder("="))


def _times(keys: tuple[Any, ...]) -> tuple[memoryview, ...]:
    """Times of one kind as int64 in their finest unit. NaT is the least int64."""
    import numpy as np

    kinds = {getattr(getattr(key, "dtype", None), "kind", "?") for key in keys}
    if len(kinds) > 1:
        raise TypeError(
            "datetime64 and timedelta64 keys compare only with their own kind; "
            f"convert the others: {[getattr(key, 'dtype', type(key)) for key in keys]}"
        )
    finest = np.result_type(*(key.dtype for key in keys)).newbyteorder("=")
    columns = []
    for number, key in enumerate(keys):
        column = _exactly(key, finest)
        if column is None:
            raise OverflowError(f"times of input {number} do not fit {finest}")
        columns.append(memoryview(column.view(np.int64)))
    return tuple(columns)


def _exactly(times: Any, finest: np.dtype[Any]) -> Any:
    """The times in another unit, or None if one does not fit."""
    import numpy as np

    if times.dtype == finest:
        return times
    try:
        converted = times.astype(finest)
        back = converted.astype(times.dtype)
    except OverflowError:  # old numpy wraps instead
        return None
    return converted if np.array_equal(back, times, equal_nan=True) else None
