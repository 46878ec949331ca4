"""A file to be read, any number of times: its format, and readers that begin anew."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chronomux.errors import ChronomuxError, ReaderError
from chronomux.readers.decompress import MAGIC_BYTES, compression_of
from chronomux.readers.sources import FileLike, name_of, open_source
from chronomux.replay.formats import Format, format_named, format_of
from chronomux.replay.input_file import InputFile

__all__ = ["Input", "Reading"]

HEAD_BYTES = 1 << 16
NAMES_OF_TIMES = ("timestamp", "time")


@dataclass(frozen=True)
class Reading:
    """How files are to be read; None where a file may say so itself.

    `options` go to the readers as they are.
    """

    format: str | None = None
    timestamp: Any = None
    timestamp_format: Any = None
    tz: Any = None
    on_error: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def of_times(self, format: Format) -> dict[str, Any]:
        """The options that say where times stand and how they are written."""
        names = ("timestamp", "timestamp_format", "tz", "on_error")
        given = {name: getattr(self, name) for name in names}
        return {
            name: value
            for name, value in given.items()
            if value is not None and name in format.takes
        }


class Input:
    """One file. `format` is known from its first bytes, which are read at once.

    What is no regular file can be read once. `parked` and `block_bytes` are those of
    InputFile.
    """

    def __init__(
        self,
        file: FileLike,
        reading: Reading,
        parked: bool = False,
        block_bytes: int = 1 << 17,
    ) -> None:
        self.name = name_of(file)
        self.path: str | None = None
        self.position = 0  # bytes read so far, in all passes but this one
        self._reading = reading
        self._room = parked, block_bytes
        self._file: Any = None  # being read
        self._stream: Any = file
        if isinstance(file, (str, os.PathLike)) and file != "-":
            self._take_path(os.fspath(file))
        raw = self._first_bytes()
        self.compression = compression_of(raw[:MAGIC_BYTES])
        self._head = _decompressed(raw)
        wanted = reading.format
        self.format = (
            format_of(self.name, self._head) if wanted is None else format_named(wanted)
        )
        self.times = reading.of_times(self.format)
        if "timestamp" in self.format.takes and "timestamp" not in self.times:
            found = self._time_column()
            if found is not None:
                self.times["timestamp"] = found

    @property
    def has_times(self) -> bool:
        """Whether it is known where the times stand."""
        return self.format.finds_times or "timestamp" in self.times

    @property
    def size(self) -> int | None:
        """Bytes of the file as it is now; None of what is no regular file."""
        return None if self.path is None else os.stat(self.path).st_size

    @property
    def options(self) -> Mapping[str, Any]:
        """What the reader is given besides the times."""
        return self._reading.options

    @contextmanager
    def opened(self, **instead: Any) -> Iterator[Any]:
        """A reader at the file's beginning, with other options `instead`."""
        file = self._file = self._begun()
        try:
            reader = self.format.make(file, **{**self.options, **self.times, **instead})
            try:
                yield reader
            finally:
                reader.close()
        finally:
            self.position += getattr(file, "position", 0)
            self._file = None
            if self.path is not None:
                file.close()

    def items(self) -> Iterator[Any]:
        """The reader's items."""
        with self.opened() as reader:
            yield from reader

    @property
    def done(self) -> int:
        """Bytes read so far, in all passes."""
        return self.position + getattr(self._file, "position", 0)

    def refuse_without_times(self) -> None:
        if not self.has_times:
            raise ReaderError(
                f"{self.name}: nothing in it is called 'timestamp' or 'time'; say "
                "which has the time: timestamp=... (--timestamp)"
            )

    def _take_path(self, path: str) -> None:
        if not isinstance(path, str):
            raise TypeError(f"{path!r}: give the path as text")
        if stat.S_ISREG(os.stat(path).st_mode):
            self.path = path
        else:
            self._stream = InputFile(path)  # a directory is refused here

    def _first_bytes(self) -> bytes:
        if self.path is not None:
            file = InputFile(self.path)
            try:
                return file.read(HEAD_BYTES)
            finally:
                file.close()
        begun = self._stream = _Begun(self._stream, self.name)
        return begun.head()

    def _begun(self) -> Any:
        if self.path is not None:
            return InputFile(self.path, *self._room)
        stream, self._stream = self._stream, None
        if stream is None:
            raise ReaderError(
                f"{self.name}: can be read once only, and was; give the path of a file"
            )
        return stream

    def _time_column(self) -> str | None:
        try:
            names = _names_in(self.format, self._head, self.options)
        except (ChronomuxError, ValueError, TypeError):
            return None  # who reads it all will say what is wrong, and where
        return next((name for name in NAMES_OF_TIMES if name in names), None)


class _Begun:
    """A stream whose first block was looked at; it is read as if it were not."""

    def __init__(self, file: Any, name: str) -> None:
        self.name = name
        self.position = 0
        if file == "-":
            file = InputFile("-")
        elif not callable(getattr(file, "read", None)):
            raise TypeError(
                f"{file!r} is not readable: give a path, '-', or an object with read()"
            )
        self._read = getattr(file, "read1", file.read)
        self._first = self._read(HEAD_BYTES)

    def head(self) -> bytes:
        first = self._first
        return (
            first.encode(errors="replace") if isinstance(first, str) else bytes(first)
        )

    def read(self, size: int = -1, /) -> Any:
        first = self._first
        if size == 0 or not first:
            block = first[:0] if size == 0 else self._read(size)
        else:
            size = len(first) if size < 0 else size
            block, self._first = first[:size], first[size:]
        self.position += len(block)
        return block


def _decompressed(raw: bytes) -> bytes:
    """As much as the first bytes of a file hold; its reader will say what is wrong."""
    try:
        return open_source(io.BytesIO(raw), "utf-8", "strict").read()
    except ReaderError:
        return b""


def _names_in(format: Format, head: bytes, options: Mapping[str, Any]) -> Any:
    """The columns of a table, or the keys of the first object."""
    if format.name == "jsonl":
        return json.loads(head.decode().lstrip("\ufeff").lstrip().partition("\n")[0])
    return format.make(io.BytesIO(head), **options).fieldnames or ()
