"""The order of records against a stable sort of all of them."""

from __future__ import annotations

from array import array

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chronomux.replay.timeline import chronological
from chronomux.types import Frame
from tests.reference import merge_order


def frames(keys: list[int], sizes: list[int]) -> list[tuple[Frame, np.ndarray]]:
    """Keys cut into frames of the given sizes, over and over; rows play no part."""
    cut = []
    while keys:
        size = sizes[len(cut) % len(sizes)]
        part = array("q", keys[:size])
        keys = keys[size:]
        frame = Frame(part, array("q", range(len(part) + 1)), b"." * len(part))
        cut.append((frame, np.frombuffer(part, dtype=np.int64)))
    return cut


def merged(sources: list[list[tuple[Frame, np.ndarray]]]) -> list[tuple[int, int]]:
    """(source, position) of every record, as `chronological` orders them."""
    before = {
        id(frame): sum(len(other.keys) for other, _ in source[:number])
        for source in sources
        for number, (frame, _) in enumerate(source)
    }
    return [
        (source, before[id(frame)] + record)
        for stretches in chronological([iter(source) for source in sources])
        for source, frame, start, stop in stretches
        for record in range(start, stop)
    ]


sorted_keys = st.lists(st.integers(-3, 12), max_size=30).map(sorted)
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=3)


@given(st.lists(st.tuples(sorted_keys, sizes), max_size=6))
def test_order_is_that_of_a_stable_sort(sources):
    columns = [keys for keys, _ in sources]
    assert merged([frames(*source) for source in sources]) == merge_order(columns)


def test_equal_keys_across_frames_leave_in_the_order_of_sources():
    sources = [frames([5, 5, 5], [1]), frames([5, 5], [2]), frames([4, 5], [1])]
    assert merged(sources) == [
        (2, 0),
        *[(0, 0), (0, 1), (0, 2)],
        *[(1, 0), (1, 1)],
        (2, 1),
    ]


def test_extreme_keys_keep_their_order():
    low, high = -(2**63), 2**63 - 1
    columns = [[low, 0, high], [low, high], [high]]
    assert merged([frames(keys, [2]) for keys in columns]) == merge_order(columns)


def test_many_sources_merge():
    columns = [sorted((s * 7 + i * 13) % 101 for i in range(5)) for s in range(2000)]
    assert merged([frames(keys, [3]) for keys in columns]) == merge_order(columns)


def test_one_source_leaves_a_whole_frame_at_a_time():
    source = frames([1, 2, 3, 4, 5], [3])
    rounds = list(chronological([iter(source)]))
    assert [[stretch[2:] for stretch in round_] for round_ in rounds] == [
        [(0, 3)],
        [(0, 2)],
    ]


def test_a_frame_is_not_asked_for_before_it_is_needed():
    asked = []

    def source():
        for number, pair in enumerate(frames([1, 2, 3, 4], [2])):
            asked.append(number)
            yield pair

    rounds = chronological([source(), iter(frames([9], [1]))])
    next(rounds)
    assert asked == [0]


def test_no_source_is_an_empty_timeline():
    assert list(chronological([])) == []
    assert list(chronological([iter([])])) == []
