"""Many captures to one: the call behind `chronomux merge`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from chronomux.errors import ReaderError
from chronomux.replay.capture import Capture, SourceReport
from chronomux.replay.lines import CopiedLines, UnitedLines
from chronomux.replay.output import Output, Target
from chronomux.replay.timeline import Piece, blocks, stretches

__all__ = ["MergeReport", "merge_files"]

logger = logging.getLogger("chronomux")


@dataclass(frozen=True)
class MergeReport:
    """What a merge did: one SourceReport a file, in the order they were given."""

    sources: tuple[SourceReport, ...]

    @property
    def records(self) -> int:
        return sum(source.records for source in self.sources)


def merge_files(
    paths: Sequence[str | os.PathLike[str]],
    output: Target = "-",
    *,
    timestamp: str | Sequence[str],
    timestamp_format: str = "auto",
    tz: str | None = None,
    row_names: bool = False,
    on_error: str = "raise",
    add_source: bool = False,
    source_column: str = "source",
    progress: Callable[[int], object] | None = None,
) -> MergeReport:
    """Merge CSV captures into one, in the order (time, order of paths, position).

    `paths` are CSV files with a header, compressed or not; '-' is stdin. `output` is a
    path, which appears when it is complete, '-' for stdout, or an open binary file.
    `timestamp` names the column of the time, or several that are joined by a space;
    `timestamp_format`, `tz`, `row_names` and `on_error` are those of CSVReader.

    When all headers are equal each record is copied byte for byte. When they are not,
    or with `add_source`, a column `source_column` with the record's path comes last;
    different headers become one with all their columns. A file without records adds
    nothing, not even columns.

    A record older than one before it in its file is late: it is written as soon as the
    merge reaches it and counted in the report. `progress` is called now and then with
    the number of bytes read from the files.

    Raises ReaderError (of `file:line`, say) for what cannot be read, OSError with a
    file's name for what cannot be opened or written, OutputIsInputError. Memory is one
    frame of records a file.
    """
    names = [os.fspath(path) for path in paths]
    if names.count("-") > 1:
        raise ReaderError("-: stdin can be merged once only")
    sink = Output(output)
    sink.refuse(name for name in names if name != "-")
    with ExitStack() as opened:
        captures = []
        for name in names:
            capture = Capture(
                name,
                timestamp=timestamp,
                timestamp_format=timestamp_format,
                tz=tz,
                row_names=row_names,
                on_error=on_error,
            )
            opened.callback(capture.close)
            captures.append(capture)
        with sink:
            _write(captures, sink, add_source, source_column, progress)
    report = MergeReport(tuple(capture.report for capture in captures))
    logger.info("%d records of %d files in %s", report.records, len(names), sink.name)
    return report


def _write(
    captures: list[Capture],
    sink: Output,
    add_source: bool,
    source_column: str,
    progress: Callable[[int], object] | None,
) -> None:
    # A file without records is only asked for its header when no file has any.
    sources = [capture for capture in captures if capture.has_records]
    heads = sources or [capture for capture in captures if capture.header]
    if not heads:
        return
    lines = _lines(heads, add_source, source_column)
    sink.write(lines.header)
    for block in _body(lines, [source.pieces() for source in sources]):
        sink.write(block)
        if progress is not None:
            progress(sum(capture.position for capture in captures))


def _lines(
    sources: list[Capture], add_source: bool, source_column: str
) -> CopiedLines | UnitedLines:
    if any(source.columns != sources[0].columns for source in sources):
        return UnitedLines(sources, source_column)
    return CopiedLines(sources, source_column if add_source else None)


def _body(
    lines: CopiedLines | UnitedLines, sources: list[Iterator[Piece]]
) -> Iterator[bytes | memoryview]:
    if isinstance(lines, CopiedLines):
        return blocks(sources, lines.tails[: len(sources)])
    return map(lines, stretches(sources))
