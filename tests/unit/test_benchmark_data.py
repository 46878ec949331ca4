"""Benchmark data is sorted, whole, shaped as named, and the same on every machine."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from benchmarks import data
from benchmarks.data import Pattern

SHAPES: list[tuple[int, Pattern]] = [
    (1, "interleaved"),
    (2, "interleaved"),
    (8, "interleaved"),
    (64, "interleaved"),
    (1024, "interleaved"),
    (8, "bursty"),
    (1024, "bursty"),
]


@pytest.mark.parametrize(("k", "pattern"), SHAPES)
@pytest.mark.parametrize("n", [1, 2, 3, 17, 20_000])
def test_columns_are_sorted_and_hold_every_key_once(
    n: int, k: int, pattern: Pattern
) -> None:
    columns = data.key_columns(n, k, pattern)
    assert len(columns) == k
    assert all((np.diff(column) >= 0).all() for column in columns)
    merged = np.sort(np.concatenate(columns))
    assert np.array_equal(merged, data.chronological_keys(n))


@pytest.mark.parametrize(("k", "pattern"), SHAPES)
def test_every_input_supplies_about_its_share(k: int, pattern: Pattern) -> None:
    numbers = data.input_numbers(200_000, k, pattern)
    counts = np.bincount(numbers, minlength=k)
    assert len(counts) == k
    # Bursts are few at k = 1,024: an input may be left without one.
    assert np.count_nonzero(counts) >= 0.95 * k
    assert counts.max() <= 5 * 200_000 / k


def test_runs_are_long_when_bursty_and_short_when_interleaved() -> None:
    def mean_run(pattern: Pattern) -> float:
        numbers = data.input_numbers(1_000_000, 8, pattern)
        return len(numbers) / (1 + np.count_nonzero(np.diff(numbers)))

    # Two bursts in a row from one input make one run: 8/7 of a burst on average.
    assert 900 < mean_run("bursty") < 1_400
    assert mean_run("interleaved") < 2


def test_some_keys_tie() -> None:
    ties = np.count_nonzero(np.diff(data.chronological_keys(200_000)) == 0)
    assert 50 < ties < 200


def test_data_is_the_same_on_every_machine() -> None:
    digest = hashlib.sha256()
    for pattern in ("interleaved", "bursty"):
        for column in data.key_columns(10_000, 8, pattern):
            digest.update(column.astype("<i8").tobytes())
        for column in data.time_columns(10_000, 8, pattern):
            digest.update(column.astype("<f8").tobytes())
    assert digest.hexdigest()[:16] == "34d09ed0b9cf3bf5"


def test_records_have_six_keys_and_ascending_float_times() -> None:
    lists = data.record_lists(5_000, 8, "interleaved")
    assert sum(map(len, lists)) == 5_000
    for number, records in enumerate(lists):
        times = [record["time"] for record in records]
        assert times == sorted(times)
        assert {type(time) for time in times} == {float}
        assert {len(record) for record in records} == {6}
        assert {record["source"] for record in records} == {f"input-{number}"}


def test_scattered_records_are_equal_and_share_nothing_that_lies_in_a_row() -> None:
    lists = data.record_lists(5_000, 8, "interleaved")
    copies = data.scattered(lists)
    assert copies == lists
    for records, others in zip(lists, copies, strict=True):
        for record, other in zip(records, others, strict=True):
            assert record is not other
            assert record["time"] is not other["time"]
