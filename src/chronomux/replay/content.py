"""What kind of capture a file is, by its first bytes, compressed or not."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Literal, TypeAlias

from chronomux.readers.decompress import (
    MAGIC_BYTES,
    MAGIC_FIRST_BYTES,
    Decompressed,
    compression_of,
)
from chronomux.replay.input_file import InputFile
from chronomux.writers.compress import uncompressed_suffix

__all__ = ["PCAPNG_MAGIC", "PCAP_MAGIC", "Content", "kind_of", "unpacked"]

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
Kind: TypeAlias = Literal["csv", "packets", "items"]


def unpacked(file: InputFile) -> Content:
    """The file itself, or what it holds if it is compressed."""
    kind = compression_of(_head(file))
    return file if kind is None else Unpacked(file, kind)


def kind_of(contents: Sequence[Content], output: str) -> Kind:
    """How files are merged to an output of that name: as CSV, as packets, or as items.

    CSV is what is not known to be something else. An empty file is whatever the others
    are.
    """
    heads = [(content.name, _head(content)) for content in contents]
    kinds = {_kind(name, head) for name, head in heads if head}
    if len(kinds) > 1:
        return "items"
    kind = kinds.pop() if kinds else "csv"
    is_jsonl = uncompressed_suffix(output) == ".jsonl"
    return "items" if kind == "packets" and is_jsonl else kind


def _kind(name: str, head: bytes) -> Kind:
    if head[:4] in _MAGIC:
        return "packets"
    from chronomux.replay.formats import UnknownFormatError, format_of

    try:
        format = format_of(name, head)
    except UnknownFormatError:
        return "csv"
    return "csv" if format.name in ("csv", "tsv") else "items"


def _head(content: Content) -> bytes:
    """As many bytes as it takes: a live pipe may not give more for a long time."""
    head = content.peek(1)
    return content.peek(MAGIC_BYTES) if head in _FIRST_BYTES else head
