"""External sort: sorted runs in a temporary file, read back block by block.

D. Knuth, The Art of Computer Programming, volume 3 (1973), 5.4. Runs are as long as the
records stay in order, so a capture in order is one run. Memory is one run while they
are written, and one block a run while they are merged.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from chronomux.replay.merging.pieces import in_order, keys_of
from chronomux.replay.merging.timeline import Keys, Piece
from chronomux.types import Frame

__all__ = ["Run", "Spool"]

RUN_BYTES = 16 << 20  # of rows sorted in memory
BLOCK_BYTES = 64 << 10  # of rows read back at once
KEY_BYTES = 16  # of a record's key and offset


class _Block(NamedTuple):
    position: int  # in the file: keys, then offsets, then rows
    records: int
    rows: int  # bytes


class Run:
    """Records in order, as blocks of a spool."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._blocks: list[_Block] = []
        self.last: int | None = None

    def append(self, piece: Piece) -> None:
        """Records whose keys do not fall, and are not below the last one's."""
        offsets = np.asarray(piece.frame.offsets)
        start = piece.start
        while start < piece.stop:
            bound = offsets[start] + BLOCK_BYTES
            stop = int(np.searchsorted(offsets, bound, "right")) - 1
            stop = min(max(stop, start + 1), piece.stop)
            self._blocks.append(
                self._spool.write(piece._replace(start=start, stop=stop))
            )
            start = stop
        self.last = int(keys_of(piece)[-1])

    def pieces(self) -> Iterator[Piece]:
        return map(self._spool.read, self._blocks)


class Spool:
    """A temporary file of runs, for `with`. It has no name: nothing is left behind."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="chronomux-", buffering=0)  # noqa: SIM115
        self._end = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def runs(self, pieces: Iterable[Piece]) -> list[Run]:
        """The records of the pieces, in any order, as runs.

        Equal keys are in the order of runs, then of the records in them.
        """
        runs: list[Run] = []
        for piece in map(in_order, _batches(pieces)):
            last = runs[-1].last if runs else None
            if last is None or keys_of(piece)[0] < last:
                runs.append(Run(self))
            runs[-1].append(piece)
        return runs

    def write(self, piece: Piece) -> _Block:
        offsets = np.asarray(piece.frame.offsets)[piece.start : piece.stop + 1]
        rows = memoryview(piece.frame.rows)[offsets[0] : offsets[-1]]
        block = _Block(self._end, piece.stop - piece.start, len(rows))
        numbers = np.concatenate([keys_of(piece), offsets - offsets[0]])
        self._write(memoryview(numbers.tobytes()))
        self._write(rows)
        return block

    def read(self, block: _Block) -> Piece:
        size = (2 * block.records + 1) * 8
        data = os.pread(self._file.fileno(), size + block.rows, block.position)
        if len(data) != size + block.rows:
            raise OSError(f"the temporary file in {tempfile.gettempdir()} is cut off")
        numbers: Keys = np.frombuffer(data, np.int64, 2 * block.records + 1)
        keys, offsets = numbers[: block.records], numbers[block.records :]
        parts: Any = keys, offsets, memoryview(data)[size:]
        frame = Frame._make(parts)
        return Piece(frame, keys, 0, block.records)

    def _write(self, data: memoryview) -> None:
        try:
            while data:
                written = self._file.write(data)
                data = data[written:]
                self._end += written
        except OSError as error:
            place = f"temporary file in {tempfile.gettempdir()}"
            raise OSError(error.errno, error.strerror, place) from error


def _batches(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """As many pieces at once as a run may hold."""
    batch: list[Piece] = []
    size = 0
    for piece in pieces:
        offsets = piece.frame.offsets
        batch.append(piece)
        size += offsets[piece.stop] - offsets[piece.start]
        size += KEY_BYTES * (piece.stop - piece.start)
        if size >= RUN_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
