"""Names as people give them to the files they mean."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chronomux.errors import ReaderError

__all__ = ["Found", "expanded"]


class Found(NamedTuple):
    """A path, and whether it was asked for by name, not as one of a folder."""

    path: str
    is_named: bool


def expanded(names: Iterable[str]) -> list[Found]:
    """The files that names stand for, in their order.

    A file stands for itself; a folder for the files in it that are not hidden, not
    those of its folders; any other name with `*`, `?` or `[` is a pattern, where `**`
    crosses folders. The files of a folder or a pattern are in the order of their paths,
    character by character ('run10' before 'run2'). Raises ReaderError for a pattern
    that no file has.
    """
    return [found for name in names for found in _files(name)]


def _files(name: str) -> Iterator[Found]:
    if os.path.isdir(name):
        yield from (Found(path, False) for path in _in_folder(name))
    elif glob.has_magic(name) and not os.path.lexists(name):
        paths = sorted(filter(os.path.isfile, glob.iglob(name, recursive=True)))
        if not paths:
            raise ReaderError(f"{name}: no file has such a name")
        yield from (Found(path, True) for path in paths)
    else:
        yield Found(name, True)


def _in_folder(name: str) -> list[str]:
    with os.scandir(name) as entries:
        return sorted(
            entry.path
            for entry in entries
            if not entry.name.startswith(".") and entry.is_file()
        )
