"""Small made-up benchmark reports, in the form that pytest-benchmark writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.ratios import Report


def entry(group: str | None, ours: float, **extra: Any) -> dict[str, Any]:
    """One contest's entry as pytest-benchmark writes it; `peers=` in extra_info."""
    name = f"test_{group}"
    return {
        "group": group,
        "name": name,
        "fullname": f"benchmarks/bench_made_up.py::{name}",
        "param": None,
        "params": None,
        "extra_info": {"contender": "chronomux", **extra},
        "stats": {"min": ours, "median": 2 * ours},
    }


def report(*entries: dict[str, Any], **peers: str | None) -> Report:
    return {
        "machine_info": {
            "machine": "x86_64",
            "system": "Linux",
            "python_implementation": "CPython",
            "python_version": "3.11.2",
            "cpu": {"brand_raw": "Made Up 1", "count": 2},
            "scale": "quick",
            "peers": peers,
        },
        "datetime": "2024-02-29T12:00:00+00:00",
        "benchmarks": list(entries),
    }


def race(group: str, ratio: float) -> dict[str, Any]:
    return entry(group, 1.0, peers={"slow": [ratio, ratio + 5]})


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
