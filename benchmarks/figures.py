"""Print the README's figures, or write them between its markers.

    python benchmarks/figures.py                       measure at full scale and print
    python benchmarks/figures.py --write README.md     and put them into the README
    python benchmarks/figures.py --reuse ...           from the report there is

Figures are never typed by hand: the block in the README is this command's output.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a script

from benchmarks import tables
from benchmarks.measure import ROOT, SUITES, MeasureError, load, measure, save
from benchmarks.ratios import Report, ReportError

REPORT = ROOT / "build" / "figures.json"
BEGIN = "<!-- figures: begin -->"
END = "<!-- figures: end -->"


def block(report: Report) -> str:
    """The figures with machine, date and command, between the markers."""
    scale = report["machine_info"].get("scale", "quick")
    parts = [
        BEGIN,
        f"Printed by `python benchmarks/figures.py --scale {scale}`; CPU time (wall "
        f"time where a row says so, and for pools), best of interleaved rounds; in "
        f"brackets how many times as long as chronomux.",
        f"{tables.machine_line(report)}.",
    ]
    for subject, groups in tables.by_subject(report).items():
        parts += [f"{subject.capitalize()}:", tables.markdown(groups)]
        parts += [f"{note}." for note in tables.notes(groups)]
    return "\n\n".join([*parts, END])


def replace_block(text: str, figures: str, where: Path) -> str:
    """`text` with `figures` in place of what stands between the markers."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise ReportError(f"{where}: needs one {BEGIN} and, after it, one {END}")
    head, rest = text.split(BEGIN)
    if END not in rest:
        raise ReportError(f"{where}: {END} stands before {BEGIN}")
    return head + figures + rest.split(END)[1]


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="figures.py", description="Print the README's figures."
    )
    parser.add_argument("tests", nargs="*", help="files or node ids (default: all)")
    parser.add_argument("--json", type=Path, default=REPORT, help="the report's path")
    parser.add_argument("--scale", choices=("quick", "full"), default="full")
    parser.add_argument("--reuse", action="store_true", help="use the report there is")
    parser.add_argument("--write", type=Path, metavar="README.md")
    return parser.parse_args(argv)


def run(options: argparse.Namespace) -> None:
    if options.reuse:
        report = load(options.json)
    else:
        report = measure(options.tests or [SUITES], options.scale)
        save(report, options.json)
    figures = block(report)
    if options.write is None:
        print(figures)
    else:
        text = options.write.read_text(encoding="utf-8")
        text = replace_block(text, figures, options.write)
        options.write.write_text(text, encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    try:
        run(arguments(argv))
    except (MeasureError, ReportError, OSError) as error:
        print(f"figures: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
