"""Where bytes come from: paths, '-', file objects; compressed or not, by content."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from threading import Event
from typing import IO, Any, Protocol, TypeAlias

from chronomux.readers.decompress import (
    MAGIC_BYTES,
    MAGIC_FIRST_BYTES,
    Decompressed,
    compression_of,
)
from chronomux.readers.follow import FollowedFile
from chronomux.readers.text import (
    TextDecoder,
    is_ascii_superset,
    is_utf8,
    line_breaks,
    transcoding_codec,
)

__all__ = ["BLOCK_BYTES", "FileLike", "Source", "follow_source", "open_source"]

BLOCK_BYTES = 1 << 17
_BOM_BYTES = 4
_PEEK_BYTES = 1 << 14  # looked at, to see whether they are compressed

FileLike: TypeAlias = "str | os.PathLike[str] | IO[bytes] | IO[str]"
"""A path, '-' for standard input, or an object with `read` (bytes or text)."""


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Source:
    """Blocks of bytes, each at most about `block_bytes`, that may be given back.

    `name` is what messages call it. `encoding` and `errors` decode its bytes.
    """

    transcodes = False  # whether `encode` changes anything
    has_readinto = False
    block_bytes = BLOCK_BYTES

    def __init__(
        self,
        stream: _Readable,
        name: str,
        encoding: str,
        errors: str,
        owned: Any = None,
    ) -> None:
        self.name = name
        self.encoding = encoding
        self.errors = errors
        self._stream = stream
        self._owned = owned
        self._returned = b""

    def read(self, size: int | None = None) -> bytes:
        """The next block, of about `size` bytes at most; b'' at the end."""
        if self._returned:
            block, self._returned = self._returned, b""
            return block
        return self._stream.read(size or self.block_bytes)

    def readinto(self, room: memoryview) -> int:
        """As `read`, into memory; how many bytes, 0 at the end. For `has_readinto`."""
        if not self._returned:
            stream: Any = self._stream
            size: int = stream.readinto(room)
            return size
        size = min(len(self._returned), len(room))
        room[:size] = self._returned[:size]
        self._returned = self._returned[size:]
        return size

    def unread(self, block: bytes) -> None:
        """Give bytes back: the next `read` returns them first."""
        self._returned = block + self._returned

    def encode(self, record: bytes) -> bytes:
        """A record of `read`'s bytes as it stands in the file."""
        return record

    def skip_repeated(self, start: bytes) -> None:
        """The header, to be left out where a later file begins with it."""

    def close(self) -> None:
        """Close what `open_source` opened; a caller's own file object stays open."""
        if self._owned is not None:
            self._owned.close()


class TranscodedSource(Source):
    """Text whose bytes cannot be cut at commas and newlines, as UTF-8.

    UTF-16, say, or a text object. Surrogates pass, so every `errors` works.
    """

    transcodes = True

    def __init__(
        self, stream: _Readable, name: str, codec: str, errors: str, owned: Any = None
    ) -> None:
        super().__init__(stream, name, "utf-8", "surrogatepass", owned)
        self._codec = codec
        self._codec_errors = errors

    def encode(self, record: bytes) -> bytes:
        text = record.decode("utf-8", "surrogatepass")
        return text.encode(self._codec, self._codec_errors)


class FollowedSource(Source):
    """A file that grows, and those that take its place."""

    def skip_repeated(self, start: bytes) -> None:
        self._owned.skip_repeated(start)


def open_source(file: FileLike, encoding: str, errors: str) -> Source:
    """Open a path, '-' or a file object; decompress it when its content says so.

    Raises OSError when a path cannot be opened, ReaderError when the decompressor it
    needs is not installed, TypeError when `file` is none of these.
    """
    name = name_of(file)
    raw, owned = _open(file)
    try:
        if _gives_text(raw):
            return TranscodedSource(_TextBytes(raw), name, encoding, errors, owned)
        stream = _decompressed(_Pushback(raw, name), name)
        source = _decoded(stream, name, encoding, errors, owned)
        # Who has many files open knows best how much memory each of them may take.
        source.block_bytes = getattr(raw, "block_bytes", BLOCK_BYTES)
        is_plain = isinstance(stream, _Pushback) and not source.transcodes
        source.has_readinto = is_plain and _has_readinto(raw)
        return source
    except BaseException:
        if owned is not None:
            owned.close()
        raise


def follow_source(
    file: FileLike, encoding: str, errors: str, stopping: Event
) -> Source:
    """A source that goes on as the file at a path grows, until `stopping` is set.

    Raises ValueError for what is not a path, and for an encoding in which a newline is
    more than one byte.
    """
    if not isinstance(file, (str, os.PathLike)) or file == "-":
        raise ValueError(
            f"{name_of(file)}: follow=True needs the path of a file; a pipe is read "
            "on as it is"
        )
    if not is_ascii_superset(encoding):
        raise ValueError(
            f"{name_of(file)}: follow=True cannot cut {encoding} into lines; "
            "use UTF-8 or an encoding of one byte a character"
        )
    followed = FollowedFile(file, stopping)
    codec = "utf-8" if is_utf8(encoding) else encoding
    return FollowedSource(followed, name_of(file), codec, errors, followed)


def name_of(file: FileLike) -> str:
    """What messages call a file."""
    if isinstance(file, (str, os.PathLike)):
        return "<stdin>" if file == "-" else os.fspath(file)
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else f"<{type(file).__name__}>"


def _open(file: FileLike) -> tuple[Any, Any]:
    """The object to read from, and the one to close afterwards, if it is ours."""
    if isinstance(file, str) and file == "-":
        return getattr(sys.stdin, "buffer", sys.stdin), None
    if isinstance(file, (str, os.PathLike)):
        opened = open(file, "rb", buffering=0)  # noqa: SIM115 - Source.close() does
        return opened, opened
    if not callable(getattr(file, "read", None)):
        raise TypeError(
            f"{file!r} is not readable: give a path, '-', or an object with read()"
        )
    return file, None


def _gives_text(raw: Any) -> bool:
    return isinstance(raw, io.TextIOBase) or isinstance(raw.read(0), str)


def _has_readinto(raw: Any) -> bool:
    """Whether it is as good as `read`, which a subclass may have made another one."""
    return type(raw) is io.FileIO or hasattr(raw, "block_bytes")


class _Pushback:
    """Reads what is there, without waiting for a full block, and counts the bytes.

    An OSError of a read, which knows no file, is given the name.
    """

    def __init__(self, raw: Any, name: str) -> None:
        self._raw = raw
        self._name = name
        # read() of a buffered stream waits for all it was asked for; read1() does not.
        self._read = getattr(raw, "read1", raw.read)
        self._returned = b""
        self.position = 0

    def read(self, size: int = BLOCK_BYTES, /) -> bytes:
        block: bytes
        if self._returned:
            block, self._returned = self._returned[:size], self._returned[size:]
        else:
            block = self._ask(self._read, BLOCK_BYTES if size < 0 else size)
        self.position += len(block)
        return block

    def readinto(self, room: memoryview) -> int:
        size: int
        if self._returned:
            size = min(len(self._returned), len(room))
            room[:size] = self._returned[:size]
            self._returned = self._returned[size:]
        else:
            size = self._ask(self._raw.readinto, room)
        self.position += size
        return size

    def _ask(self, read: Callable[[Any], Any], wanted: Any) -> Any:
        try:
            answer = read(wanted)
        except OSError as error:
            error.filename = error.filename or self._name
            raise
        if answer is None:
            raise BlockingIOError("a non-blocking file has no data yet")
        return answer

    def peek(self, size: int) -> bytes:
        """The first bytes, fewer than `size` only if there are no more."""
        head = b""
        while len(head) < size and (block := self.read(_PEEK_BYTES)):
            head += block
        self._returned = head
        self.position -= len(head)
        return head


class _TextBytes:
    """A text object's text as UTF-8. Its own newline handling stays as it is."""

    def __init__(self, raw: Any) -> None:
        seekable = getattr(raw, "seekable", None)
        # read(n) of a live text stream would hold back lines until n have come.
        live = seekable is not None and not seekable()
        self._read = raw.readline if live else raw.read

    def read(self, size: int, /) -> bytes:
        text: str = self._read(size)
        return text.encode("utf-8", "surrogatepass")


class _Transcoder:
    """Blocks in any encoding to blocks of UTF-8."""

    def __init__(self, stream: _Readable, decoder: TextDecoder) -> None:
        self._stream = stream
        self._decoder = decoder

    def read(self, size: int, /) -> bytes:
        while True:
            block = self._stream.read(size)
            text = self._decoder.decode(block)
            self._decoder.lines += line_breaks(text)
            if text or not block:
                return text.encode("utf-8", "surrogatepass")


def _decompressed(stream: _Pushback, name: str) -> _Readable:
    # A live pipe may hold less than a magic number for a long time: ask for more only
    # while what came could still be one.
    head = stream.peek(1)
    if head[:1] in MAGIC_FIRST_BYTES:
        head = stream.peek(MAGIC_BYTES)
    kind = compression_of(head)
    return stream if kind is None else Decompressed(stream, kind, name)


def _decoded(
    stream: _Readable, name: str, encoding: str, errors: str, owned: Any
) -> Source:
    if is_utf8(encoding):
        encoding = "utf-8"  # not utf-8-sig, which would put a mark before every text
    if is_ascii_superset(encoding):
        return Source(stream, name, encoding, errors, owned)
    looked = _Pushback(stream, name)
    codec = transcoding_codec(encoding, looked.peek(_BOM_BYTES))
    transcoder = _Transcoder(looked, TextDecoder(name, encoding, errors))
    return TranscodedSource(transcoder, name, codec, errors, owned)
