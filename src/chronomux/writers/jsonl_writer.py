"""JSON lines: an object a line."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chronomux.errors import WriterError
from chronomux.writers.target import BinaryFile, open_target

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["JSONLWriter", "json_encoder"]

_BUFFER_BYTES = 1 << 18


def json_encoder(default: Callable[[Any], Any] | None) -> Callable[[Any], str]:
    """The JSON of an object on one line: strict, and without needless blanks."""
    return json.JSONEncoder(
        ensure_ascii=False,
        allow_nan=False,
        separators=(",", ":"),
        default=default,
    ).encode


class JSONLWriter:
    """Writes mappings as JSON, one a line, in UTF-8; `close` or `with` ends it.

    `filename` is a path, which is overwritten, or a file object of bytes, which stays
    open. `default` is called with what JSON has no notation for (bytes, a Decimal) and
    gives what to write in its place, as in `json.dumps`.

    WriterError names the file and the item, from 0, that JSON cannot hold: it is not
    written, and writing may go on. NaN and infinities are such, and text that is no
    UTF-8. A regular file never ends in half a line: what a full disk has cut is taken
    away, and OSError raised, with the file's name.
    """

    def __init__(
        self,
        filename: BinaryFile,
        *,
        default: Callable[[Any], Any] | None = None,
    ) -> None:
        if default is not None and not callable(default):
            raise TypeError(f"default={default!r}: give a function, as json.dumps has")
        self._encode = json_encoder(default)
        self.filename = filename
        self.items = 0
        self._lines: list[bytes] = []
        self._bytes = 0
        self._target = open_target(filename, 0)
        self._is_open = True

    def write(self, item: Mapping[str, Any]) -> None:
        """Append an item."""
        if not self._is_open:
            raise ValueError(f"{self._target.name}: this writer is closed")
        try:
            line = self._encode(_as_dict(item)).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as error:
            raise WriterError(
                f"{self._target.name}: item {self.items} is not for JSON: {error}"
            ) from error
        self._lines.append(line)
        self.items += 1
        self._bytes += len(line)
        if self._bytes >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is held back; whole lines, or nothing of them."""
        data, self._lines, self._bytes = b"".join(self._lines), [], 0
        if data:
            self._write_whole(data)

    def close(self) -> None:
        """Write what is left, and close what was opened; twice does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        try:
            self.flush()
        finally:
            if self._target.is_own:
                self._target.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<JSONLWriter {self._target.name!r}>"

    def _write_whole(self, data: bytes) -> None:
        file, rest = self._target.file, memoryview(data)
        try:
            while rest:
                # A raw file says how much it took; others take all, or say None.
                taken = file.write(rest)
                rest = rest[len(rest) if taken is None else taken :]
        except BaseException as error:
            half = len(data) - len(rest)
            self._take_back(half - (data.rfind(b"\n", 0, half) + 1))
            if isinstance(error, OSError):
                error.filename = error.filename or self._target.name
            raise

    def _take_back(self, size: int) -> None:
        """The last bytes of a file that nobody else writes to."""
        if size and self._target.is_own:
            with suppress(OSError):
                number = self._target.file.fileno()
                if stat.S_ISREG(os.fstat(number).st_mode):
                    os.ftruncate(number, os.lseek(number, -size, os.SEEK_CUR))


def _as_dict(item: Mapping[str, Any]) -> dict[str, Any]:
    if type(item) is dict:
        return item
    if not isinstance(item, Mapping):
        raise TypeError(f"{type(item).__name__} is no mapping")
    return dict(item)
