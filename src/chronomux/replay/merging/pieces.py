"""Pieces in another order, cut, or fewer of their records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chronomux._core.gather import take_rows
from chronomux.replay.merging.timeline import Keys, Piece
from chronomux.types import Frame

__all__ = ["chosen", "in_order", "joined", "keys_of"]


def keys_of(piece: Piece) -> Keys:
    return piece.keys[piece.start : piece.stop]


def joined(pieces: Sequence[Piece]) -> Piece:
    """The records of all pieces, one after the other."""
    rows, sizes = [], []
    for frame, _, start, stop in pieces:
        offsets = np.asarray(frame.offsets)[start : stop + 1]
        rows.append(memoryview(frame.rows)[offsets[0] : offsets[-1]])
        sizes.append(np.diff(offsets))
    keys = np.concatenate([keys_of(piece) for piece in pieces])
    places = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(np.concatenate(sizes), out=places[1:])
    return _piece(keys, places, b"".join(rows))


def chosen(piece: Piece, records: Keys) -> Piece:
    """Those records of the piece's frame, in that order."""
    places = np.empty(len(records) + 1, np.int64)
    offsets = np.asarray(piece.frame.offsets)
    rows = take_rows(offsets, piece.frame.rows, records, places)
    return _piece(piece.keys[records], places, rows)


def in_order(pieces: Sequence[Piece]) -> Piece:
    """The records of all pieces by their keys; equal ones stay as they follow."""
    piece = pieces[0] if len(pieces) == 1 else joined(pieces)
    keys = keys_of(piece)
    if (keys[1:] >= keys[:-1]).all():
        return piece
    order = np.argsort(keys, kind="stable") + piece.start
    return chosen(piece, order.astype(np.int64, copy=False))


def _piece(keys: Keys, places: Keys, rows: bytes) -> Piece:
    times: Any = keys  # arrays of int64, whatever their type
    offsets: Any = places
    return Piece(Frame(times, offsets, rows), keys, 0, len(keys))
