"""Which reader reads a file: by its content, by its name, by what is installed.

A package adds a format by an entry point of the group `chronomux.readers`. Its name is
the format's; its object is called as `reader(file, **options)` and gives a reader:
iterable, over mappings with `timestamp` (int ns), with `frames()` and `close()`. It may
have `suffixes`, a tuple like ('.log',), and `recognises(head)`, which looks at the
first bytes of a file, decompressed. Nothing is loaded unless no format that comes with
chronomux knows a file, or the format is asked for by its name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple

from chronomux.errors import ChronomuxError, ReaderError
from chronomux.readers import CSVReader, JSONLReader, PcapReader
from chronomux.replay.content import PCAP_MAGIC, PCAPNG_MAGIC
from chronomux.replay.scl_reader import SCLReader
from chronomux.writers.compress import uncompressed_suffix

__all__ = [
    "Format",
    "UnknownFormatError",
    "format_named",
    "format_of",
    "uncompressed_suffix",
]

logger = logging.getLogger("chronomux")

GROUP = "chronomux.readers"
_ORDER_MAGIC = (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")
_OF_TEXT = frozenset({"timestamp_format", "tz", "on_error"})


class UnknownFormatError(ReaderError):
    """Nothing that is installed knows what kind of file it is."""


class Format(NamedTuple):
    """How files of one kind are read.

    `make(file, **options)` gives a reader; of the options that say where times stand
    and how they are written it takes those in `takes`. `finds_times`: they are there
    without being asked for.
    """

    name: str
    suffixes: tuple[str, ...]
    make: Callable[..., Any]
    takes: frozenset[str]
    finds_times: bool = True
    recognises: Callable[[bytes], bool] = lambda head: False


def _is_pcap(head: bytes) -> bool:
    return head[:4] in PCAP_MAGIC


def _is_pcapng(head: bytes) -> bool:
    return head[:4] == PCAPNG_MAGIC and head[8:12] in _ORDER_MAGIC


_TABLE = frozenset({"timestamp", *_OF_TEXT})
_PACKETS = frozenset({"on_error"})
_TABS = partial(CSVReader, dialect="excel-tab")
FORMATS = (
    Format("pcap", (".pcap", ".cap"), PcapReader, _PACKETS, recognises=_is_pcap),
    Format("pcapng", (".pcapng",), PcapReader, _PACKETS, recognises=_is_pcapng),
    Format("csv", (".csv",), CSVReader, _TABLE, False),
    Format("tsv", (".tsv", ".tab"), _TABS, _TABLE, False),
    Format("jsonl", (".jsonl", ".ndjson"), JSONLReader, _TABLE, False),
    Format("scl", (".scl",), SCLReader, _OF_TEXT),
)


def format_named(name: str) -> Format:
    """The format of that name; ValueError where there is none."""
    if not isinstance(name, str):
        raise TypeError(f"format={name!r}: give the name of a format")
    for format in FORMATS:
        if format.name == name:
            return format
    for entry in _entries():
        if entry.name == name:
            try:
                return _loaded(entry)
            except Exception as error:
                raise ChronomuxError(
                    f"format {name!r}: {entry.value} cannot be loaded: {error}"
                ) from error
    names = [format.name for format in FORMATS] + [entry.name for entry in _entries()]
    raise ValueError(f"format {name!r} is none of {', '.join(names)}")


def format_of(name: str, head: bytes) -> Format:
    """The format of a file by its first bytes, decompressed, and its name.

    Raises UnknownFormatError.
    """
    suffix = uncompressed_suffix(name)
    for format in _ranked(FORMATS, suffix, head):
        return format
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        return format_named("jsonl")
    for format in _ranked(_installed(), suffix, head):
        return format
    raise UnknownFormatError(
        f"{name}: is of no known format; say which: format='csv' (--input-format csv), "
        f"or {', '.join(format.name for format in FORMATS if format.name != 'csv')}"
    )


def _ranked(
    formats: tuple[Format, ...] | list[Format], suffix: str, head: bytes
) -> Iterator[Format]:
    """Those that know the content, then those that know the suffix."""
    yield from (format for format in formats if format.recognises(head))
    yield from (format for format in formats if suffix in format.suffixes)


def _entries() -> list[EntryPoint]:
    return sorted(entry_points(group=GROUP), key=lambda entry: entry.name)


def _installed() -> list[Format]:
    """What can be loaded; what cannot must not keep others from being read."""
    formats = []
    for entry in _entries():
        try:
            formats.append(_loaded(entry))
        except Exception as error:
            logger.warning("format %s cannot be loaded: %s", entry.name, error)
    return formats


def _loaded(entry: EntryPoint) -> Format:
    make = entry.load()
    if not callable(make):
        raise TypeError(f"{make!r} is no reader")
    known = getattr(make, "recognises", None) or (lambda head: False)
    suffixes = tuple(getattr(make, "suffixes", ()))
    return Format(entry.name, suffixes, make, frozenset(), recognises=known)
