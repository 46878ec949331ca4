"""Bytes to lines of text, cut at \\n, \\r and \\r\\n only; damage is located."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Callable, Iterator
from itertools import chain

from chronomux.errors import ReaderError

__all__ = [
    "TextDecoder",
    "is_ascii_superset",
    "is_utf8",
    "line_breaks",
    "split_lines",
    "text_lines",
    "transcoding_codec",
    "undecodable",
]

_BOMS = {
    "utf-16": {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"},
    "utf-32": {codecs.BOM_UTF32_LE: "utf-32-le", codecs.BOM_UTF32_BE: "utf-32-be"},
}
# Where str.splitlines() cuts and csv does not.
_OTHER_LINE_ENDS = "\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_UTF8 = ("utf-8", "utf-8-sig")


def is_ascii_superset(encoding: str) -> bool:
    """Whether commas, quotes and newlines are one byte that means nothing else.

    True for UTF-8 and for every encoding of one byte a character that keeps ASCII.
    """
    if is_utf8(encoding):
        return True
    ascii_bytes = bytes(range(128))
    try:
        keeps_ascii = ascii_bytes.decode(encoding) == ascii_bytes.decode("ascii")
        one_byte_each = len(bytes(range(256)).decode(encoding, "replace")) == 256
    except UnicodeError:
        return False
    # A shift code (ISO-2022) would give the bytes behind it another meaning.
    return keeps_ascii and one_byte_each and len(b"\x1b$B0l".decode(encoding)) == 5


def is_utf8(encoding: str) -> bool:
    return codecs.lookup(encoding).name in _UTF8


def transcoding_codec(encoding: str, head: bytes) -> str:
    """The encoding of one record: what a byte order mark in `head` settles is named."""
    kind = codecs.lookup(encoding).name
    for mark, codec in _BOMS.get(kind, {}).items():
        if head.startswith(mark):
            return codec
    if kind in _BOMS:
        return f"{kind}-{'le' if sys.byteorder == 'little' else 'be'}"
    return encoding


class TextDecoder:
    """Decodes block by block; `decode(b"")` ends it. A byte order mark is dropped.

    Undecodable bytes raise ReaderError with file:line:column (columns count characters
    from 1), but only after all text before them has been given. `lines` is how many
    lines all texts so far have; whoever cuts them keeps it, as counting takes longer
    than decoding.
    """

    def __init__(self, name: str, encoding: str, errors: str) -> None:
        self.lines = 0
        self.errors = errors
        self._name = name
        self._encoding = "utf-8" if is_utf8(encoding) else encoding
        inner = codecs.getincrementaldecoder(self._encoding)(errors)
        # Holds back a '\r' that may be the first half of '\r\n'.
        self._decode = io.IncrementalNewlineDecoder(inner, translate=False).decode
        self._at_start = True
        self._column = 0
        self._damage: ReaderError | None = None

    def decode(self, block: bytes) -> str:
        if self._damage is not None:
            raise self._damage
        try:
            return self._noted(self._decode(block, not block))
        except UnicodeDecodeError as error:
            text = self._noted(self._before(error, block))
            self._damage = self._located(error, self.lines + line_breaks(text) + 1)
            if not text:
                raise self._damage from error
            return text

    def _before(self, error: UnicodeDecodeError, block: bytes) -> str:
        held = len(error.object) - len(block)  # of a character cut by the block's end
        return self._decode(block[: max(0, error.start - held)], False)

    def _noted(self, text: str) -> str:
        """Note the column it ends in: damage would lie there."""
        if self._at_start and text:
            self._at_start = False
            text = text.removeprefix("\ufeff")
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        self._column = len(text) - end + (0 if end else self._column)
        return text

    def _located(self, error: UnicodeDecodeError, line: int) -> ReaderError:
        return undecodable(self._name, line, self._column + 1, error, self._encoding)


def undecodable(
    name: str, line: int, column: int, error: UnicodeDecodeError, encoding: str
) -> ReaderError:
    """What to raise for the first byte that `error` names."""
    byte = error.object[error.start]
    return ReaderError(
        f"{name}:{line}:{column}: byte 0x{byte:02x} is not {encoding} "
        f"({error.reason}); give the file's encoding=, or errors='replace'"
    )


def line_breaks(text: str) -> int:
    """How many lines end in a text: at \\n, \\r or \\r\\n."""
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def split_lines(text: str) -> list[str]:
    """The lines of a text with their endings: \\n, \\r\\n, \\r, or none in the last."""
    if any(end in text for end in _OTHER_LINE_ENDS):
        return io.StringIO(text, newline="").readlines()
    return text.splitlines(keepends=True)


def text_lines(read: Callable[[], bytes], decoder: TextDecoder) -> Iterator[str]:
    """All lines with their endings, in C but for one step a block."""
    return chain.from_iterable(_line_lists(read, decoder))


def _line_lists(read: Callable[[], bytes], decoder: TextDecoder) -> Iterator[list[str]]:
    unfinished: list[str] = []
    while True:
        block = read()
        text = decoder.decode(block)
        if "\n" in text or "\r" in text:
            lines = split_lines("".join([*unfinished, text]))
            unfinished = [] if lines[-1].endswith(("\n", "\r")) else [lines.pop()]
            decoder.lines += len(lines)
            yield lines
        elif text:
            unfinished.append(text)
        if not block:
            break
    if unfinished:
        yield ["".join(unfinished)]
