"""Compressed captures, known by their content: gzip, bzip2, xz and Zstandard."""

from __future__ import annotations

import importlib
import io
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

from chronomux.errors import ReaderError

__all__ = ["MAGIC_BYTES", "MAGIC_FIRST_BYTES", "Decompressed", "compression_of"]

MAGIC_BYTES = 10
_BZIP2_MARKS = (
    b"1AY&SY",
    b"\x17rE8P\x90",
)  # a first block, or the end of an empty file
_MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
MAGIC_FIRST_BYTES = frozenset([b"B", *(magic[:1] for magic in _MAGIC)])

_ZSTD_INPUT_BYTES = 1 << 14


class _Counted(Protocol):
    position: int

    def read(self, size: int, /) -> bytes: ...


def compression_of(head: bytes) -> str | None:
    """The compression that a file's first MAGIC_BYTES bytes show."""
    # 'BZh' alone may well begin a text.
    if head[:3] == b"BZh" and head[4:10] in _BZIP2_MARKS:
        return "bzip2"
    return next(
        (kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None
    )


class Decompressed:
    """What a compressed stream holds; several members or frames count as one.

    Damage raises ReaderError with file@offset, the offset counting compressed bytes;
    everything before it has been read by then.
    """

    def __init__(self, stream: _Counted, kind: str, name: str) -> None:
        self._stream = stream
        self._kind = kind
        self._name = name
        opened, error = _OPENERS[kind](stream, name)
        self._read = opened.read1
        self._errors = (EOFError, OSError, ValueError, error)

    def read(self, size: int, /) -> bytes:
        try:
            block: bytes = self._read(size)
        except self._errors as error:
            # Damaged gzip data is an OSError too, but only a failing disk has an errno.
            if isinstance(error, ReaderError) or getattr(error, "errno", None):
                raise
            what = "ends early" if isinstance(error, EOFError) else f"damaged: {error}"
            raise ReaderError(
                f"{self._name}@{self._stream.position}: {self._kind} data {what}; "
                "everything before it was read"
            ) from error
        return block


_Opened: TypeAlias = "tuple[Any, type[Exception]]"
"""What to read from, and the error it raises for damage, besides ValueError."""


def _open_gzip(stream: _Counted, name: str) -> _Opened:
    import gzip
    import zlib

    return gzip.GzipFile(fileobj=cast(Any, stream)), zlib.error


def _open_bzip2(stream: _Counted, name: str) -> _Opened:
    import bz2

    return bz2.BZ2File(cast(Any, stream)), OSError


def _open_xz(stream: _Counted, name: str) -> _Opened:
    import lzma

    return lzma.LZMAFile(cast(Any, stream)), lzma.LZMAError


def _open_zstd(stream: _Counted, name: str) -> _Opened:
    try:
        zstd = importlib.import_module("compression.zstd")
    except ImportError:
        frames = _ZstdFrames(stream, _zstandard(name))
        return io.BufferedReader(frames), ValueError
    return zstd.ZstdFile(stream), zstd.ZstdError


# Of a stream that is read and never sought they ask for no more than `read`.
_OPENERS: dict[str, Callable[[_Counted, str], _Opened]] = {
    "gzip": _open_gzip,
    "bzip2": _open_bzip2,
    "xz": _open_xz,
    "zstd": _open_zstd,
}


def _zstandard(name: str) -> Callable[[], Any]:
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError:
        raise ReaderError(
            f"{name}: Zstandard data needs a decompressor; "
            "pip install 'chronomux[zstd]', or decompress the file first"
        ) from None
    return lambda: zstandard.ZstdDecompressor().decompressobj()


class _ZstdFrames(io.RawIOBase):
    """Frames one after another; unlike zstandard's own reader it notices a cut one."""

    def __init__(self, stream: _Counted, new_frame: Callable[[], Any]) -> None:
        self._stream = stream
        self._new_frame = new_frame
        self._frame: Any = None
        self._input = b""
        self._output = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        while not self._output:
            if not self._decompress():
                return 0
        count = min(len(buffer), len(self._output))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def _decompress(self) -> bool:
        """Decompress some input; False at the end."""
        data = self._input or self._stream.read(_ZSTD_INPUT_BYTES)
        self._input = b""
        if not data:
            if self._frame is not None:
                raise EOFError
            return False
        frame = self._frame = self._frame or self._new_frame()
        try:
            self._output = frame.decompress(data)
        except Exception as error:  # ZstdError derives from nothing more exact
            raise ValueError(error) from error
        if frame.eof:
            self._frame, self._input = None, frame.unused_data
        return True
