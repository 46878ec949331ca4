"""What kind of capture a file is, by its first bytes, compressed or not."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TypeAlias

from chronomux.errors import ReaderError
from chronomux.readers.decompress import (
    MAGIC_BYTES,
    MAGIC_FIRST_BYTES,
    Decompressed,
    compression_of,
)
from chronomux.replay.input_file import InputFile

__all__ = ["PCAPNG_MAGIC", "PCAP_MAGIC", "Content", "are_packets", "unpacked"]

PCAPNG_MAGIC = b"\n\r\r\n"
PCAP_MAGIC = frozenset(
    struct.pack(order + "I", number)
    for number in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34)
    for order in "<>"
)
_MAGIC = PCAP_MAGIC | {PCAPNG_MAGIC}
_FIRST_BYTES = MAGIC_FIRST_BYTES | {magic[:1] for magic in _MAGIC}


class Unpacked:
    """What a compressed file holds, with the beginning looked at before it is read."""

    def __init__(self, file: InputFile, kind: str) -> None:
        self.name = file.name
        self.block_bytes = file.block_bytes
        self._stream = Decompressed(file, kind, file.name)
        self._returned = b""

    def read(self, size: int = -1, /) -> bytes:
        if size == 0:
            return b""  # asked to learn whether bytes or text come
        if not self._returned:
            return self._stream.read(self.block_bytes if size < 0 else size)
        count = len(self._returned) if size < 0 else size
        block, self._returned = self._returned[:count], self._returned[count:]
        return block

    def readinto(self, room: memoryview) -> int:
        block = self.read(len(room))
        room[: len(block)] = block
        return len(block)

    def peek(self, size: int) -> bytes:
        """The first bytes, fewer than `size` only if there are no more."""
        while len(self._returned) < size:
            block = self._stream.read(self.block_bytes)
            if not block:
                break
            self._returned += block
        return self._returned[:size]


Content: TypeAlias = InputFile | Unpacked


def unpacked(file: InputFile) -> Content:
    """The file itself, or what it holds if it is compressed."""
    kind = compression_of(_head(file))
    return file if kind is None else Unpacked(file, kind)


def are_packets(contents: Sequence[Content]) -> bool:
    """Whether files are packet captures. Raises ReaderError if only some of them are.

    An empty file is whatever the others are.
    """
    kinds = [_has_packets(content) for content in contents]
    if True in kinds and False in kinds:
        other = contents[kinds.index(False)].name
        raise ReaderError(
            f"{other}: is no packet capture, but {contents[kinds.index(True)].name} is "
            "one; merge packet captures and CSV files each by themselves"
        )
    return True in kinds


def _has_packets(content: Content) -> bool | None:
    """Whether it is a packet capture; None where there are no bytes to tell."""
    head = _head(content)
    return head[:4] in _MAGIC if head else None


def _head(content: Content) -> bytes:
    """As many bytes as it takes: a live pipe may not give more for a long time."""
    head = content.peek(1)
    return content.peek(MAGIC_BYTES) if head in _FIRST_BYTES else head
