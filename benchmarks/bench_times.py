"""Texts to int64 ns, beside what makes a datetime or a float of each.

Ours reads a column of texts that lie in one buffer, as a reader finds them. The peers
get a list of str, are called by `map`, and keep nothing: less than their users pay, as
nothing of theirs is int64 ns yet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from benchmarks.conftest import Scale
from benchmarks.contest import Contender, Contest
from chronomux.readers import time_parser

try:
    import ciso8601
except ImportError:
    ciso8601 = None

START = datetime(2015, 2, 2, 14, 19)


def iso(number: int) -> str:
    return f"{START + timedelta(seconds=59.7 * number):%Y-%m-%d %H:%M:%S}"


def iso_with_fraction(number: int) -> str:
    return f"{iso(number)}.{number % 1_000_000:06}"


def epoch(number: int) -> str:
    return f"{1_700_000_000 + number / 990:.6f}"


def nanoseconds(number: int) -> str:
    return str(1_700_000_000_000_000_000 + 1_001 * number)


FORMS = [iso, iso_with_fraction, epoch, nanoseconds]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_column_of_times(
    contest: Contest, scale: Scale, form: Callable[[int], str]
) -> None:
    n = scale(quick=100_000, full=1_000_000)
    texts = [form(number) for number in range(n)]
    data = "".join(texts).encode()
    sizes = np.array([len(text) for text in texts])
    ends = np.cumsum(sizes)
    starts, times = ends - sizes, np.empty(n, np.int64)
    parse = time_parser()

    def ours() -> None:
        assert not parse.column(data, starts, ends, times)

    ours()
    assert times[::997].tolist() == [parse.slow(text) for text in texts[::997]]
    contest(
        f"times, {form.__name__}",
        ours,
        peers=peers(form, texts),
        yardsticks={"one by one": each(parse, texts)},
        items=n,
    )


def peers(form: Callable[[int], str], texts: list[str]) -> dict[str, Contender | None]:
    if form in (epoch, nanoseconds):
        return {"float": each(float, texts)}
    parse = None if ciso8601 is None else ciso8601.parse_datetime
    return {
        "datetime.fromisoformat": each(datetime.fromisoformat, texts),
        "ciso8601": None if parse is None else each(parse, texts),
    }


def each(parse: Callable[[str], Any], texts: list[str]) -> Contender:
    return lambda: deque(map(parse, texts), maxlen=0)
