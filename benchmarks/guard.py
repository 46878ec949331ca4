"""Hold every benchmark's ratio to its floor.

    python benchmarks/guard.py                       measure all (under five minutes)
    python benchmarks/guard.py benchmarks/bench_merge.py
    python benchmarks/guard.py --compare OLD.json    also show what moved since OLD.json
    python benchmarks/guard.py --reuse               judge build/bench.json as it is

Exit status: 0 all floors hold; 1 a ratio stays under its floor after four more
measurements, a group is unguarded, or a benchmark fails; 2 unusable input.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script

from benchmarks import ratios, tables
from benchmarks.measure import ROOT, SUITES, MeasureError, load, measure, save
from benchmarks.ratios import FLOORS, Floor, Report, ReportError

REPORT = ROOT / "build" / "bench.json"
REMEASUREMENTS = 4
BUDGET_SECONDS = 300


def settle(
    report: Report,
    floors: Mapping[str, Floor],
    again: Callable[[Sequence[str]], Report],
) -> Report:
    """Measure the groups under a floor again, four times at most, and keep their best.

    Noise passes, a slower program does not. `again(node_ids)` measures.
    """
    for _ in range(REMEASUREMENTS):
        groups = ratios.read_groups(report)
        names = ratios.failing(groups, floors)
        if not names:
            break
        print(f"under a floor, measuring again: {', '.join(names)}")
        tests = [test for name in names for test in groups[name].tests]
        report = ratios.keep_better(report, again(tests), names, floors)
    return report


def judge(report: Report, floors: Mapping[str, Floor], *, complete: bool) -> list[str]:
    """Print the table; return what is wrong, one line each."""
    groups = ratios.read_groups(report)
    print(tables.machine_line(report))
    print(tables.ratio_table(groups, floors))
    for note in tables.notes(groups.values()):
        print(note)
    for name in groups:
        if name in floors and floors[name].informational:
            print(f"no floor for [{name}]: {floors[name].informational}")
    wrong = list(ratios.problems(groups, floors, complete=complete))
    for name in ratios.failing(groups, floors):
        for contender, least in floors[name].ratios.items():
            if contender in groups[name].seconds:
                ratio = groups[name].ratio(contender)
                if ratio < least:
                    wrong.append(
                        f"[{name}] {contender}: {ratio:.2f} is under {least:g}"
                    )
    return wrong


def compare(before: Report, after: Report) -> None:
    """Print the ratios that moved; seconds on two days or machines say nothing."""
    for key in ("scale", "python_version", "cpu"):
        old, new = before["machine_info"].get(key), after["machine_info"].get(key)
        if key == "cpu":
            old, new = (old or {}).get("brand_raw"), (new or {}).get("brand_raw")
        if old != new:
            print(f"note: {key} was {old!r}, is {new!r}")
    print(tables.change_table(ratios.changes(before, after)))


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="guard.py", description="Hold every benchmark's ratio to its floor."
    )
    parser.add_argument("tests", nargs="*", help="files or node ids (default: all)")
    parser.add_argument("--json", type=Path, default=REPORT, help="the report's path")
    parser.add_argument("--floors", type=Path, default=FLOORS, help="floors.toml")
    parser.add_argument("--compare", type=Path, metavar="OLD.json")
    parser.add_argument("--scale", choices=("quick", "full"), default="quick")
    parser.add_argument(
        "--reuse", action="store_true", help="judge the report there is"
    )
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> int:
    floors = ratios.load_floors(options.floors)
    # Before measuring: a wrong path should not cost five minutes.
    before = load(options.compare) if options.compare else None
    if options.reuse:
        report = load(options.json)
    else:
        start = time.monotonic()
        report = measure(options.tests or [SUITES], options.scale)
        took = time.monotonic() - start
        # Also there to look at should a second measurement fail.
        save(report, options.json)
        report = settle(report, floors, lambda ids: measure(ids, options.scale))
        save(report, options.json)
        if options.scale == "quick" and took > BUDGET_SECONDS:
            print(f"note: measuring took {took:.0f} s, over {BUDGET_SECONDS} s")
    wrong = judge(report, floors, complete=not options.tests)
    if before is not None:
        compare(before, report)
    for line in wrong:
        print(f"guard: {line}")
    print("guard: all floors hold" if not wrong else f"guard: {len(wrong)} findings")
    return 1 if wrong else 0


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments(argv)
    try:
        return run(options)
    except MeasureError as error:
        print(f"guard: {error}", file=sys.stderr)
        return 1
    except ReportError as error:
        print(f"guard: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
