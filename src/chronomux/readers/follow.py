"""A file that others append to: its whole lines, as they come."""

from __future__ import annotations

import logging
import os
from threading import Event

from chronomux.errors import ReaderError
from chronomux.readers.decompress import compression_of

__all__ = ["FollowedFile"]

logger = logging.getLogger("chronomux")

_POLL = 0.01  # s between two looks at a file that has nothing new


class FollowedFile:
    """Reads on at the end of a file until `stopping` is set, then up to that end.

    Only whole lines are given. What stands behind the last line ending may still be in
    the writer's hands: it is left out, with a warning, if no ending ever comes.

    A file that was replaced (rotated) is read to its end, then the new one from its
    start; one that became shorter is read again from its start. Both are logged. If
    `skip_repeated` was told how the file begins, the next ones must begin so as well.

    A file that is cut and has grown again beyond the old end between two looks cannot
    be told from one that has only grown.
    """

    def __init__(self, path: str | os.PathLike[str], stopping: Event) -> None:
        self.position = 0
        self._path = path
        self._name = os.fspath(path)
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - close() does
        self._stopping = stopping
        self._stop_at: int | None = None
        self._unfinished: list[bytes] = []  # pieces: one long line may be many blocks
        self._start = b""
        self._awaits_start = False

    def skip_repeated(self, start: bytes) -> None:
        """Leave out these bytes, a header, where a later file begins with them."""
        self._start = start

    def read(self, size: int, /) -> bytes:
        """Whole lines, about `size` bytes of them; b'' after the end."""
        while True:
            block = self._read_new(size)
            if lines := self._whole_lines(block):
                return lines
            if block:
                continue
            if self._is_replaced():
                if last := self._last_lines(size):
                    return last
                self._reopen()
            elif self._is_cut():
                self._rewind()
            elif self._stop_at is not None:
                return b""
            else:
                self._stopping.wait(_POLL)

    def close(self) -> None:
        self._file.close()
        if rest := sum(map(len, self._unfinished)):
            self._unfinished.clear()
            logger.warning(
                "%s: the last %d bytes are no whole line and were left out",
                self._name,
                rest,
            )

    def _read_new(self, size: int) -> bytes:
        if self._stopping.is_set():
            if self._stop_at is None:
                self._stop_at = os.fstat(self._file.fileno()).st_size
            size = max(0, min(size, self._stop_at - self.position))
        block = self._file.read(size) or b""
        if not self.position and not self._unfinished and compression_of(block):
            raise ReaderError(
                f"{self._name}: holds compressed data, which cannot be followed; "
                "read it without follow=True"
            )
        self.position += len(block)
        return block

    def _whole_lines(self, block: bytes) -> bytes:
        end = block.rfind(b"\n") + 1 or block.rfind(b"\r") + 1
        if not end:
            if block:
                self._unfinished.append(block)
            return b""
        lines = b"".join([*self._unfinished, block[:end]])
        self._unfinished = [block[end:]] if end < len(block) else []
        return self._without_start(lines)

    def _without_start(self, lines: bytes) -> bytes:
        if not self._awaits_start:
            return lines
        if len(lines) < len(self._start) and self._start.startswith(lines):
            self._unfinished.insert(0, lines)  # a header of several lines, half written
            return b""
        if not lines.startswith(self._start):
            raise ReaderError(
                f"{self._name}: the file that took its place has another header; "
                "read it with another reader"
            )
        self._awaits_start = False
        return lines[len(self._start) :]

    def _last_lines(self, size: int) -> bytes:
        """What was written between the last look and the replacement."""
        block = self._read_new(size)
        if not block and self._unfinished:
            block = b"\n"  # nobody will write on behind it
        return self._whole_lines(block)

    def _is_replaced(self) -> bool:
        try:
            there = os.stat(self._path)
        except FileNotFoundError:  # between a rename and the new file
            return False
        return not os.path.samestat(there, os.fstat(self._file.fileno()))

    def _is_cut(self) -> bool:
        return os.fstat(self._file.fileno()).st_size < self.position

    def _reopen(self) -> None:
        logger.warning("%s: was replaced; going on with the new file", self._name)
        successor = open(self._path, "rb", buffering=0)  # noqa: SIM115 - close() does
        self._file.close()
        self._file = successor
        self._begin()

    def _rewind(self) -> None:
        logger.warning(
            "%s: was cut from %d bytes to fewer; going on from its start, without "
            "the %d bytes of a line that was not whole",
            self._name,
            self.position,
            sum(map(len, self._unfinished)),
        )
        self._file.seek(0)
        self._begin()

    def _begin(self) -> None:
        self.position = 0
        self._stop_at = None
        self._unfinished.clear()
        self._awaits_start = bool(self._start)
