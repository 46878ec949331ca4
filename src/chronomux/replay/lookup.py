"""What was learnt of a file by looking through it: so parts of it are found at once."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from itertools import dropwhile, takewhile
from typing import Any

from chronomux.replay.bisection import place_of
from chronomux.replay.inputs import Input
from chronomux.replay.survey import SourceInfo, survey

__all__ = ["Lookup"]

KEY = "timestamp"
_LINES = ("csv", "tsv", "jsonl")
_MOVES_LINES = ("encoding", "follow", "wrapper", "rows")  # options not to be guessed at


class Lookup:
    """One file, looked through when it is first asked for anything."""

    def __init__(self, file: Input) -> None:
        self._file = file
        self._info: SourceInfo | None = None
        self._is_lines = False
        self._header: dict[str, Any] = {}
        self._first = 0  # where the first record begins, in bytes
        self._state: Any = None

    @property
    def records(self) -> int | None:
        return None if self._info is None or self._info.error else self._info.records

    def info(self, watch: Callable[[], object] | None = None) -> SourceInfo:
        state = self._state_now()
        if self._info is None or state != self._state:
            self._info, self._is_lines = survey(self._file, watch)
            self._state = state
        return self._info

    def between(self, start: int, stop: int) -> Iterator[Any]:
        """The items from start to before stop, in ns."""
        file = self._file
        if file.path is not None and file.format.name in _LINES:
            info = self.info()
            if info.in_order:
                if self._is_lines and self._can_seek():
                    yield from _cut(self._items_from(start), start, stop)
                else:
                    yield from _cut(file.items(), start, stop)
                return
        for item in file.items():
            time = item.get(KEY)
            if time is not None and start <= time < stop:
                yield item

    def _can_seek(self) -> bool:
        file = self._file
        return file.compression is None and not any(
            name in file.options for name in _MOVES_LINES
        )

    def _items_from(self, start: int) -> Iterator[Any]:
        """The items from a place on, before which all are older."""
        instead = self._places()
        assert self._file.path is not None
        with open(self._file.path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            place = place_of(
                file, self._first, size, start, lambda line: self._time(line, instead)
            )
            file.seek(place)
            name = f"{self._file.name}, from byte {place}"
            reader = self._reader(_Named(file, name), instead)
            yield from reader

    def _reader(self, file: Any, instead: dict[str, Any]) -> Any:
        every = {**self._file.options, **self._file.times, **instead}
        return self._file.format.make(file, **every)

    def _time(self, line: bytes, instead: dict[str, Any]) -> int | None:
        options = {**instead, "on_error": "skip"}
        for frame in self._reader(io.BytesIO(line), options).frames():
            return int(frame.keys[0])
        return None

    def _places(self) -> dict[str, Any]:
        """The options of a reader that begins behind the header, which is noted."""
        if self._file.format.name == "jsonl":
            return {}
        with self._file.opened() as reader:
            header, names = reader.header, reader.fieldnames
        assert self._file.path is not None
        with open(self._file.path, "rb") as file:
            self._first = file.read(len(header) + 3).find(header) + len(header)
        if self._file.options.get("row_names"):
            names = names[1:]
        return {"fieldnames": names}

    def _state_now(self) -> Any:
        if self._file.path is None:
            return None
        found = os.stat(self._file.path)
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


class _Named:
    """A file that stands somewhere, with a name that says so."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        self.name = name
        self.read = file.read1


def _cut(items: Iterator[Any], start: int, stop: int) -> Iterator[Any]:
    """Of items in order; those without a time are left out."""
    timed = (item for item in items if item[KEY] is not None)
    rest = dropwhile(lambda item: item[KEY] < start, timed)
    return takewhile(lambda item: item[KEY] < stop, rest)
