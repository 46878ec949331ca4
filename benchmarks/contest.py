"""One contest: our code and its peers, round-robin, on one clock.

pytest-benchmark measures one function at a time, minutes apart from its peers, and a
machine that is shared or throttled changes its speed in between. Here the peers run in
the untimed `setup` of each of our rounds, timed by the same clock: a slow second hits
every contender, so ratios stay where seconds do not. The order of the peers rotates, so
that none always inherits the caches of the same predecessor.
"""

from __future__ import annotations

import gc
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from benchmarks.ratios import OURS

Contender: TypeAlias = Callable[..., object]
Prepare: TypeAlias = Callable[[], tuple[Any, ...]]
Timer: TypeAlias = Callable[[], float]

FEWEST_ROUNDS = 7
MOST_ROUNDS = 40


class Contest:
    """Measures contenders in turn; the fixture `contest` makes one for each test.

    timer   seconds as a float; CPU time unless the test's `benchmark` mark says other.
    budget  seconds one contest may take, beyond `FEWEST_ROUNDS` rounds.
    """

    def __init__(self, benchmark: Any, timer: Timer, budget: float) -> None:
        self._benchmark = benchmark
        self._timer = timer
        self._budget = budget

    def __call__(
        self,
        group: str,
        ours: Contender,
        *,
        peers: Mapping[str, Contender | None],
        yardsticks: Mapping[str, Contender | None] | None = None,
        items: int | None = None,
        prepare: Prepare = tuple,
        rounds: int | None = None,
        second: tuple[str, Timer] | None = None,
        note: str = "",
    ) -> None:
        """Measure `ours` against `peers` and `yardsticks` as benchmark group `group`.

        Peers compete; yardsticks (a memcpy, our code with an option off) are measured
        but never called the best peer. None stands for a contender that is not
        installed. `items` is what one call handles, to print times per item. What a
        call uses up (a filled queue) comes from `prepare`, off the clock: the tuple it
        returns is the call's arguments, made anew for each.

        rounds: how many, instead of as many as the budget allows. second: another
        group, and the clock that measures it in the same rounds. note: a finding in
        words, printed below the table.
        """
        yardsticks = yardsticks or {}
        named = {**peers, **yardsticks}
        present = {name: call for name, call in named.items() if call is not None}
        # pytest-benchmark reads the group when it starts to measure.
        self._benchmark.group = group
        if second:
            also = _SecondClock(*second)
            ours = also.timed(OURS, ours)
            present = {name: also.timed(name, call) for name, call in present.items()}
        seconds = self._measure(ours, present, prepare, rounds)
        if second:
            self._benchmark.extra_info["second"] = also.measured()
        self._benchmark.extra_info.update(
            contender=OURS,
            items=items,
            peers={name: seconds[name] for name in peers if name in present},
            yardsticks={name: seconds[name] for name in yardsticks if name in present},
            missing=[name for name in named if name not in present],
        )
        if note:
            self._benchmark.extra_info["note"] = note

    def _measure(
        self,
        ours: Contender,
        others: dict[str, Contender],
        prepare: Prepare,
        rounds: int | None,
    ) -> dict[str, list[float]]:
        """Our rounds go to pytest-benchmark, the others' are returned, in seconds."""
        seconds: dict[str, list[float]] = {name: [] for name in others}
        turns = itertools.count()
        held: list[object] = []

        def others_turn() -> tuple[tuple[Any, ...], dict[str, Any]]:
            # Results are freed between turns and off the clock, for every contender.
            held.clear()
            first = next(turns) % max(1, len(others))
            names = list(others)
            for name in names[first:] + names[:first]:
                seconds[name].append(self._seconds(others[name], prepare))
            return prepare(), {}

        # A collection would bill one contender for the objects of all.
        gc.collect()
        gc.disable()
        try:
            affordable = self._rounds([ours, *others.values()], prepare)
            self._benchmark.pedantic(
                lambda *given: held.append(ours(*given)),
                setup=others_turn,
                rounds=rounds or affordable,
            )
        finally:
            gc.enable()
        return seconds

    def _rounds(self, contenders: list[Contender], prepare: Prepare) -> int:
        """Run everyone once (warm caches and imports) and see how many rounds fit."""
        cost = sum(self._seconds(contender, prepare) for contender in contenders)
        affordable = int(self._budget / max(cost, 1e-6))
        return max(FEWEST_ROUNDS, min(MOST_ROUNDS, affordable))

    def _seconds(self, contender: Contender, prepare: Prepare) -> float:
        given = prepare()
        start = self._timer()
        result = contender(*given)
        seconds = self._timer() - start
        del result
        return seconds


class _SecondClock:
    """Seconds of the same calls on another clock, the warm-up of each left out."""

    def __init__(self, group: str, timer: Timer) -> None:
        self._group = group
        self._timer = timer
        self._seconds: dict[str, list[float]] = {}

    def timed(self, name: str, call: Contender) -> Contender:
        seconds = self._seconds[name] = []

        def run(*given: Any) -> object:
            start = self._timer()
            result = call(*given)
            seconds.append(self._timer() - start)
            return result

        return run

    def measured(self) -> dict[str, Any]:
        rounds = {name: seconds[1:] for name, seconds in self._seconds.items()}
        return {"group": self._group, "seconds": rounds}


def by_clock(entries: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A report's entries; what a second clock measured becomes an entry of its own."""
    for entry in entries:
        extra = dict(entry["extra_info"])
        second = extra.pop("second", None)
        yield {**entry, "extra_info": extra}
        if second is None:
            continue
        seconds = second["seconds"]
        others = {
            kind: {name: seconds[name] for name in extra[kind]}
            for kind in ("peers", "yardsticks")
        }
        yield {
            **entry,
            "group": second["group"],
            "extra_info": {**extra, **others, "note": ""},  # said once is enough
            "stats": {"min": min(seconds[OURS]), "data": seconds[OURS]},
        }
