"""Frames beside pickle: encoding and decoding batches of 100 items.

Pickle gets whole lists, its best case: it then writes each key and each repeated string
once in a batch. Items go into frames as the queue puts them there, with their keys.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from benchmarks import data
from benchmarks.conftest import Scale
from benchmarks.contest import Contest
from chronomux._core.decoder import Decoder
from chronomux._core.encoder import Encoder

BATCH = 100
PROTOCOL = 5


def records(n: int) -> list[Any]:
    (rows,) = data.record_lists(n, 1, "interleaved")
    return list(rows)


def tuples(n: int) -> list[Any]:
    return [tuple(row.values()) for row in records(n)]


def lists(n: int) -> list[Any]:
    return [list(row.values()) for row in records(n)]


ITEMS = {"6-key dict": records, "6-tuple": tuples, "list of 6": lists}


def in_batches(rows: list[Any]) -> list[list[Any]]:
    return [rows[i : i + BATCH] for i in range(0, len(rows), BATCH)]


def encode(batches: list[list[Any]]) -> list[bytes]:
    encoder = Encoder()
    frames = []
    for batch in batches:
        encoder.extend(batch)
        frames.append(encoder.take())
    return frames


def encode_one_by_one(batches: list[list[Any]]) -> list[bytes]:
    encoder = Encoder()
    frames = []
    for batch in batches:
        for item in batch:
            encoder.add(item)
        frames.append(encoder.take())
    return frames


def decode(frames: list[bytes]) -> list[list[Any]]:
    decoder = Decoder()
    batches = []
    for frame in frames:
        decoder.open(frame)
        batches.append(decoder.take())
    return batches


def copy(frames: list[bytes]) -> list[bytes]:
    """What a merge does with rows, ten at a time: nothing is decoded."""
    encoder, decoder = Encoder(), Decoder()
    copies = []
    for frame in frames:
        decoder.open(frame)
        for start in range(0, BATCH, 10):
            encoder.copy(decoder, start, start + 10)
        copies.append(encoder.take())
    return copies


@pytest.mark.parametrize("kind", ITEMS)
def test_encoding(contest: Contest, scale: Scale, kind: str) -> None:
    n = scale(quick=20_000, full=200_000)
    batches = in_batches(ITEMS[kind](n))
    contest(
        f"encode {kind}",
        lambda: encode(batches),
        peers={"pickle": lambda: [pickle.dumps(rows, PROTOCOL) for rows in batches]},
        yardsticks={"chronomux add": lambda: encode_one_by_one(batches)},
        items=n,
    )


@pytest.mark.parametrize("kind", ITEMS)
def test_decoding(contest: Contest, scale: Scale, kind: str) -> None:
    n = scale(quick=20_000, full=200_000)
    batches = in_batches(ITEMS[kind](n))
    frames = encode(batches)
    pickles = [pickle.dumps(rows, PROTOCOL) for rows in batches]
    assert decode(frames) == batches
    contest(
        f"decode {kind}",
        lambda: decode(frames),
        peers={"pickle": lambda: [pickle.loads(rows) for rows in pickles]},
        items=n,
    )


def test_copying(contest: Contest, scale: Scale) -> None:
    n = scale(quick=100_000, full=1_000_000)
    frames = encode(in_batches(records(n)))
    assert copy(frames) == frames
    contest(
        "copy rows of frames",
        lambda: copy(frames),
        peers={},
        yardsticks={"memcpy": lambda: [bytes(bytearray(frame)) for frame in frames]},
        items=n,
    )
