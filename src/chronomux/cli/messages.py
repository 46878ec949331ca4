"""What the command says besides its result: lines on stderr that bear its name."""

from __future__ import annotations

import sys

__all__ = ["say"]


def say(text: str) -> None:
    """A line on stderr; nothing if that is closed (`print` would take stdout)."""
    if sys.stderr is not None:
        print(f"chronomux: {text}", file=sys.stderr)
