"""Where a writer writes: a path, which it opens and closes, or an open file."""

from __future__ import annotations

import os
from typing import IO, Any, NamedTuple, TypeAlias

__all__ = ["BinaryFile", "Target", "open_target"]

BinaryFile: TypeAlias = "str | os.PathLike[str] | IO[bytes]"


class Target(NamedTuple):
    """A file of bytes, what messages call it, and whether it is the writer's own."""

    file: Any
    name: str
    is_own: bool


def open_target(filename: BinaryFile, buffering: int) -> Target:
    """Open a path, to be overwritten; TypeError for what nothing can be written to."""
    if isinstance(filename, (str, os.PathLike)):
        return Target(open(filename, "wb", buffering), os.fspath(filename), True)
    if not callable(getattr(filename, "write", None)):
        raise TypeError(f"{filename!r}: give a path, or an object with write()")
    name = getattr(filename, "name", None)
    if not isinstance(name, str):
        name = f"<{type(filename).__name__}>"
    return Target(filename, name, False)
