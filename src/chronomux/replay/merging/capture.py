"""One file as a source of a merge: its records in frames, and what is found in them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from chronomux.replay.input_file import InputFile
from chronomux.replay.merging.timeline import Keys
from chronomux.replay.reports import SourceReport
from chronomux.types import Frame

__all__ = ["NO_TIME", "Capture"]

NO_TIME = -(2**63)  # how a frame writes a missing timestamp


class Capture(ABC):
    """The frames of one file. The first is read at once: `has_records`.

    A subclass gives `_read` and `line`, and calls `_begin` last in `__init__`.
    """

    mark = ":"  # between the name and what `line` gives

    def __init__(self, number: int, file: InputFile, offset: int = 0) -> None:
        self.number = number  # among all captures, from 0
        self.name = file.name
        self.report = SourceReport(file.name, mark=self.mark)
        self._file = file
        self._offset = offset  # ns, added to every time
        self._first: tuple[Frame, Keys] | None = None

    @property
    def has_records(self) -> bool:
        return self._first is not None

    @property
    def position(self) -> int:
        """Bytes read so far, of the file as it is stored."""
        return self._file.position

    def frames(self) -> Iterator[tuple[Frame, Keys]]:
        """The frames that hold a record, each with its times."""
        if self._first is not None:
            yield self._first
            self._first = None
            yield from self._frames

    @abstractmethod
    def line(self, record: int) -> int:
        """Where a record of the latest frame begins."""

    @abstractmethod
    def _read(self) -> Iterator[tuple[Frame, Keys]]: ...

    def _begin(self) -> None:
        self._frames = self._read()
        self._first = next(self._frames, None)
