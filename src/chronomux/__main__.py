"""`python -m chronomux` is the `chronomux` command."""

from __future__ import annotations

from chronomux.cli import command

if __name__ == "__main__":
    command()
