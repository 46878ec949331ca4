"""Items as lines: JSON, or CSV, whose columns are known from the beginning."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chronomux.errors import WriterError
from chronomux.replay.catenation import as_text
from chronomux.writers import JSONLWriter

__all__ = ["CSVLines", "JSONLWriter"]


class CSVLines:
    """Writes items to `file`, which has `write` for bytes, under a header.

    Without `columns` they are the keys of the first item, and an item that has another
    key raises WriterError; with them all other keys are left out. `items` counts them.
    """

    def __init__(self, file: Any, columns: Sequence[str] | None) -> None:
        self.items = 0
        self._file = file
        self._leaves_out = columns is not None
        self._columns = list(columns or ())
        self._text = io.StringIO(newline="")
        self._put = csv.writer(self._text, lineterminator="\n").writerow
        if columns is not None:
            self._put(self._columns)

    def write(self, item: Mapping[str, Any]) -> None:
        """Append an item."""
        if not self._columns and not self._leaves_out:
            self._columns = list(item)
            self._put(self._columns)
        fields = [as_text(item.get(name)) for name in self._columns]
        if not self._leaves_out and not item.keys() <= set(self._columns):
            self._refuse(item)
        self._put(fields)
        self.items += 1
        if self._text.tell() > 1 << 16:
            self.flush()

    def flush(self) -> None:
        """Write what is held back."""
        text = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        if text:
            self._file.write(text.encode("utf-8", "surrogateescape"))

    def _refuse(self, item: Iterable[str]) -> None:
        other = next(name for name in item if name not in self._columns)
        raise WriterError(
            f"item {self.items} has a key {other!r} that the first one has not; say "
            "which columns there are: --columns"
        )
