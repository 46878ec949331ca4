"""Damaged CSV for fuzz targets, and the driver that feeds it to them.

A target takes bytes and a source of chance, and raises when what it sees is wrong; what
breaks memory is for the sanitize build to notice. The bytes of an execution depend on
nothing but the target's name and the execution's number: any can be had again.

    CHRONOMUX_FUZZ_FROM=1500 pytest -m deep -s tests/property/test_csv_fuzz.py -k frames
"""

from __future__ import annotations

import io
import random
import sys
import time
from collections.abc import Callable, Iterator

__all__ = ["Pieces", "Target", "damaged", "run", "run_for"]

Target = Callable[[bytes, random.Random], None]

REPORT_EVERY = 500  # executions: so far back begins the search for one that crashed
LARGE = 1 << 21  # beyond a window, and all steps within it
SEEDS = [
    b"t,v\n1.5,x\n2.5,y\n",
    b'"t","v"\r\n"1","a,b"\r\n"2","say ""no"""\r\n',
    b"t;v;w\n2015-02-02 14:19:00;1;2\n2015-02-02T14:19:59.123456789Z;3;4\n",
    b'1,"several\nlines\r\n",3\r\n\r\n4,,\r\n',
    b"t,n\n" + b"1422886740.05,-12\n" * 7,
    b"\xef\xbb\xbft,v\n1,\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n",
    b"9223372036854775807,1e308,nan,-0,007\n" * 2,
    b"x" * 63 + b",\n" + b"y" * 64 + b'\n"' + b"z" * 60 + b'"\n',
]
TOKENS = [
    *(bytes([byte]) for byte in b",;\t|\"'\\\n\r\0 0a-."),
    *(b"\r\n", b'""', b'","', b'"\n"', b'"\r\n', b"\n\n", b"\r\r\n", b"\xff", b"\xc3"),
    *(b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x85"),
    *(b"1e999", b"-9223372036854775808", b"2262-04-11T23:47:16.854775807Z", b"1677"),
    *(b"a" * 64, b"," * 65, b'"' * 66, b"\n" * 67),
]


def damaged(rng: random.Random) -> bytes:
    """Some CSV with a few changes; seldom more than a window of it."""
    data = bytearray(rng.choice(SEEDS))
    for _ in range(rng.randrange(12)):
        begin = rng.randrange(len(data) + 1)
        end = min(len(data), begin + rng.choice([0, 0, 1, 2, 9, 70]))
        data[begin:end] = new_piece(rng, data)
    if rng.random() < 0.001:
        data *= LARGE // max(1, len(data))
    elif rng.random() < 0.02:
        data *= rng.randrange(500)
    return bytes(data[: LARGE + 1000])


def new_piece(rng: random.Random, data: bytearray) -> bytes:
    kind = rng.random()
    if kind < 0.5:
        return rng.choice(TOKENS)
    if kind < 0.6:
        return rng.randbytes(rng.randrange(1, 8))
    begin = rng.randrange(len(data) + 1)
    piece = bytes(data[begin : begin + rng.randrange(200)])
    return piece * rng.choice([1, 1, 2, 10])


class Pieces(io.RawIOBase):
    """A file that gives as much a read as chance will have it."""

    def __init__(self, data: bytes, rng: random.Random) -> None:
        self._file = io.BytesIO(data)
        self._rng = random.Random(rng.random())
        self._most = rng.choice([7, 100, 5000, 1 << 20]) + len(data) // 100

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        most = self._rng.randrange(1, self._most)
        return self._file.read(most if size < 0 else min(size, most))


def run(name: str, target: Target, numbers: Iterator[int] | range) -> int:
    """Execute a target with these numbers; returns how many there were."""
    count = 0
    for number in numbers:
        rng = random.Random(f"{name} {number}")
        data = damaged(rng)
        try:
            target(data, rng)
        except BaseException as error:
            shown = data if len(data) < 2000 else data[:2000] + b"..."
            raise AssertionError(f"{name}, execution {number}: {shown!r}") from error
        count += 1
    return count


def run_for(name: str, target: Target, seconds: float, first: int = 0) -> int:
    """Execute a target that long, and say on stderr how far it has come."""

    def numbers() -> Iterator[int]:
        end = time.monotonic() + seconds
        number = first
        while time.monotonic() < end:
            if number % REPORT_EVERY == 0:
                sys.stderr.write(f"{name}: execution {number}\n")
            yield number
            number += 1

    return run(name, target, numbers())
