"""The `chronomux` command. One module a verb, imported when its verb is called.

A verb's module has `add_arguments(parser)` and `run(options) -> int`, the exit code:
0 done, 1 findings, 2 unusable input or usage, 130 Ctrl-C. `command` ends the process;
`main` returns the exit code.
"""

from __future__ import annotations

from chronomux.cli.process import TYPE_CHECKING, command

if TYPE_CHECKING:
    from typing import Any

    from chronomux.cli.entry import main

__all__ = ["command", "main"]


def __getattr__(name: str) -> Any:
    if name != "main":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from chronomux.cli.entry import main

    return main
