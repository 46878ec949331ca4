"""What every benchmark shares: scale, clock, contest, and facts about the machine.

    pytest benchmarks                 quick scale: what the guard runs, in minutes
    pytest benchmarks --scale full    the sizes the targets speak of, for the README

How a benchmark is written: one test a group, which hands our code and the peers to the
`contest` fixture:

    def test_sum(contest, scale):
        numbers = list(range(scale(quick=10_000, full=1_000_000)))
        contest("sum", lambda: ours(numbers), peers={"sum": lambda: sum(numbers)})

A call should take a millisecond or more, at least a hundred times what the clock and
the call itself cost.

Tests that need pytest-benchmark's own `benchmark` fixture work too: one test a
contender, all with the same `benchmark.group`, each with its name in
`benchmark.extra_info["contender"]` (or a parameter `contender`), ours "chronomux".

The clock is CPU time of this process, all threads (`time.process_time`): other people's
work on the machine does not count. Where other processes do part of the work, mark the
test `@pytest.mark.benchmark(timer=time.perf_counter)`; if they are those of a `Crew`,
its `cpu_seconds` can be the contest's second clock.
"""

from __future__ import annotations

import importlib.metadata
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

from benchmarks import ratios, tables
from benchmarks.contest import Contest, by_clock
from benchmarks.crew import Crew
from benchmarks.lines import Line
from benchmarks.roles import SIZE, Kit, Role, make_kit

HERE = Path(__file__).resolve().parent
BUDGET_SECONDS = {"quick": 2.0, "full": 10.0}
MEASURED = pytest.StashKey[list[dict[str, Any]]]()


class Scale(Protocol):
    def __call__(self, *, quick: int, full: int) -> int: ...


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scale",
        choices=sorted(BUDGET_SECONDS),
        default="quick",
        help="how much data the benchmarks use (default: quick)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Its tables know nothing of the peers in a contest; ours follow at the end.
    if not config.getoption("benchmark_verbose"):
        config.option.benchmark_quiet = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            mark = item.get_closest_marker("benchmark")
            settings = {"timer": time.process_time, "disable_gc": True}
            settings.update(mark.kwargs if mark else {})
            item.add_marker(pytest.mark.benchmark(**settings), append=False)


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """`scale(quick=n, full=m)` is the size to use."""
    chosen = request.config.getoption("--scale")

    def size(*, quick: int, full: int) -> int:
        return {"quick": quick, "full": full}[chosen]

    return size


@pytest.fixture
def contest(request: pytest.FixtureRequest, benchmark: Any) -> Contest:
    """Measures our code and its peers round-robin; see `benchmarks.contest`."""
    mark = request.node.get_closest_marker("benchmark")
    timer: Callable[[], float] = mark.kwargs["timer"]
    budget = BUDGET_SECONDS[request.config.getoption("--scale")]
    return Contest(benchmark, timer, budget)


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """The queues of all contenders."""
    return make_kit(tmp_path_factory.mktemp("lines"))


@pytest.fixture(scope="session")
def lines(kit: Kit) -> dict[str, Line]:
    """Ours and the peers that are installed, by name."""
    return kit.transport


@pytest.fixture(scope="session")
def crew(kit: Kit) -> Iterator[Crew]:
    """The processes that all benchmarks of queues run in; see `benchmarks.roles`."""
    with Crew(SIZE, Role, kit) as workers:
        yield workers


def pytest_benchmark_update_machine_info(
    config: pytest.Config, machine_info: dict[str, Any]
) -> None:
    # Reports get published; a host's name is nobody's business.
    machine_info.pop("node", None)
    machine_info["scale"] = config.getoption("--scale")
    machine_info["peers"] = peer_versions()


def pytest_benchmark_update_json(
    config: pytest.Config, benchmarks: list[Any], output_json: dict[str, Any]
) -> None:
    output_json["benchmarks"] = list(by_clock(output_json["benchmarks"]))


def peer_versions() -> dict[str, str | None]:
    """Version of numpy and of each peer in the extra `bench`; None: not installed."""
    requirements = importlib.metadata.requires("chronomux") or []
    extras = [line for line in requirements if re.search(r"extra == .bench.", line)]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in extras]
    return {name: _version(name) for name in ["numpy", *names]}


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def pytest_benchmark_group_stats(
    config: pytest.Config, benchmarks: list[dict[str, Any]]
) -> None:
    """Keep what was measured for the summary, and let the default grouping go on."""
    entries = ({**flat, "stats": flat} for flat in benchmarks)
    config.stash[MEASURED] = list(by_clock(entries))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    measured = config.stash.get(MEASURED, [])
    if measured:
        terminalreporter.section("ratios (peer / chronomux, best rounds)")
        report = {"benchmarks": measured, "machine_info": {"peers": peer_versions()}}
        groups = ratios.read_groups(report)
        terminalreporter.write_line(tables.ratio_table(groups, ratios.load_floors()))
        for note in tables.notes(groups.values()):
            terminalreporter.write_line(note)
