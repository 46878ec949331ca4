"""Whether a process of this machine, perhaps not a child of ours, still lives."""

from __future__ import annotations

import os
import sys

__all__ = ["has_ended", "started"]


def started(pid: int) -> int:
    """When a process began, in clock ticks after boot; with the pid it names a process
    for good. 0 where the system does not tell, or there is none."""
    fields = _stat(pid)
    return int(fields[19]) if fields else 0


def has_ended(pid: int, began: int) -> bool:
    """Whether the process of that pid that began then is gone, or a zombie."""
    hidden = sys.platform != "linux"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        hidden = True  # it lives; of somebody else's, /proc need not tell
    fields = _stat(pid)
    if not fields:
        return not hidden  # it went between the two questions
    return fields[0] in ("Z", "X") or (began != 0 and int(fields[19]) != began)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none without such a file."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except OSError:
        return []
    # The name before them, in parentheses, may hold anything.
    return text[text.rindex(b")") + 1 :].decode("ascii").split()
