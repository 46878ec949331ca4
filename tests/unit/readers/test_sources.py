"""Paths, standard input, file objects; compressed by content; damage located."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chronomux.errors import ChronomuxError, ReaderError
from chronomux.readers import CSVReader, FileReader, decompress

TEXT = "".join(f"{i},{i * 7919 % 10007}\n" for i in range(30_000))


def compress_zstd(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    compressed: bytes = zstandard.ZstdCompressor().compress(data)
    return compressed


COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": compress_zstd,
}
every_compression = pytest.mark.parametrize("kind", COMPRESSORS)


@every_compression
def test_compressed_files_are_known_by_content(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "no-suffix"
    path.write_bytes(COMPRESSORS[kind](TEXT.encode()))
    assert "".join(FileReader(path)) == TEXT


@every_compression
def test_several_members_read_as_one(kind: str) -> None:
    compress = COMPRESSORS[kind]
    data = compress(b"a\nb") + compress(b"") + compress(b"c\n")
    assert list(FileReader(io.BytesIO(data))) == ["a\n", "bc\n"]


@every_compression
def test_cut_data_raises_with_the_offset_after_what_came_before(kind: str) -> None:
    data = COMPRESSORS[kind](TEXT.encode())
    cut = len(data) * 9 // 10
    lines = []
    with pytest.raises(ReaderError, match=rf"^<BytesIO>@{cut}: {kind} data ends early"):
        lines.extend(FileReader(io.BytesIO(data[:cut])))
    assert TEXT.startswith("".join(lines))


@every_compression
def test_damaged_data_raises_with_an_offset(kind: str) -> None:
    data = bytearray(COMPRESSORS[kind](TEXT.encode()))
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    with pytest.raises(ReaderError, match=rf"^<BytesIO>@\d+: {kind} data"):
        list(FileReader(io.BytesIO(bytes(data))))


@every_compression
def test_frames_are_made_of_decompressed_bytes(kind: str) -> None:
    data = COMPRESSORS[kind](b"t,v\n" + TEXT.encode())
    reader = CSVReader(io.BytesIO(data), timestamp="t")
    assert b"".join(frame.rows for frame in reader.frames()) == TEXT.encode()


def test_garbage_behind_gzip_data_is_an_error() -> None:
    data = gzip.compress(b"a\n") + b"garbage"
    with pytest.raises(ReaderError, match=r"^<BytesIO>@\d+: gzip data damaged"):
        list(FileReader(io.BytesIO(data)))


@pytest.mark.parametrize("text", ["BZh", "BZh91,2\n", "(a)\n", "B\n", "(", ""])
def test_text_that_begins_like_compressed_data_is_text(text: str) -> None:
    assert "".join(FileReader(io.BytesIO(text.encode()))) == text


def test_missing_zstandard_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_nothing(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(decompress.importlib, "import_module", import_nothing)
    data = b"\x28\xb5\x2f\xfd rest"
    with pytest.raises(ReaderError, match=r"pip install 'chronomux\[zstd\]'"):
        list(FileReader(io.BytesIO(data)))


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_short_reads_change_nothing(tmp_path: Path, size: int) -> None:
    class Short(io.RawIOBase):
        def __init__(self, data: bytes) -> None:
            self.file = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any, /) -> int:
            block = self.file.read(min(size, len(buffer)))
            buffer[: len(block)] = block
            return len(block)

    text = TEXT[:500]
    assert "".join(FileReader(Short(text.encode()))) == text
    assert "".join(FileReader(Short(gzip.compress(text.encode())))) == text


def test_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,\xc3\xa9\n"))
    )
    reader = CSVReader("-")
    assert list(reader) == [{"a": "1", "b": "é"}]
    assert reader.name == "<stdin>"


def test_text_objects_are_read_as_they_are() -> None:
    assert list(FileReader(io.StringIO("ä\r\nb", newline=""))) == ["ä\r\n", "b"]
    reader = CSVReader(io.StringIO("t,v\n1,ä\n2,b"), timestamp="t", encoding="latin-1")
    rows = [frame.rows for frame in reader.frames()]
    assert b"".join(rows) == "1,ä\n2,b".encode("latin-1")


def test_a_live_pipe_gives_lines_as_they_come() -> None:
    read_end, write_end = os.pipe()
    with (
        open(read_end, "rb") as readable,
        open(write_end, "wb", buffering=0) as writable,
    ):
        rows = CSVReader(readable).reader
        writable.write(b"t,v\n1,2\n")
        # A reader that waited for a full block would hang here; the timer frees it.
        rescue = threading.Timer(30, writable.close)
        rescue.start()
        assert next(rows) == {"t": "1", "v": "2"}
        writable.write(b"3,4\n")
        assert next(rows) == {"t": "3", "v": "4"}
        assert not writable.closed
        rescue.cancel()
        writable.close()
        assert list(rows) == []


def test_what_is_no_file_is_refused() -> None:
    with pytest.raises(TypeError, match="give a path, '-', or an object with read"):
        list(FileReader(42))  # type: ignore[arg-type]


def test_a_text_files_wrong_encoding_is_located_by_column() -> None:
    data = "t;v\n1;ok\n2;größe\n".encode("latin-1")
    with pytest.raises(ReaderError, match=r"^<BytesIO>:3:5: byte 0xf6 is not utf-8"):
        list(CSVReader(io.BytesIO(data), delimiter=";"))
    rows = list(CSVReader(io.BytesIO(data), delimiter=";", encoding="latin-1"))
    assert rows[1] == {"t": "2", "v": "größe"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_encodings_with_byte_order_marks(encoding: str) -> None:
    text = "\ufefft,v\n1,é\n" if encoding == "utf-16-le" else "t,v\n1,é\n"
    reader = CSVReader(io.BytesIO(text.encode(encoding)), encoding=encoding)
    assert list(reader) == [{"t": "1", "v": "é"}]


def test_damage_in_wide_text_is_located() -> None:
    data = "a\nbc".encode("utf-16-le") + b"\x00\xdc\x00\x00"
    lines = []
    with pytest.raises(ReaderError, match=r"^<BytesIO>:2:3: byte 0x00 is not utf-16"):
        lines.extend(FileReader(io.BytesIO(data), encoding="utf-16-le"))
    assert lines == ["a\n"]


def test_memory_stays_bounded_while_frames_are_read(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "large.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b"t,v\n")
        for _ in range(400):
            file.write(b"1,%s\n" % (b"x" * 40_000))
    reader = CSVReader(path, timestamp="t")
    tracemalloc.start()
    try:
        total = sum(len(frame.rows) for frame in reader.frames())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 15_000_000
    assert peak < 4_000_000


def test_reader_errors_have_one_root() -> None:
    assert issubclass(ReaderError, (ChronomuxError, ValueError))
