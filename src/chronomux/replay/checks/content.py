"""What a record says, as something short that equal records share."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate
from typing import Any

from chronomux._core.pcap.packet import Packet
from chronomux.types import Frame

__all__ = ["FrameContents", "ItemContents"]

DIGEST_BYTES = 16


class ItemContents:
    """Those of items: the same for values that are equal, where True is not 1."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def __call__(self, record: int) -> bytes:
        return _digest(_canonical(self._items[record]).encode(errors="surrogatepass"))


class FrameContents:
    """Those of the records of frames: their bytes, but for the end of a line."""

    def __init__(self, frames: Sequence[Frame]) -> None:
        self._frames = frames
        counts = [len(frame.keys) for frame in frames]
        self._starts = list(accumulate(counts, initial=0))

    def __call__(self, record: int) -> bytes:
        number = bisect_right(self._starts, record) - 1
        frame, record = self._frames[number], record - self._starts[number]
        begin, end = frame.offsets[record], frame.offsets[record + 1]
        return _digest(bytes(frame.rows[begin:end]).rstrip(b"\r\n"))


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=DIGEST_BYTES).digest()


def _canonical(value: Any) -> str:
    if isinstance(value, Packet):  # its layers are in its data
        shown = (value.data, value.length, value.interface, value.linktype)
        return f"{value.timestamp!r} {shown!r}"
    if isinstance(value, Mapping):
        pairs = (f"{name!r}: {_canonical(one)}" for name, one in value.items())
        return f"{{{', '.join(sorted(pairs))}}}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_canonical, value))}]"
    if isinstance(value, float) and value.is_integer():
        return repr(int(value))
    return repr(value)
