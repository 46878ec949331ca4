"""The times of CSV records: which columns make them, and those that are none."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import SimpleNamespace

from chronomux._core.times import TimeParser
from chronomux.errors import ReaderError, TimestampError

__all__ = ["KEY", "ReaderStats", "RecordTimes"]

logger = logging.getLogger("chronomux")

KEY = "timestamp"
_LOCATED = 1000


class ReaderStats(SimpleNamespace):
    """How many records had no readable time, and the first 1000 lines they begin in.

    `types` has those of columns by name, once a batch of them was read.
    """

    bad_times: int
    bad_lines: list[int]
    types: dict[str, str]

    def __init__(self) -> None:
        super().__init__(bad_times=0, bad_lines=[], types={})


class RecordTimes:
    """The times of one file's records: true if any column was named for them.

    `file` is what messages call it, and `missing` the text of a field that a record
    lacks.
    """

    def __init__(
        self,
        file: str,
        timestamp: str | int | Sequence[str | int] | None,
        parser: TimeParser,
        on_error: str,
        missing: str,
    ) -> None:
        if on_error not in ("raise", "skip", "null"):
            raise ValueError(f"on_error={on_error!r}: use 'raise', 'skip' or 'null'")
        self.parser = parser
        self.missing = missing
        self.stats = ReaderStats()
        self._file = file
        self._wanted = _as_columns(timestamp)
        self._on_error = on_error

    def __bool__(self) -> bool:
        return bool(self._wanted)

    def columns(self, names: Sequence[str]) -> list[int]:
        """The numbers of the columns; ReaderError for one that is not there."""
        return [self._column(wanted, list(names)) for wanted in self._wanted]

    def check_key(self, names: Sequence[str]) -> None:
        """The rows' key for times must not hide another column."""
        if KEY in names and not any(names[i] == KEY for i in self.columns(names)):
            raise ReaderError(
                f"{self._file}:1: has a column {KEY!r} that timestamp= does not name; "
                "name it, or give other fieldnames="
            )

    def check_width(self, line: int, fields: Sequence[str], width: int) -> None:
        """A row name read as a time would go unseen: it may well be a number."""
        # A last field that is empty comes from a delimiter at the end of the line.
        if len(fields) == width + 1 and fields[-1]:
            logger.warning(
                "%s:%d: has one field more than the header has names; if the first is "
                "a row name, as R writes it, use row_names=True",
                self._file,
                line,
            )

    def stays_without(self, line: int, error: TimestampError) -> bool:
        """Count a record whose time cannot be read; whether it stays, or raise."""
        if self._on_error == "raise":
            raise TimestampError(
                f"{self._file}:{line}: {error}; use on_error='skip' to go on"
            ) from error
        self.stats.bad_times += 1
        if len(self.stats.bad_lines) < _LOCATED:
            self.stats.bad_lines.append(line)
        return self._on_error == "null"

    def report(self) -> None:
        """Log how many there were."""
        if self.stats.bad_times:
            logger.warning(
                "%s: %d records have no readable time (on_error=%r), first in line %d",
                self._file,
                self.stats.bad_times,
                self._on_error,
                self.stats.bad_lines[0],
            )

    def _column(self, wanted: str | int, names: list[str]) -> int:
        if isinstance(wanted, int):
            if 0 <= wanted < len(names):
                return wanted
        elif wanted in names:
            # The last of several columns of one name, as in the rows' dicts.
            return len(names) - 1 - names[::-1].index(wanted)
        raise ReaderError(
            f"{self._file}:1: has no column {wanted!r} for timestamp=; there are "
            f"{len(names)}: {', '.join(map(repr, names))}"
        )


def _as_columns(timestamp: str | int | Sequence[str | int] | None) -> list[str | int]:
    if timestamp is None:
        return []
    if isinstance(timestamp, (str, int)):
        return [timestamp]
    return list(timestamp)
