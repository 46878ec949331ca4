"""A file that changes while it is followed, in step with its reader."""

from __future__ import annotations

import os
import random
from pathlib import Path

__all__ = ["ChangingFile"]


class ChangingFile:
    """A file that grows, is cut or is replaced whenever who follows it waits.

    It stands in for the Event that ends the following, and is set after some changes.
    `given` is what the follower should have given by then: whole lines, and the header
    of the first file only.
    """

    header = b"t,v\n"

    def __init__(self, path: Path, data: bytes, rng: random.Random) -> None:
        self.given = b""
        self._path = path
        self._rng = rng
        self._left = rng.randrange(1, 12)
        self._data = data[:3000]
        self._is_there = True
        self._begin(self.header + self._piece())

    def is_set(self) -> bool:
        return not self._left

    def wait(self, timeout: float) -> None:
        assert self._left, "the file has ended"
        self._left -= 1
        if not self._is_there:
            self._replace()
            return
        change = self._rng.choice([self._append] * 5 + [self._cut, self._replace])
        change()

    def _piece(self) -> bytes:
        begin = self._rng.randrange(len(self._data) + 1)
        return self._data[begin : begin + self._rng.randrange(80)]

    def _begin(self, content: bytes) -> None:
        self._path.write_bytes(content)
        self._unfinished = b""
        self._look(content, self.given != b"")

    def _look(self, block: bytes, skips_header: bool = False) -> None:
        end = block.rfind(b"\n") + 1 or block.rfind(b"\r") + 1
        begin = len(self.header) if skips_header else 0
        if end:
            self.given += self._unfinished + block[begin:end]
            self._unfinished = b""
        self._unfinished += block[end:]

    def _append(self) -> None:
        piece = self._piece()
        with self._path.open("ab") as file:
            file.write(piece)
        self._look(piece)

    def _cut(self) -> None:
        content = self._path.read_bytes()
        if len(content) > len(self.header):
            size = self._rng.randrange(len(self.header), len(content))
            os.truncate(self._path, size)
            self._unfinished = b""
            self._look(content[:size], True)

    def _replace(self) -> None:
        if self._is_there and self._rng.random() < 0.3:
            self._path.rename(self._path.with_suffix(".1"))
            self._is_there = False
            return
        self._is_there = True
        if self._unfinished:
            self.given += self._unfinished + b"\n"
        fresh = self._path.with_suffix(".new")
        path, self._path = self._path, fresh
        self._begin(self.header + self._piece())
        self._path = fresh.rename(path)
