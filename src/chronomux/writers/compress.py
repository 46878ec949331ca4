"""Compression of what is written, by the suffix of its name."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import IO, Any

from chronomux.errors import ChronomuxError

__all__ = ["compressed", "uncompressed_suffix"]

GZIP_LEVEL = 6  # that of the program


def _gzip(file: IO[bytes]) -> Any:
    import gzip

    # No name and no date: the same records give the same bytes.
    return gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0)


def _bzip2(file: IO[bytes]) -> Any:
    import bz2

    return bz2.BZ2File(file, "wb")


def _xz(file: IO[bytes]) -> Any:
    import lzma

    return lzma.LZMAFile(file, "wb")


def _zstd(file: IO[bytes]) -> Any:
    try:
        return importlib.import_module("compression.zstd").ZstdFile(file, "w")
    except ImportError:
        pass
    try:
        zstandard = importlib.import_module("zstandard")
    except ImportError:
        raise ChronomuxError(
            "writing .zst needs a compressor: pip install 'chronomux[zstd]', "
            "or choose another suffix"
        ) from None
    return zstandard.ZstdCompressor().stream_writer(file, closefd=False)


_WRITERS: dict[str, Callable[[IO[bytes]], Any]] = {
    ".gz": _gzip,
    ".bz2": _bzip2,
    ".xz": _xz,
    ".zst": _zstd,
}


def compressed(file: IO[bytes], name: str) -> IO[bytes] | None:
    """A file that compresses into `file` and leaves it open; None if `name` says no."""
    writer = _WRITERS.get(os.path.splitext(name)[1].lower())
    if writer is None:
        return None
    packed: IO[bytes] = writer(file)
    return packed


def uncompressed_suffix(name: str) -> str:
    """'.csv' of 'x.csv.gz' and of 'x.csv'."""
    stem, suffix = os.path.splitext(name.lower())
    return os.path.splitext(stem)[1] if suffix in _WRITERS else suffix
