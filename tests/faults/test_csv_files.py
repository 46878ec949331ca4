"""CSV files that cannot be read, change under the reader or are built to cost much."""

from __future__ import annotations

import gzip
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chronomux import CSVReader, merge_files
from chronomux.errors import ReaderError

UNREADABLE = "/proc/self/mem"  # may be opened, but nothing is mapped where it begins

# Eight times the size: 8 in proportion, 64 where a step looks back over all before.
GROWTH = 8
MOST = 32


def rows_of(path: Any, **options: Any) -> list[Any]:
    return list(CSVReader(path, **options))


def frames_of(path: Any, **options: Any) -> list[Any]:
    return list(CSVReader(path, timestamp="t", **options).frames())


READS = pytest.mark.parametrize("read", [rows_of, frames_of])


@READS
def test_a_directory_is_named(tmp_path: Path, read: Callable[..., Any]) -> None:
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        read(tmp_path)


@READS
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(
    tmp_path: Path, read: Callable[..., Any]
) -> None:
    path = tmp_path / "a.csv"
    path.touch(0)
    with pytest.raises(PermissionError, match=str(path)):
        read(path)


@READS
@pytest.mark.skipif(not os.path.exists(UNREADABLE), reason="no /proc here")
def test_a_read_that_fails_names_the_file(
    read: Callable[..., Any],
) -> None:
    with pytest.raises(OSError, match=f"Input/output error: '{UNREADABLE}'"):
        read(UNREADABLE)


@pytest.mark.skipif(not os.path.exists(UNREADABLE), reason="no /proc here")
def test_a_merge_whose_read_fails_names_the_file(tmp_path: Path) -> None:
    good = tmp_path / "a.csv"
    good.write_text("t\n1\n")
    with pytest.raises(OSError, match="Input/output error") as caught:
        merge_files([good, UNREADABLE], tmp_path / "out.csv", timestamp="t")
    assert caught.value.filename == UNREADABLE
    assert os.listdir(tmp_path) == ["a.csv"]


@READS
def test_a_named_pipe_is_read_to_its_end(
    tmp_path: Path, read: Callable[..., Any]
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def feed() -> None:
        with open(path, "wb", buffering=0) as pipe:
            for piece in (b"t,", b'v\n1,"a', b'\n"\n2', b",b"):
                pipe.write(piece)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    found = read(path)
    feeder.join(60)
    if read is rows_of:
        assert found == [{"t": "1", "v": "a\n"}, {"t": "2", "v": "b"}]
    else:
        assert b"".join(frame.rows for frame in found) == b'1,"a\n"\n2,b'


def test_a_file_cut_short_while_it_is_read_ends_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,v\n" + "1,some text\n" * 100_000)
    rows = CSVReader(path).reader
    assert next(rows) == {"t": "1", "v": "some text"}
    os.truncate(path, 4 + 12 * 50_000 + 6)
    assert list(rows)[-1] == {"t": "1", "v": "some"}


@READS
def test_truncated_compressed_data_raises_with_its_place(
    tmp_path: Path, read: Callable[..., Any]
) -> None:
    path = tmp_path / "a.csv.gz"
    packed = gzip.compress(b"t,v\n" + b"1,some text\n" * 10_000)
    path.write_bytes(packed[:-9])
    with pytest.raises(ReaderError, match=r"a\.csv\.gz@\d+: gzip data ends early"):
        read(path)


def merged(folder: Path, data: bytes) -> bytes:
    (folder / "a.csv").write_bytes(data)
    (folder / "b.csv").write_bytes(data.partition(b"\n")[0] + b"\n")
    names = [folder / "a.csv", folder / "b.csv"]
    merge_files(names, folder / "out.csv", timestamp="t")
    return (folder / "out.csv").read_bytes()


def test_a_line_of_ten_megabytes_is_merged(tmp_path: Path) -> None:
    data = b"t,v\n1,x\n2," + b"x" * 10_000_000 + b"\n3,x\n"
    assert merged(tmp_path, data) == data


def test_a_million_columns_are_merged(tmp_path: Path) -> None:
    names = b",".join(b"%d" % i for i in range(1_000_000))
    data = b"t," + names + b"\n" + b"1," + b"," * 999_999 + b"\n2,\n"
    assert merged(tmp_path, data) == data


SHAPES: dict[str, Callable[[int], bytes]] = {
    "a stray quote in every row": lambda n: b'1,a "b" c,d\n' * n,
    "text behind a long quoted field": lambda n: b'1,"' + b'x""\n' * n + b'"y,z\n',
    "nothing but quotes": lambda n: b"1," + b'"' * (2 * n),
    "quotes and line ends": lambda n: b'1,"\n"\n' * n,
    "columns": lambda n: b"1,2,3,4," * n,
    "blank lines": lambda n: b"\n\r\n\r" * n + b"1\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_frames_take_time_in_proportion_to_the_size(tmp_path: Path, shape: str) -> None:
    make, n = SHAPES[shape], 60_000

    def seconds(size: int) -> float:
        path = tmp_path / "a.csv"
        path.write_bytes(b"t,v\n" + make(size))
        start = time.process_time()
        frames_of(path, field_size_limit=1 << 30)
        return time.process_time() - start

    small = min(seconds(n) for _ in range(3))
    assert seconds(n * GROWTH) < MOST * max(small, 0.002)
