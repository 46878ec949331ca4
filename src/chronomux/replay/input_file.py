"""A capture's bytes in order: watched for damage, and open only when there is room."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from chronomux.errors import ReaderError

__all__ = ["InputFile", "refuse_twice", "too_many"]

SPARE_FILES = 64  # descriptors left to everything else
LEAST_BLOCK = 1 << 14  # bytes


class InputFile:
    """The bytes of a path, or of stdin for '-'; unbuffered, to be read once.

    With `parked` a regular file is open only while a block is read: so more files can
    be merged than a process may have open.

    Raises OSError with the file's name for what cannot be opened or read; ReaderError
    when the file became shorter meanwhile, or is another one.
    """

    def __init__(
        self, name: str, parked: bool = False, block_bytes: int = 1 << 17
    ) -> None:
        self.name = name
        self.position = 0  # bytes read so far
        self._file: IO[bytes] | None = _opened(name)
        self._first = os.fstat(self._file.fileno()) if name != "-" else None
        # How much a reader should ask for at once: a short file needs little room.
        self.block_bytes = block_bytes
        if self._first is not None and self._is_regular:
            whole = max(1 << self._first.st_size.bit_length(), LEAST_BLOCK)
            self.block_bytes = min(block_bytes, whole)
        self._is_parked = parked and self._is_regular
        if self._is_parked:
            self.close()

    def read(self, size: int = -1, /) -> bytes:
        if size == 0:
            return b""  # asked to learn whether bytes or text come
        with self._at_hand() as file:
            # read() of a buffered stream waits for all it was asked for.
            read: Any = getattr(file, "read1", file.read)
            block: bytes = read(size)
        self._note(len(block))
        return block

    def readinto(self, room: memoryview) -> int:
        """As `read`, into memory; how many bytes, 0 at the end."""
        with self._at_hand() as file:
            readinto: Any = getattr(file, "readinto1", None) or file.readinto
            size: int = readinto(room)
        self._note(size)
        return size

    def close(self) -> None:
        if self._file is not None and self.name != "-":
            self._file.close()
            self._file = None

    @property
    def _is_regular(self) -> bool:
        return self._first is not None and stat.S_ISREG(self._first.st_mode)

    @contextmanager
    def _at_hand(self) -> Iterator[Any]:
        """The file, standing where its next block begins."""
        try:
            if self._is_parked:
                with self._reopened() as file:
                    yield file
            else:
                assert self._file is not None, "read() of a closed file"
                yield self._file
        except OSError as error:
            raise OSError(error.errno, error.strerror, self.name) from error

    def _reopened(self) -> IO[bytes]:
        file = _opened(self.name)
        assert self._first is not None
        if not os.path.samestat(os.fstat(file.fileno()), self._first):
            file.close()
            raise ReaderError(f"{self.name}: was replaced while it was read")
        file.seek(self.position)
        return file

    def _note(self, size: int) -> None:
        self.position += size
        if not size:
            self._refuse_shorter()

    def _refuse_shorter(self) -> None:
        if self._first is not None and self._is_regular:
            size = self._first.st_size
            if self.position < size:
                raise ReaderError(
                    f"{self.name}@{self.position}: the file ends here, but had {size} "
                    "bytes when it was opened; it was cut off while it was read"
                )


def too_many(count: int) -> bool:
    """Whether so many files cannot be open at once."""
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return limit != resource.RLIM_INFINITY and count > limit - SPARE_FILES


def refuse_twice(names: Sequence[str]) -> None:
    """Raise ReaderError if two of the names are one file: its records would double."""
    if names.count("-") > 1:
        raise ReaderError("-: stdin can be merged once only")
    seen: dict[tuple[int, int], str] = {}
    for name in names:
        place = _place(name)
        if place is None:
            continue
        if place in seen:
            raise ReaderError(
                f"{name}: is the same file as {seen[place]}; give it once"
            )
        seen[place] = name


def _place(name: str) -> tuple[int, int] | None:
    """What tells a file from all others; None if that does not matter."""
    try:
        found = os.stat(name)
    except OSError:
        return None  # opening it will say what is wrong
    if stat.S_ISCHR(found.st_mode):  # /dev/null is nobody's twin
        return None
    return found.st_dev, found.st_ino


def _opened(name: str) -> IO[bytes]:
    if name != "-":
        return open(name, "rb", buffering=0)
    if sys.stdin is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "stdin")
    return sys.stdin.buffer
