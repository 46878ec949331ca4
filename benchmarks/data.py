"""Seeded captures to measure with: the same on every machine, every time.

Only the raw 64-bit stream of PCG64 is used: numpy guarantees that stream for ever,
while distributions made from it (`integers`, `normal`, ...) may change by release.

Two ways to spread N chronological records over k inputs:

interleaved   every record comes from an input chosen at random: no run to exploit.
bursty        one input supplies about 1,000 consecutive records before another takes
              over, as buffered or late sources do. Runs get shorter where N is too
              small for every input to supply four of them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

import numpy as np
import numpy.typing as npt

Pattern: TypeAlias = Literal["interleaved", "bursty"]
Keys: TypeAlias = npt.NDArray[np.int64]
Times: TypeAlias = npt.NDArray[np.float64]

START_NS = 1_700_000_000_000_000_000
MEAN_GAP_NS = 1_000
RUN = 1_000
RUNS_PER_INPUT = 4
NANOSECONDS = 1e9
SEED_KEYS, SEED_INPUTS, SEED_RUNS, SEED_PLACES = 11, 12, 13, 14


class Record(TypedDict):
    """A 6-key record as telemetry readers make it; `time` is in epoch seconds."""

    time: float
    source: str
    sequence: int
    name: str
    value: float
    valid: bool


def _below(bound: int, n: int, seed: int) -> Keys:
    raw: npt.NDArray[np.uint64] = np.random.PCG64(seed).random_raw(n)
    return (raw % np.uint64(bound)).astype(np.int64)


def chronological_keys(n: int) -> Keys:
    """`n` ascending int64 keys, epoch nanoseconds, about one in 2,000 tied."""
    gaps = _below(2 * MEAN_GAP_NS, n, SEED_KEYS)
    return np.cumsum(gaps) + np.int64(START_NS)


def input_numbers(n: int, k: int, pattern: Pattern) -> Keys:
    """For each of `n` records in time order: the input, 0 to k-1, that supplies it."""
    if pattern == "interleaved":
        return _below(k, n, SEED_INPUTS)
    run = max(2, min(RUN, n // (RUNS_PER_INPUT * k)))
    # Enough runs to reach n even if each has the least length, half of `run`.
    lengths = (run + 1) // 2 + _below(run, 2 * (n // run) + 2, SEED_RUNS)
    owners = _below(k, len(lengths), SEED_INPUTS)
    return np.repeat(owners, lengths)[:n]


def key_columns(n: int, k: int, pattern: Pattern) -> list[Keys]:
    """`n` int64 keys as `k` sorted columns (contiguous, lengths differ)."""
    keys, numbers = chronological_keys(n), input_numbers(n, k, pattern)
    # One stable sort instead of k masks: k masks over N keys take minutes at k = 1,024.
    by_input = keys[np.argsort(numbers, kind="stable")]
    ends = np.cumsum(np.bincount(numbers, minlength=k))
    return [np.copy(column) for column in np.split(by_input, ends[:-1])]


def time_columns(n: int, k: int, pattern: Pattern) -> list[Times]:
    """As `key_columns`, in float epoch seconds (float64, steps of about 1 us)."""
    return [column / NANOSECONDS for column in key_columns(n, k, pattern)]


def record_lists(n: int, k: int, pattern: Pattern) -> list[list[Record]]:
    """`n` records as `k` lists, each sorted by "time".

    Records are made list by list, as readers make them: neighbours in a list are
    neighbours in memory, neighbours in merged order are not.
    """
    return [
        [
            Record(
                time=time,
                source=f"input-{number}",
                sequence=sequence,
                name="temperature",
                value=sequence * 0.5,
                valid=True,
            )
            for sequence, time in enumerate(column.tolist())
        ]
        for number, column in enumerate(time_columns(n, k, pattern))
    ]


def scattered(lists: list[list[Record]]) -> list[list[Record]]:
    """Equal records, made in random order: neighbours in a list lie anywhere."""
    copies = [list(column) for column in lists]
    places = [(s, i) for s, column in enumerate(lists) for i in range(len(column))]
    raw = np.random.PCG64(SEED_PLACES).random_raw(len(places))
    for place in np.argsort(raw, kind="stable").tolist():
        s, i = places[place]
        copies[s][i] = lists[s][i].copy()
        copies[s][i]["time"] += 0.0  # a float of its own
    return copies
