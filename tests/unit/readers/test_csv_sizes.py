"""Long lines, many columns and hostile quotes cost time in proportion to their size."""

from __future__ import annotations

import io
import time
from collections.abc import Callable

import pytest

from chronomux.readers import CSVReader, csv_rows

# Eight times the size: 8 in proportion, 64 where a step looks back over all before.
GROWTH = 8
MOST = 32


def seconds(data: bytes, size: int = 1 << 17) -> float:
    start = time.process_time()
    for _ in csv_rows(io.BytesIO(data)):
        pass
    return time.process_time() - start


SHAPES: dict[str, Callable[[int], bytes]] = {
    "a stray quote in every row": lambda n: b'a "b" c,d\n' * n,
    "a stray quote behind a long row": lambda n: b"a," * n + b'b"c\n',
    "text behind a long quoted field": lambda n: b'"' + b'x""\n' * n + b'"y,z\n',
    "nothing but quotes": lambda n: b'"' * n,
    "quotes and line ends": lambda n: b'"\n' * n,
    "doubled quotes outside quotes": lambda n: b'a""' * n,
    "one line": lambda n: b"abcdefgh" * n,
    "columns": lambda n: b"1,2,3,4," * n,
    "blank lines": lambda n: b"\n\r\n\r" * n,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_time_is_in_proportion_to_the_size(shape: str) -> None:
    make, n = SHAPES[shape], 60_000
    small = min(seconds(make(n)) for _ in range(3))
    assert seconds(make(n * GROWTH)) < MOST * max(small, 0.002)


def test_a_line_of_ten_megabytes_is_one_row() -> None:
    field = "x" * 10_000_000
    assert list(csv_rows(f"a\n{field},1\n".encode())) == [["a"], [field, "1"]]


def test_a_million_columns_are_read() -> None:
    n = 1_000_000
    header = ",".join(map(str, range(n)))
    data = f"{header}\n{','.join('v' * n)}\n1,2\n".encode()
    rows = csv_rows(data)
    assert next(rows) == header.split(",")
    assert next(rows) == ["v"] * n
    assert next(rows) == ["1", "2"]
    first = next(CSVReader(io.BytesIO(data)).reader)
    assert len(first) == n
    assert first["999999"] == "v"
