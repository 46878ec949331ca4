"""`chronomux.open`: captures of any format as one iterable of items."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from weakref import WeakSet

from chronomux.queue import merge
from chronomux.readers.sources import FileLike
from chronomux.replay.expansion import expanded
from chronomux.replay.formats import UnknownFormatError
from chronomux.replay.input_file import refuse_twice, too_many
from chronomux.replay.inputs import Input, Reading
from chronomux.replay.lookup import Lookup
from chronomux.replay.span import Span
from chronomux.replay.survey import SourceInfo
from chronomux.types import Frame

if TYPE_CHECKING:
    from typing_extensions import Self

    from chronomux.replay.checks.checking import Rules
    from chronomux.replay.checks.report import Report

__all__ = ["Capture", "Moment", "Part", "inputs_of", "merged", "open"]

logger = logging.getLogger("chronomux")

Moment: TypeAlias = "str | int | None"
"""ISO 8601, epoch numbers or '+10s' as text, ns since 1970 as int; None is no bound."""

_Source: TypeAlias = Callable[[], Iterator[Any]]

KEY = "timestamp"
NO_TIME = -(2**63)
BLOCKS_BYTES = 16 << 20  # what is read at once of all files
BLOCK_BYTES = (16 << 10, 128 << 10)  # of one: at least and at most


def open(
    paths: FileLike | Iterable[FileLike],
    *,
    format: str | None = None,
    timestamp: Any = None,
    timestamp_format: str | None = None,
    tz: Any = None,
    on_error: str | None = None,
    **options: Any,
) -> Capture:
    """Open captures of any format, to be read as one in the order of time.

    `paths` is a path, '-' or a file object, or several of them. A folder stands for the
    files in it whose format is known, a pattern like 'run*.csv' for the files that have
    it, in the order of their paths. The format of a file is known by its content (pcap
    and pcapng, compressed or not), then by its suffix (.csv, .tsv, .jsonl, .ndjson,
    .scl, also before .gz, .bz2, .xz and .zst), then by what packages add to the
    entry-point group `chronomux.readers`; or `format` names it: 'csv', 'tsv', 'jsonl',
    'scl', 'pcap', 'pcapng', or one that was added.

    `timestamp` is the column, or the path in a JSON object, of the time; without it, it
    is 'timestamp' or 'time', whichever is there. `timestamp_format`, `tz` and
    `on_error` are those of the readers, and reach those that have them; all other
    options go to every reader as they are.

    Raises OSError for what cannot be opened, ReaderError for what is of no known
    format, and ValueError for wrong options.
    """
    reading = Reading(format, timestamp, timestamp_format, tz, on_error, options)
    is_one = isinstance(paths, (str, os.PathLike)) or hasattr(paths, "read")
    files: Any = [paths] if is_one else paths
    return Capture(inputs_of(list(files), reading))


def inputs_of(files: Sequence[FileLike], reading: Reading) -> list[Input]:
    """The files that are meant, each once, their formats known."""
    found: list[tuple[Any, bool]] = []
    for file in files:
        if isinstance(file, (str, os.PathLike)):
            found += expanded([os.fspath(file)])
        else:
            found.append((file, True))
    refuse_twice([path for path, _ in found if isinstance(path, str)])
    least, most = BLOCK_BYTES
    block_bytes = min(max(BLOCKS_BYTES // max(len(found), 1), least), most)
    opened = partial(
        Input, reading=reading, parked=too_many(len(found)), block_bytes=block_bytes
    )
    inputs = []
    for path, is_named in found:
        try:
            inputs.append(opened(path))
        except UnknownFormatError:
            if is_named:
                raise
            logger.warning("%s: left out, as its format is not known", path)
    return inputs


class Part(NamedTuple):
    """The items of one file."""

    name: str
    format: str
    items: Iterator[Any]


class Capture:
    """Captures that were opened, as one: what `chronomux.open` gives.

    Iterating gives the items of the readers: dicts and packets, with `timestamp` in int
    ns since 1970 where there is a time. The items of one file come as they stand in it.
    Those of several are merged in the order of (time, order of paths, position); in a
    file that is not in order, an item that is older than one before it comes as soon as
    it can, and so does one without a time. `info()` tells of both, and
    `chronomux.merge_files` puts them right.

    Every iteration begins anew, but standard input, pipes and file objects can be read
    once only. `len()` is known after `info()`; before, it raises TypeError.
    """

    def __init__(self, inputs: Sequence[Input]) -> None:
        if not all(isinstance(file, Input) for file in inputs):
            raise TypeError("a Capture is made by chronomux.open(paths)")
        self._inputs = inputs
        self._lookups = [Lookup(file) for file in inputs]
        self._running: WeakSet[Any] = WeakSet()
        self._is_closed = False

    @property
    def inputs(self) -> list[Input]:
        """The files themselves, in their order, for another capture to hold."""
        self._refuse_closed()
        return list(self._inputs)

    @property
    def names(self) -> list[str]:
        """The files, in their order."""
        return [file.name for file in self._inputs]

    @property
    def formats(self) -> list[str]:
        """Of what format each of them is."""
        return [file.format.name for file in self._inputs]

    @property
    def size(self) -> int | None:
        """Bytes of the files as they are stored; None if one of them is a stream."""
        sizes = [file.size for file in self._inputs if file.size is not None]
        return sum(sizes) if len(sizes) == len(self._inputs) else None

    @property
    def position(self) -> int:
        """Bytes read so far, of the files as they are stored."""
        return sum(file.done for file in self._inputs)

    def __iter__(self) -> Iterator[Any]:
        return self._merged([file.items for file in self._inputs])

    def __len__(self) -> int:
        counts = [lookup.records for lookup in self._lookups]
        known = [count for count in counts if count is not None]
        if len(known) < len(counts):
            raise TypeError("how many items there are is not known before info()")
        return sum(known)

    def __bool__(self) -> bool:
        return True  # also before anybody knows how many items there are

    def parts(self, start: Moment = None, end: Moment = None) -> list[Part]:
        """The items of each file, apart from those of others.

        Those without a time are left out if there is a bound, as `between` does.
        """
        if start is None and end is None:
            sources: list[_Source] = [file.items for file in self._inputs]
        else:
            sources = self._sources_between(start, end)
        if len(sources) > 1:
            for file in self._inputs:
                file.refuse_without_times()
        return [
            Part(file.name, file.format.name, self._kept(source()))
            for file, source in zip(self._inputs, sources, strict=True)
        ]

    def between(self, start: Moment = None, end: Moment = None) -> Iterator[Any]:
        """The items from `start` to before `end`; those without a time are left out.

        Bounds are ISO 8601, epoch numbers, '+10s' after the first item, or int ns since
        1970. CSV and JSON lines, as files at a path, are looked through once for their
        times, as by `info()`. If they are in order, with a line a record, and not
        compressed, then this and every further call finds its place by bisection, and
        reads no more than it gives. Of other files all items are read and most passed
        over; of files that are known to be in order, up to `end`.
        """
        return self._merged(self._sources_between(start, end))

    def moment(self, moment: Moment) -> int:
        """A bound as `between` takes it, in ns since 1970; None is before all times."""
        return self._bounds(moment, None)[0]

    def frames(self) -> Iterator[Frame]:
        """Batches of raw records with their times, see `Frame`; of one file only."""
        if len(self._inputs) != 1:
            raise ValueError(
                f"frames are of one file, and there are {len(self._inputs)}: records "
                "of several may be of different formats"
            )
        self._inputs[0].refuse_without_times()
        return self._kept(_frames(self._inputs[0]))

    def info(self, progress: Callable[[int], object] | None = None) -> list[SourceInfo]:
        """What each of the files holds. Damage is noted there, and raises nothing.

        Headers and times are read, and nothing else. What was found before is not
        looked for again while a file has the same size and date. `progress` is called
        now and then with the number of bytes read from the files.
        """
        self._refuse_closed()
        watch = None if progress is None else lambda: progress(self.position)
        return [lookup.info(watch) for lookup in self._lookups]

    def check(
        self,
        *,
        max_gap: str | int | None = None,
        window: str | int | None = None,
        rules: Rules | None = None,
        expect: str | Iterable[str] = (),
        most: int = 100,
        progress: Callable[[int], object] | None = None,
    ) -> Report:
        """What is wrong with the files; see `chronomux.check`."""
        from chronomux.replay.checks.checking import checked

        self._refuse_closed()
        return checked(self._inputs, max_gap, window, rules, expect, most, progress)

    def close(self) -> None:
        """End all iterations, and close what they have opened."""
        self._is_closed = True
        for items in list(self._running):
            items.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        names = self.names
        rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return f"<Capture {', '.join(map(repr, names[:3]))}{rest}>"

    def _sources_between(self, start: Moment, end: Moment) -> list[_Source]:
        begin, stop = self._bounds(start, end)
        for file in self._inputs:
            file.refuse_without_times()
        return [partial(lookup.between, begin, stop) for lookup in self._lookups]

    def _merged(self, sources: Sequence[_Source]) -> Iterator[Any]:
        self._refuse_closed()
        if len(sources) == 1:
            return self._kept(sources[0]())
        for file in self._inputs:
            file.refuse_without_times()
        parts = [self._kept(source()) for source in sources]
        is_sure = all(_has_all_times(file) for file in self._inputs)
        return merge(*parts, key=itemgetter(KEY)) if is_sure else merged(parts)

    def _kept(self, items: Iterator[Any]) -> Iterator[Any]:
        """The same, to be ended by `close`."""
        self._refuse_closed()
        self._running.add(items)
        return items

    def _bounds(self, start: Moment, end: Moment) -> tuple[int, int]:
        texts = [bound if isinstance(bound, str) else None for bound in (start, end)]
        span = Span.of(texts[0], texts[1], None)
        if span.start_is_relative or span.end_is_relative:
            found = [info.first for info in self.info()]
            known = [first for first in found if first is not None]
            span = span.from_origin(min(known, default=0))
        return (
            _bound(start, span.start, NO_TIME + 1),
            _bound(end, span.end, 2**63),
        )

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise ValueError("this capture is closed; open it again")


def merged(parts: Sequence[Iterator[Any]]) -> Iterator[Any]:
    """Items of several files in the order (time, order of files, position)."""
    return parts[0] if len(parts) == 1 else merge(*parts, key=_key)


def _frames(file: Input) -> Iterator[Frame]:
    with file.opened() as reader:
        yield from reader.frames()


def _has_all_times(file: Input) -> bool:
    """Whether every item has an int: so it is with a column that must be there."""
    return "timestamp" in file.times and file.times.get("on_error") != "null"


def _key(item: Any) -> int:
    time = item.get(KEY)
    return NO_TIME if time is None else time


def _bound(given: Moment, read: int | None, otherwise: int) -> int:
    """A bound as an int of ns, the bound that was read, or that of all times."""
    if given is None:
        return otherwise
    if read is not None:
        return read
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"{given!r} is no time: use ISO, epoch or '+10s', or int ns")
    return given
