"""Where results go: a file that appears whole or not at all, or a stream."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from chronomux.errors import ChronomuxError
from chronomux.writers.compress import compressed

__all__ = ["Output", "OutputIsInputError", "Target"]

Target = str | os.PathLike[str] | IO[bytes]
BUFFER = 1 << 18  # bytes; a write(2) of this size costs next to nothing a byte


class OutputIsInputError(ChronomuxError, ValueError):
    """The output would overwrite what is still to be read."""


class Output:
    """The bytes of one result, for `with`: on an exception nothing is left behind.

    A path is written aside, in the same folder, and renamed when all went well, so no
    half file ever stands under that name; its suffix says whether it is compressed. '-'
    is stdout. What is no regular file (a device, a named pipe) and an open binary file
    are written in place.

    An OSError of `write` or of leaving the block carries the output's name.
    """

    def __init__(self, target: Target) -> None:
        self._file: IO[bytes] | None = None
        self._path: Path | None = None
        self._aside: Path | None = None
        self._packed: IO[bytes] | None = None  # compresses into the file
        self._owned = False
        if not isinstance(target, str | os.PathLike):
            if not callable(getattr(target, "write", None)):
                raise TypeError(
                    f"{target!r} is not writable: give a path, '-', or an open file"
                )
            self.name, self._file = str(getattr(target, "name", target)), target
        elif os.fspath(target) == "-":
            self.name, self._file = "stdout", _stdout()
        else:
            # A link stays a link: what it points to is replaced.
            self.name, self._path = os.fspath(target), Path(os.path.realpath(target))

    def refuse(self, inputs: Iterable[str]) -> None:
        """Raise OutputIsInputError if one of the paths is this output."""
        place = self._place()
        if place is None or not stat.S_ISREG(place.st_mode):
            return  # /dev/null and pipes may well be both
        for name in inputs:
            with suppress(OSError):
                if os.path.samestat(os.stat(name), place):
                    raise OutputIsInputError(
                        f"{self.name}: is also an input; give another name to -o"
                    )

    def write(self, data: bytes | memoryview) -> None:
        assert self._file is not None, "Output.write() outside its `with` block"
        try:
            (self._packed or self._file).write(data)
        except OSError as error:
            raise self._named(error) from error

    def __enter__(self) -> Output:
        if self._path is not None:
            try:
                self._file = self._open(self._path)
            except OSError as error:
                raise self._named(error) from error
            self._owned = True
            try:
                self._packed = compressed(self._file, self.name)
            except BaseException:
                self.discard()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except OSError as failure:
            raise self._named(failure) from failure
        finally:
            self.discard()

    def _open(self, path: Path) -> IO[bytes]:
        place = self._place()
        if place and stat.S_ISDIR(place.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if place and not stat.S_ISREG(place.st_mode):
            return path.open("wb", buffering=BUFFER)
        aside = path.with_name(f".chronomux-{secrets.token_hex(8)}.part")
        file = aside.open("xb", buffering=BUFFER)
        self._aside = aside
        if place:
            os.fchmod(file.fileno(), stat.S_IMODE(place.st_mode))
        return file

    def _place(self) -> os.stat_result | None:
        try:
            if self._path is not None:
                return os.stat(self._path)
            assert self._file is not None
            return os.fstat(self._file.fileno())
        except (OSError, ValueError):  # not there yet, or a file in memory
            return None

    def _finish(self) -> None:
        assert self._file is not None
        if self._packed is not None:
            self._packed.close()
            self._packed = None
        self._file.flush()
        if self._owned:
            self._file.close()
        if self._aside is not None and self._path is not None:
            os.replace(self._aside, self._path)
            self._aside = None

    def discard(self) -> None:
        """Leave nothing behind; when all went well nothing is left to do."""
        if self._packed is not None:
            with suppress(Exception):  # it may want to write, and the disk be full
                self._packed.close()
        if self._owned and self._file is not None:
            with suppress(OSError):  # what is still buffered is not wanted
                self._file.close()
        if self._aside is not None:
            with suppress(OSError):
                self._aside.unlink()

    def _named(self, error: OSError) -> OSError:
        return OSError(error.errno, error.strerror or str(error), self.name)


def _stdout() -> IO[bytes]:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), "stdout")
    sys.stdout.flush()
    return sys.stdout.buffer
