"""The `chronomux` command. One module a verb, imported when its verb is called.

A verb's module has `add_arguments(parser)` and `run(options) -> int`, the exit code:
0 done, 1 findings, 2 unusable input or usage, 130 Ctrl-C.
"""

from __future__ import annotations

from chronomux.cli.entry import main

__all__ = ["main"]
