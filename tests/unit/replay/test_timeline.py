"""The order of records against a stable sort of all of them, and their bytes."""

from __future__ import annotations

from array import array
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.timeline import Timeline
from chronomux.replay.merging.timeline import BLOCK, Merge, Piece
from chronomux.types import Frame
from tests.reference import merge_order


def piece_of(keys: list[int], records: list[bytes], start: int, stop: int) -> Piece:
    offsets = array("q", accumulate(map(len, records), initial=0))
    frame = Frame(array("q", keys), offsets, b"".join(records))
    return Piece(frame, np.array(keys, np.int64), start, stop)


def pieces(
    source: int, keys: list[int], sizes: list[int], margin: int = 0
) -> tuple[list[Piece], list[bytes]]:
    """Keys cut into pieces of the given sizes, over and over, and all their records.

    Each piece has `margin` records more at both ends that are not to be merged.
    """
    cut, all_records = [], []
    while keys:
        size = min(sizes[len(cut) % len(sizes)], len(keys))
        records = [
            f"{key},{source}.{len(all_records) + i}{'x' * (key % 70)}\n".encode()
            for i, key in enumerate(keys[:size])
        ]
        all_records += records
        around = [b"not this\n"] * margin
        cut.append(
            piece_of(
                [keys[0]] * margin + keys[:size] + [keys[size - 1]] * margin,
                [*around, *records, *around],
                margin,
                margin + size,
            )
        )
        keys = keys[size:]
    return cut, all_records


def bytes_of(sources: list[list[Piece]], tails=None, most=None) -> bytes:
    tails = tails or [b""] * len(sources)
    return b"".join(map(bytes, Merge([iter(s) for s in sources], most).blocks(tails)))


def stretched(sources: list[list[Piece]], most=None) -> bytes:
    return b"".join(
        frame.rows[frame.offsets[start] : frame.offsets[stop]]
        for round_ in Merge([iter(source) for source in sources], most).stretches()
        for _, frame, start, stop in round_
    )


sorted_keys = st.lists(st.integers(-3, 90), max_size=30).map(sorted)
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=3)


@given(
    st.lists(st.tuples(sorted_keys, sizes), max_size=6),
    st.integers(0, 2),
    st.none() | st.integers(0, 100),
    st.booleans(),
)
def test_the_bytes_are_those_of_a_stable_sort(given_sources, margin, most, has_tails):
    made = [
        pieces(number, *source, margin) for number, source in enumerate(given_sources)
    ]
    tails = [b",%d" % number * has_tails for number in range(len(made))]
    order = merge_order([keys for keys, _ in given_sources])[:most]
    sources = [cut for cut, _ in made]
    expected = [made[source][1][record] for source, record in order]
    assert stretched(sources, most) == b"".join(expected)
    longer = [
        record[:-1] + tails[source] + b"\n"
        for record, (source, _) in zip(expected, order, strict=True)
    ]
    assert bytes_of(sources, tails, most) == b"".join(longer)


def test_equal_keys_across_pieces_leave_in_the_order_of_sources():
    keys = [([5, 5, 5], [1]), ([5, 5], [2]), ([4, 5], [1])]
    sources = [pieces(number, *source)[0] for number, source in enumerate(keys)]
    places = [line.split(b",")[1][:3] for line in bytes_of(sources).splitlines()]
    assert places == [b"2.0", b"0.0", b"0.1", b"0.2", b"1.0", b"1.1", b"2.1"]


def test_extreme_keys_keep_their_order():
    low, high = -(2**63), 2**63 - 1
    columns = [[low, 0, high], [low, high], [high]]
    made = [pieces(number, keys, [2]) for number, keys in enumerate(columns)]
    expected = [made[source][1][record] for source, record in merge_order(columns)]
    assert bytes_of([cut for cut, _ in made]) == b"".join(expected)


def test_many_sources_merge():
    columns = [sorted((s * 7 + i * 13) % 101 for i in range(5)) for s in range(2000)]
    made = [pieces(number, keys, [3]) for number, keys in enumerate(columns)]
    expected = [made[source][1][record] for source, record in merge_order(columns)]
    assert bytes_of([cut for cut, _ in made]) == b"".join(expected)


@pytest.mark.parametrize("tail", [b"", b",tail"])
def test_records_of_any_length_leave_in_blocks(tail):
    records = [b"x" * size + b"\n" for size in (0, 1, 63, BLOCK, 3 * BLOCK, 5, 64, 9)]
    keys = list(range(len(records)))
    sources = [
        [piece_of(keys, records, 0, 8)],
        [piece_of([2, 2, 9], [b"a\r\n", b"b\r", b"c"], 0, 3)],
    ]
    whole = [record[:-1] + tail + b"\n" for record in records]
    whole[3:3] = [b"a" + tail + b"\r\n", b"b" + tail + b"\r"]
    assert bytes_of(sources, [tail, tail]) == b"".join([*whole, b"c" + tail])
    alone = b"".join(record[:-1] + tail + b"\n" for record in records)
    assert bytes_of(sources[:1], [tail]) == alone


def test_a_source_alone_is_one_stretch_a_piece():
    source, _ = pieces(0, [1, 2, 3, 4, 5], [3])
    rounds = list(Merge([iter(source)]).stretches())
    assert [[stretch[2:] for stretch in round_] for round_ in rounds] == [
        [(0, 3)],
        [(0, 2)],
    ]


def test_a_piece_is_not_asked_for_before_it_is_needed():
    asked = []

    def source():
        for number, piece in enumerate(pieces(0, [1, 2, 3, 4], [2])[0]):
            asked.append(number)
            yield piece

    rounds = Merge([source(), iter(pieces(1, [9], [1])[0])]).stretches()
    next(rounds)
    assert asked == [0]


def test_no_source_gives_nothing():
    assert bytes_of([]) == bytes_of([[]]) == stretched([]) == b""


def test_keys_that_fall_are_refused():
    with pytest.raises(ValueError, match="keys of a source fall"):
        bytes_of(
            [[piece_of([2, 1, 3], [b"x"] * 3, 0, 3)], [piece_of([2], [b"y"], 0, 1)]]
        )


@pytest.mark.parametrize(
    ("keys", "offsets", "start", "stop"),
    [
        ([1, 2], [0, 1], 0, 2),
        ([1, 2], [0, 1, 9], 0, 2),
        ([1, 2], [0, 2, 1], 0, 2),
        ([1, 2], [-1, 1, 2], 0, 2),
        ([1, 2], [0, 1, 2], 0, 3),
        ([1, 2], [0, 1, 2], -1, 2),
        ([1, 2], [0, 1, 2], 1, 1),
    ],
)
def test_a_batch_that_does_not_fit_together_is_refused(keys, offsets, start, stop):
    timeline = Timeline([b""])
    with pytest.raises(ValueError, match=r"batch of n records|offsets must rise"):
        timeline.load(0, array("q", keys), array("q", offsets), b"xyz", start, stop)
    assert timeline.merge_round(9) == -1


def test_the_timeline_refuses_what_comes_out_of_turn():
    timeline = Timeline([b"", b""])
    batch = array("q", [1]), array("q", [0, 1]), b"x", 0, 1
    timeline.load(0, *batch)
    with pytest.raises(ValueError, match="still has records"):
        timeline.load(0, *batch)
    with pytest.raises(IndexError, match="no source 2"):
        timeline.load(2, *batch)
    assert timeline.merge_round(9) == 0
    for out_of_turn in (
        lambda: timeline.merge_round(9),
        lambda: timeline.load(1, *batch),
    ):
        with pytest.raises(ValueError, match="not written yet"):
            out_of_turn()
    with pytest.raises(TypeError, match="int64"):
        Timeline([b""]).load(0, array("d", [1]), *batch[1:])
