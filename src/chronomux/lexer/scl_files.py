"""SCL from files: bytes in UTF-8, read whole or a piece at a time."""

from __future__ import annotations

import codecs
import os

from chronomux._core.lexer.scl import Failure
from chronomux.errors import SCLSyntaxError
from chronomux.lexer.scl_errors import Places, syntax_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from typing import Any, Protocol

    from chronomux._core.lexer.scl import Parser

    class Readable(Protocol):
        def read(self, size: int, /) -> str | bytes: ...


__all__ = ["iterate", "read_text"]

PIECE = 1 << 16  # characters or bytes


def read_text(path: str | PathLike[str]) -> str:
    """A file's text, without a byte order mark. SCLSyntaxError if it is not UTF-8."""
    path = os.fspath(path)  # a number would be somebody's descriptor
    with open(path, "rb") as file:
        data = file.read()
    return Decoder(str(path)).decoded(data, final=True)


class Decoder:
    """UTF-8 to str, a piece at a time, that knows where it is."""

    def __init__(self, name: str | None) -> None:
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._bytes = 0
        self._line = 1
        self._column = 1

    def decoded(self, data: bytes, final: bool) -> str:
        pending = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise self._fault(error, self._bytes - pending + error.start) from None
        if self._bytes == pending:  # nothing was decoded before
            text = text.removeprefix("\ufeff")
        self._bytes += len(data)
        self._count(text)
        return text

    def _count(self, text: str) -> None:
        newlines = text.count("\n")
        self._line += newlines
        self._column += len(text)
        if newlines:
            self._column = len(text) - text.rindex("\n")

    def _fault(self, error: UnicodeDecodeError, offset: int) -> SCLSyntaxError:
        before = error.object[: error.start].decode()
        self._count(before.removeprefix("\ufeff") if offset == error.start else before)
        place = f"line {self._line}, column {self._column}"
        if self._name is not None:
            place = f"{self._name}:{self._line}:{self._column}"
        byte = error.object[error.start : error.start + 1]
        message = f"{place}: byte {byte!r} at offset {offset} is not UTF-8"
        found = byte.decode(errors="backslashreplace")
        return SCLSyntaxError(message, self._line, self._column, offset, found)


def iterate(parser: Parser, stream: Readable) -> Iterator[dict[str, Any]]:
    """The statements of a stream; keeps what is not yet known to be whole."""
    name = getattr(stream, "name", None)
    name = name if isinstance(name, str) else None
    decoder = Decoder(name)
    text, line, column, offset, size = "", 1, 1, 0, PIECE
    while True:
        data = stream.read(size)
        more = decoder.decoded(data, not data) if isinstance(data, bytes) else data
        text += more
        whole, fails = parser.boundary(text)
        if not data or fails:
            whole = len(text)
        found = parser.results(text, 0, whole)
        if isinstance(found, Failure):
            yield from found.complete
            raise syntax_error(Places(text, line, column, offset, name), found)
        yield from found
        if not data:
            return
        places = Places(text, line, column, offset)
        line, column = places.of(whole)
        offset += whole
        text = text[whole:]
        # A statement longer than a piece is looked at again, with twice as much.
        size = max(PIECE, len(text))
