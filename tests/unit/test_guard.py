"""The guard's arithmetic on small made-up reports: ratios, floors, second chances."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import guard, ratios, tables
from benchmarks.measure import MeasureError
from benchmarks.ratios import Floor, Report, ReportError
from tests.benchmark_reports import entry, race, report, written

FLOORS = {"a": Floor({"slow": 2.0}), "b": Floor({"slow": 2.0})}


class Remeasurement:
    """Stands in for pytest: gives the next report of a list, and notes what it ran."""

    def __init__(self, *reports: Report) -> None:
        self.reports = list(reports)
        self.ran: list[Sequence[str]] = []

    def __call__(self, tests: Sequence[str]) -> Report:
        self.ran.append(tests)
        return self.reports.pop(0)


# Ratios


def test_ratio_is_the_best_time_of_a_peer_over_ours() -> None:
    made = report(entry("a", 2.0, peers={"slow": [9.0, 6.0, 7.0]}))
    assert ratios.read_groups(made)["a"].ratio("slow") == 3.0


def test_contenders_measured_by_tests_of_their_own_join_their_group() -> None:
    ours = entry("a", 2.0)
    by_info = entry("a", 5.0)
    by_info["extra_info"]["contender"] = "pathos"
    by_params = entry("a", 8.0)
    by_params["extra_info"] = {}
    by_params.update(params={"contender": "pool", "n": 3}, param="pool-3")
    by_id = entry("a", 10.0)
    by_id["extra_info"] = {}
    by_id.update(param="threads")
    group = ratios.read_groups(report(ours, by_info, by_params, by_id))["a"]
    assert group.seconds == {
        "chronomux": 2.0,
        "pathos": 5.0,
        "pool": 8.0,
        "threads": 10.0,
    }
    assert len(group.tests) == 4


def test_best_peer_is_the_fastest_and_never_a_yardstick() -> None:
    made = report(
        entry(
            "a",
            2.0,
            peers={"slow": [9.0], "fast": [3.0], "chronomux unchecked": [1.9]},
            yardsticks={"memcpy": [1.0]},
        )
    )
    group = ratios.read_groups(made)["a"]
    assert group.best_peer == "fast"
    assert group.others == ["fast", "slow", "memcpy", "chronomux unchecked"]


def test_group_without_our_time_is_an_error_that_names_it() -> None:
    lone = entry("a", 1.0)
    lone["extra_info"]["contender"] = "heapq"
    with pytest.raises(ReportError, match=r"'a'.*'chronomux'.*\['heapq'\]"):
        ratios.read_groups(report(lone))


def test_benchmark_without_group_is_an_error_that_names_the_test() -> None:
    with pytest.raises(ReportError, match=r"bench_made_up.py::test_None"):
        ratios.read_groups(report(entry(None, 1.0)))


# Floors


def test_floors_are_read_by_group_and_peer(tmp_path: Path) -> None:
    path = written(
        tmp_path / "floors.toml",
        '["a b"]\n"heapq.merge" = 3\nx = 0.5\n[c]\ninformational = "new"\n',
    )
    assert ratios.load_floors(path) == {
        "a b": Floor({"heapq.merge": 3.0, "x": 0.5}),
        "c": Floor({}, "new"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a]\n", r"\[a\].*name a peer"),
        ("a = 3\n", r"\[a\].*name a peer"),
        ("[a]\nx = 0\n", r"\[a\].*'x' is not a positive number"),
        ("[a]\nx = true\n", r"\[a\].*'x' is not a positive number"),
        ("[a]\nx = nan\n", r"\[a\].*'x' is not a positive number"),
        ("[a]\nx = '3'\n", r"\[a\].*'x' is not a positive number"),
        ("[a]\ninformational = ' '\n", r"\[a\].*the reason"),
        ("[a]\ninformational = 'why'\nx = 1\n", r"\[a\].*no floors"),
        ("[a\n", r"floors.toml: "),
    ],
)
def test_malformed_floor_is_an_error_that_names_the_group(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ReportError, match=message):
        ratios.load_floors(written(tmp_path / "floors.toml", text))


def test_shipped_floors_are_well_formed() -> None:
    floors = ratios.load_floors()
    assert floors["merge_order k=8 interleaved"].ratios["numpy"] > 1


def test_margin_is_the_least_ratio_over_its_floor() -> None:
    made = report(entry("a", 1.0, peers={"x": [3.0], "y": [4.0]}))
    group = ratios.read_groups(made)["a"]
    assert ratios.margin(group, Floor({"x": 2.0, "y": 4.0})) == 1.0
    assert ratios.margin(group, Floor({"x": 2.0, "y": 8.0})) == 0.5
    assert ratios.margin(group, Floor({}, "why")) == math.inf


def test_ratio_on_its_floor_holds_and_below_it_fails() -> None:
    groups = ratios.read_groups(report(race("a", 2.0), race("b", 1.999)))
    assert ratios.failing(groups, FLOORS) == ["b"]


def test_group_without_an_entry_is_a_problem_and_an_informational_one_is_not() -> None:
    groups = ratios.read_groups(report(race("a", 9.0), race("b", 0.1)))
    floors = {"b": Floor({}, "depends on the kernel")}
    (problem,) = ratios.problems(groups, floors, complete=True)
    assert problem.startswith("[a] has no entry in floors.toml")
    assert ratios.failing(groups, floors) == []


def test_floor_that_guards_nothing_is_a_problem() -> None:
    groups = ratios.read_groups(report(race("a", 9.0)))
    floors = {"a": Floor({"slo": 2.0}), "gone": Floor({"slow": 2.0})}
    assert list(ratios.problems(groups, floors, complete=True)) == [
        "[a] has a floor for 'slo', which nothing measures",
        "[gone] is in floors.toml, but nothing measures it",
    ]
    # With only some files measured, other groups' floors are out of question.
    assert len(list(ratios.problems(groups, floors, complete=False))) == 1


@pytest.mark.parametrize("peer", ["polars", "polars lazy"])
def test_missing_peer_skips_its_floor_on_a_line_of_its_own(peer: str) -> None:
    by_machine = report(race("a", 9.0), polars=None)
    by_contest = report(entry("a", 1.0, peers={"slow": [9.0]}, missing=[peer]))
    floors = {"a": Floor({"slow": 2.0, peer: 2.0})}
    for made in (by_machine, by_contest):
        groups = ratios.read_groups(made)
        assert list(ratios.problems(groups, floors, complete=True)) == []
        assert ratios.failing(groups, floors) == []
        last = tables.ratio_table(groups, floors).splitlines()[-1]
        assert peer in last
        assert last.endswith("not installed, skipped")


# Second chances


def test_only_failing_groups_are_measured_again_and_noise_is_forgiven() -> None:
    again = Remeasurement(report(race("b", 2.5)))
    settled = guard.settle(report(race("b", 1.0), race("a", 3.0)), FLOORS, again)
    assert again.ran == [["benchmarks/bench_made_up.py::test_b"]]
    groups = ratios.read_groups(settled)
    assert list(groups) == ["b", "a"], "in the order of the first report"
    assert groups["a"].ratio("slow") == 3.0
    assert groups["b"].ratio("slow") == 2.5


def test_ratio_that_stays_under_its_floor_is_measured_four_times_more() -> None:
    again = Remeasurement(*[report(race("b", ratio)) for ratio in (1.5, 1.2, 1.4, 1.1)])
    settled = guard.settle(report(race("a", 3.0), race("b", 1.0)), FLOORS, again)
    assert len(again.ran) == 4
    groups = ratios.read_groups(settled)
    assert groups["b"].ratio("slow") == 1.5, "the best of the five is kept"
    assert ratios.failing(groups, FLOORS) == ["b"]


def test_nothing_is_measured_again_when_all_floors_hold() -> None:
    again = Remeasurement()
    made = report(race("a", 3.0), race("b", 2.0))
    assert guard.settle(made, FLOORS, again) == made
    assert again.ran == []


def test_all_floors_of_a_group_must_hold_in_one_measurement() -> None:
    def two(x: float, y: float) -> Report:
        return report(entry("a", 1.0, peers={"x": [x], "y": [y]}))

    floors = {"a": Floor({"x": 2.0, "y": 2.0})}
    again = Remeasurement(*[two(1.0, 3.0)] * 4)
    settled = guard.settle(two(3.0, 1.0), floors, again)
    assert ratios.failing(ratios.read_groups(settled), floors) == ["a"]


# Comparing with an older report


def test_changes_are_in_ratios_and_what_moved_most_comes_first() -> None:
    before = report(race("a", 4.0), race("b", 2.0), race("gone", 1.0))
    # Twice as slow a machine: seconds double, ratios do not.
    slower = entry("a", 2.0, peers={"slow": [8.0]})
    after = report(slower, race("b", 1.0), race("new", 1.0))
    found = [(c.group, c.before, c.after) for c in ratios.changes(before, after)]
    assert sorted(found[:2]) == [("gone", 1.0, None), ("new", None, 1.0)]
    assert found[2:] == [("b", 2.0, 1.0), ("a", 4.0, 4.0)]


def test_comparison_shows_what_moved_and_counts_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = report(race("a", 4.0), race("b", 2.0), race("gone", 1.0))
    after = report(race("a", 4.2), race("b", 1.0))
    after["machine_info"]["python_version"] = "3.12.1"
    guard.compare(before, after)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "note: python_version was '3.11.2', is '3.12.1'"
    assert lines[2].split()[0] == "gone"
    assert lines[2].endswith("new or gone")
    assert lines[3].split() == ["b", "slow", "2.00", "1.00", "-50", "%"]
    assert lines[4] == "1 ratios moved by less than 10 %"


# The command


def command(tmp_path: Path, made: Report, floors: str, *options: str) -> int:
    bench = written(tmp_path / "bench.json", json.dumps(made))
    toml = written(tmp_path / "floors.toml", floors)
    return guard.main(
        ["--reuse", "--json", str(bench), "--floors", str(toml), *options]
    )


def test_command_exits_0_and_prints_the_table_when_floors_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, report(race("a", 3.0)), "[a]\nslow = 2\n") == 0
    out = capsys.readouterr().out
    assert "Made Up 1, 2 cores" in out
    assert ["a", "1", "s", "slow", "3", "s", "3.00", "2"] in [
        line.split() for line in out.splitlines()
    ]
    assert out.endswith("guard: all floors hold\n")


def test_command_exits_1_and_names_the_ratio_under_its_floor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path, report(race("a", 1.5)), "[a]\nslow = 2\n") == 1
    assert "guard: [a] slow: 1.50 is under 2\n" in capsys.readouterr().out


def test_command_exits_1_for_an_unguarded_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = report(race("a", 3.0), race("b", 3.0))
    assert command(tmp_path, made, "[a]\nslow = 2\n") == 1
    assert "guard: [b] has no entry" in capsys.readouterr().out


def test_command_prints_the_reason_of_an_informational_group(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    floors = '[a]\ninformational = "the kernel decides"\n'
    assert command(tmp_path, report(race("a", 0.1)), floors) == 0
    assert "no floor for [a]: the kernel decides" in capsys.readouterr().out


def test_command_exits_2_for_a_report_that_is_missing_or_no_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = tmp_path / "absent.json"
    assert guard.main(["--reuse", "--json", str(absent)]) == 2
    assert f"{absent}: No such file" in capsys.readouterr().err
    assert guard.main(["--reuse", "--json", str(written(absent, "[]"))]) == 2
    assert "not a report" in capsys.readouterr().err


def test_wrong_compare_path_is_found_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "measure", Remeasurement())
    assert guard.main(["--compare", str(tmp_path / "absent.json")]) == 2


def test_command_measures_settles_and_writes_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []

    def measure(tests: Sequence[str], scale: str) -> Report:
        ran.append((list(tests), scale))
        return report(race("a", 1.0 if len(ran) == 1 else 2.0))

    monkeypatch.setattr(guard, "measure", measure)
    path, toml = tmp_path / "out" / "bench.json", tmp_path / "floors.toml"
    written(toml, "[a]\nslow = 2\n")
    assert guard.main(["--json", str(path), "--floors", str(toml)]) == 0
    assert ran == [
        (["benchmarks"], "quick"),
        (["benchmarks/bench_made_up.py::test_a"], "quick"),
    ]
    assert ratios.read_groups(guard.load(path))["a"].ratio("slow") == 2.0


def test_failing_benchmark_exits_1_with_its_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(tests: Sequence[str], scale: str) -> Report:
        raise MeasureError("AssertionError: another order than ours")

    monkeypatch.setattr(guard, "measure", measure)
    assert guard.main([]) == 1
    assert "another order than ours" in capsys.readouterr().err
