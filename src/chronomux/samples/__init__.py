"""Small captures of one machine, recorded for real by `record.py`; the wheel has them.

cpu.csv        20 Hz   time in epoch seconds with a fraction
memory.csv      5 Hz   time in ISO 8601 with a zone
network.csv     2 Hz   time in whole milliseconds since the epoch
scheduler.csv   5 Hz   time in ISO 8601, UTC; the samples arrived late and in bursts,
                       and `arrived` says when
commands.scl    2 Hz   what an instrument was told to do
instrument.pcap        the packets by which it was told and answered, over loopback

Each file is in the order of its own `time`.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOLDER", "captures"]

FOLDER = Path(__file__).resolve().parent


SUFFIXES = ".csv", ".pcap", ".scl"


def captures(*suffixes: str) -> list[Path]:
    """The shipped captures, by name: of all formats, or of these suffixes."""
    kept = suffixes or SUFFIXES
    return sorted(path for path in FOLDER.iterdir() if path.suffix in kept)
