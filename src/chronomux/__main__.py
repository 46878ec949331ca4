"""`python -m chronomux` is the `chronomux` command."""

from __future__ import annotations

import sys

from chronomux.cli import main

if __name__ == "__main__":
    sys.exit(main())
