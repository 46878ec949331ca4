"""The blocks of a source as UTF-8 that is known to be valid."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any, Protocol

from chronomux.errors import ReaderError
from chronomux.readers.sources import Source
from chronomux.readers.text import is_utf8, line_breaks, undecodable

__all__ = ["Blocks"]

_BOM = codecs.BOM_UTF8


class Place(Protocol):
    """How far a reader has come."""

    @property
    def line_num(self) -> int: ...
    def rest(self) -> bytes: ...


class Blocks:
    """Reads a source as UTF-8 without a byte order mark; `errors` may add surrogates.

    Calling it gives the next block, b"" at the end. Undecodable bytes raise ReaderError
    with file:line:column, but only after all text before them has been given: `place()`
    is who was given it.

    closes: whether the source is closed at its end, or when nobody reads on.
    """

    place: Callable[[], Place | None]

    def __init__(self, source: Source, read: Any = None, closes: bool = False) -> None:
        self._source = source
        self._read: Callable[[], bytes] = read or source.read
        self._closes = closes
        self._encoding = "utf-8" if is_utf8(source.encoding) else source.encoding
        self._pending = b""  # the bytes of a character that is not complete
        self._is_at_start = self._encoding == "utf-8"
        self._damage: UnicodeDecodeError | None = None

    def __call__(self) -> bytes:
        while self._damage is None:
            block = self._read()
            text = self._utf8(block)
            if text:
                return text
            if not block and self._damage is None:
                self.close()
                return text
        self.close()
        raise self._located(self._damage) from self._damage

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        if self._closes:
            self._source.close()

    def _utf8(self, block: bytes) -> bytes:
        if self._is_at_start:
            block = self._without_mark(block)
        if not self._pending and block.isascii():
            return block
        data, self._pending = self._pending + block, b""
        if self._encoding != "utf-8":
            return self._transcoded(data)
        try:
            # Decoding is the fastest way to check.
            valid = codecs.utf_8_decode(data, "strict", not block)[1]
        except UnicodeDecodeError:
            return self._repaired(data, not block)
        self._pending = data[valid:]
        return data[:valid]

    def _without_mark(self, block: bytes) -> bytes:
        self._is_at_start = False
        while len(block) < len(_BOM) and _BOM.startswith(block) and block:
            more = self._read()
            if not more:
                break
            block += more
        return block.removeprefix(_BOM)

    def _transcoded(self, data: bytes) -> bytes:
        """Of an encoding of one byte a character, which nothing can cut in two."""
        try:
            text = data.decode(self._encoding, self._source.errors)
        except UnicodeDecodeError as error:
            self._damage = error
            text = data[: error.start].decode(self._encoding)
        return text.encode("utf-8", "surrogatepass")

    def _repaired(self, data: bytes, is_last: bool) -> bytes:
        try:
            text, valid = codecs.utf_8_decode(data, self._source.errors, is_last)
        except UnicodeDecodeError as error:
            self._damage = error
            return data[: error.start]
        self._pending = data[valid:]
        return text.encode("utf-8", "surrogatepass")

    def _located(self, error: UnicodeDecodeError) -> ReaderError:
        place = self.place()
        assert place is not None, "who reads is there while it reads"
        begun = place.rest().decode("utf-8", "surrogatepass")
        line = place.line_num + line_breaks(begun) + 1
        column = len(begun) - max(begun.rfind("\n"), begun.rfind("\r"))
        return undecodable(self._source.name, line, column, error, self._encoding)
