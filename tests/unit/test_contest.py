"""A contest measures everyone in turn on one clock, off pytest-benchmark's own time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.contest import FEWEST_ROUNDS, MOST_ROUNDS, Contest, by_clock
from tests.benchmark_reports import entry, race


class Benchmark:
    """What a contest uses of pytest-benchmark's fixture."""

    def __init__(self) -> None:
        self.group: str | None = None
        self.extra_info: dict[str, Any] = {}
        self.rounds = 0

    def pedantic(
        self, target: Callable[..., object], setup: Callable[[], Any], rounds: int
    ) -> None:
        assert self.group, "pytest-benchmark reads the group before it measures"
        self.rounds = rounds
        for _ in range(rounds):
            args, kwargs = setup()
            target(*args, **kwargs)


class Track:
    """A clock that only contenders move, and the order in which they did."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def contender(self, name: str, seconds: float) -> Callable[[], str]:
        def run() -> str:
            self.calls.append(name)
            self.now += seconds
            return name

        return run

    def time(self) -> float:
        return self.now


def test_contenders_take_turns_and_the_order_of_the_peers_rotates() -> None:
    track, benchmark = Track(), Benchmark()
    Contest(benchmark, track.time, budget=0)(
        "group",
        track.contender("ours", 1),
        peers={"p": track.contender("p", 2), "q": track.contender("q", 3)},
        yardsticks={"y": track.contender("y", 4)},
        items=10,
    )
    warm_up, rounds = track.calls[:4], track.calls[4:]
    assert warm_up == ["ours", "p", "q", "y"]
    assert rounds[:4] == ["p", "q", "y", "ours"]
    assert rounds[4:8] == ["q", "y", "p", "ours"]
    assert rounds[8:12] == ["y", "p", "q", "ours"]
    assert len(rounds) == 4 * FEWEST_ROUNDS


def test_times_of_peers_and_yardsticks_are_kept_round_by_round() -> None:
    track, benchmark = Track(), Benchmark()
    Contest(benchmark, track.time, budget=0)(
        "group",
        track.contender("ours", 1),
        peers={"p": track.contender("p", 2), "absent": None},
        yardsticks={"y": track.contender("y", 4)},
        items=10,
    )
    assert benchmark.group == "group"
    assert benchmark.extra_info == {
        "contender": "chronomux",
        "items": 10,
        "peers": {"p": [2.0] * FEWEST_ROUNDS},
        "yardsticks": {"y": [4.0] * FEWEST_ROUNDS},
        "missing": ["absent"],
    }


@pytest.mark.parametrize(
    ("budget", "rounds"),
    [(0, FEWEST_ROUNDS), (30, 10), (1e9, MOST_ROUNDS)],
)
def test_rounds_fit_the_budget_within_bounds(budget: float, rounds: int) -> None:
    track, benchmark = Track(), Benchmark()
    Contest(benchmark, track.time, budget)(
        "group", track.contender("ours", 1), peers={"p": track.contender("p", 2)}
    )
    assert benchmark.rounds == rounds


def test_every_call_is_given_what_was_prepared_for_it_off_the_clock() -> None:
    track, benchmark = Track(), Benchmark()
    used: list[object] = []

    def filled_queue() -> tuple[list[int]]:
        track.now += 1000
        return ([],)

    def take(queue: list[int]) -> None:
        assert queue == [], "an input was used twice"
        queue.append(1)
        used.append(queue)
        track.now += 1

    Contest(benchmark, track.time, budget=0)(
        "group", take, peers={"p": take}, prepare=filled_queue
    )
    assert benchmark.extra_info["peers"]["p"] == [1.0] * FEWEST_ROUNDS
    assert len(used) == 2 + 2 * FEWEST_ROUNDS


def test_rounds_asked_for_are_not_bound_by_the_budget() -> None:
    track, benchmark = Track(), Benchmark()
    Contest(benchmark, track.time, budget=0)(
        "group", track.contender("ours", 1), peers={}, rounds=3
    )
    assert benchmark.rounds == 3


def test_second_clock_measures_the_same_rounds_without_the_warm_up() -> None:
    track, other, benchmark = Track(), Track(), Benchmark()
    calls = iter(range(100))

    def ours() -> None:
        track.now += 1
        other.now += 100 if next(calls) == 0 else 10

    def peer() -> None:
        track.now += 2
        other.now += 30

    Contest(benchmark, track.time, budget=0)(
        "wall", ours, peers={"p": peer}, second=("CPU", other.time)
    )
    assert benchmark.extra_info["peers"] == {"p": [2.0] * FEWEST_ROUNDS}
    assert benchmark.extra_info["second"] == {
        "group": "CPU",
        "seconds": {
            "chronomux": [10.0] * FEWEST_ROUNDS,
            "p": [30.0] * FEWEST_ROUNDS,
        },
    }


def test_what_a_second_clock_measured_becomes_a_group_of_its_own() -> None:
    measured = entry(
        "wall",
        1.0,
        peers={"p": [2.0]},
        yardsticks={"y": [3.0]},
        missing=["absent"],
        note="once",
        second={
            "group": "CPU",
            "seconds": {"chronomux": [6.0, 5.0], "p": [7.0], "y": [8.0]},
        },
    )
    alone = race("alone", 3.0)
    first, second, third = by_clock([measured, alone])
    assert third == alone
    assert "second" not in first["extra_info"]
    assert first["extra_info"]["peers"] == {"p": [2.0]}
    assert second["group"] == "CPU"
    assert second["fullname"] == first["fullname"]
    assert second["stats"]["min"] == 5.0
    assert second["extra_info"]["peers"] == {"p": [7.0]}
    assert second["extra_info"]["yardsticks"] == {"y": [8.0]}
    assert second["extra_info"]["missing"] == ["absent"]
    assert (first["extra_info"]["note"], second["extra_info"]["note"]) == ("once", "")


def test_no_result_is_alive_while_another_contender_runs() -> None:
    alive: list[str] = []

    class Result:
        def __init__(self, name: str) -> None:
            self.name = name
            assert alive == [], f"{name} runs beside the result of {alive}"
            alive.append(name)

        def __del__(self) -> None:
            alive.remove(self.name)

    track = Track()
    Contest(Benchmark(), track.time, budget=0)(
        "group",
        lambda: Result("ours"),
        peers={"p": lambda: Result("p"), "q": lambda: Result("q")},
    )
