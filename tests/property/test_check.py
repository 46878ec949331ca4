"""What `check` finds in times, against an oracle that looks at one record at a time."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from chronomux.replay.checks.content import ItemContents
from chronomux.replay.checks.report import Findings, SourceCheck
from chronomux.replay.checks.times import NO_TIME, TimeChecks

FAR = [NO_TIME + 1, -1, 2**63 - 1]
times = st.one_of(st.none(), st.integers(0, 8), st.sampled_from(FAR))
values = st.sampled_from([1, 1.0, True, "1", 2, [1], {"a": 1, "b": [2]}])
records = st.lists(st.fixed_dictionaries({"timestamp": times, "v": values}))


def same(a: Any, b: Any) -> bool:
    """Equal, where True is not 1."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def expected_findings(
    rows: list[dict[str, Any]], max_gap: int | None, window: int
) -> list[tuple[str, int]]:
    """(kind, number of the record), record after record."""
    found = []
    run: list[dict[str, Any]] = []  # records of one time that follow each other
    seen: list[int] = []
    for number, row in enumerate(rows, 1):
        time = row["timestamp"]
        if time is None:
            continue
        if seen and max_gap is not None and time - max(seen) > max_gap:
            found.append(("gap", number))
        if seen and max(seen) - time > window:
            found.append(("disorder", number))
        run = [one for one in run if one["timestamp"] == time]
        if any(same(one["v"], row["v"]) for one in run):
            found.append(("duplicate", number))
        run.append(row)
        seen.append(time)
    return found


def checked(
    batches: list[list[dict[str, Any]]], max_gap: int | None, window: int, most: int
) -> tuple[SourceCheck, Findings]:
    source, found = SourceCheck("a"), Findings(most)
    checks = TimeChecks(source, 0, found, max_gap, window)
    for batch in batches:
        keys = [NO_TIME if r["timestamp"] is None else r["timestamp"] for r in batch]
        checks.add(np.array(keys, np.int64), ItemContents(batch))
    checks.finish()
    return source, found


@given(
    records,
    st.lists(st.integers(0, 40), max_size=4),
    st.one_of(st.none(), st.integers(0, 5)),
    st.integers(0, 4),
    st.sampled_from([0, 1, 1000]),
)
def test_gaps_disorder_and_duplicates_are_those_of_the_oracle(
    rows: list[dict[str, Any]],
    cuts: list[int],
    max_gap: int | None,
    window: int,
    most: int,
) -> None:
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    batches = [rows[a:b] for a, b in pairwise(edges)]
    source, found = checked(batches, max_gap, window, most)
    wanted = expected_findings(rows, max_gap, window)
    for kind in "gap", "disorder", "duplicate":
        numbers = [number for one, number in wanted if one == kind]
        assert found.counts[kind] == len(numbers), rows
        kept = [one for one in found.kept if one.kind == kind]
        assert [one.record for one in kept] == numbers[:most], rows
        assert all(one.time == rows[one.record - 1]["timestamp"] for one in kept)
    known = [row["timestamp"] for row in rows if row["timestamp"] is not None]
    assert (source.records, source.untimed) == (len(rows), len(rows) - len(known))
    assert (source.first, source.last) == (
        (min(known), max(known)) if known else (None, None)
    )
    assert (source.gaps, source.disorder, source.duplicates) == tuple(
        found.counts[kind] for kind in ("gap", "disorder", "duplicate")
    )
    backs = [max(known[: i + 1]) - time for i, time in enumerate(known)]
    assert source.largest_step_back == max(backs, default=0)
    assert source.late == sum(back > 0 for back in backs)


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), max_size=200))
def test_a_lane_counts_every_record_in_its_stretch_of_time(stamps: list[int]) -> None:
    rows = [{"timestamp": stamp, "v": None} for stamp in stamps]
    source, _ = checked([rows[:70], rows[70:]], None, 0, 0)
    counts = dict(source.lane)
    assert sum(counts.values()) == len(stamps)
    for stamp in stamps:
        assert stamp // source.lane_width * source.lane_width in counts
