"""Many captures to one: the call behind `chronomux merge`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from chronomux.replay.capture import Capture
from chronomux.replay.input_file import InputFile, refuse_twice, too_many
from chronomux.replay.lines import CopiedLines, JsonLines, UnitedLines
from chronomux.replay.order import Late, Window, as_found, strict
from chronomux.replay.reports import MergeReport
from chronomux.replay.span import (
    Span,
    as_duration,
    cut,
    cut_as_found,
    first_key,
    peeked,
)
from chronomux.replay.spool import Spool
from chronomux.replay.timeline import Merge, Piece
from chronomux.writers.compress import uncompressed_suffix
from chronomux.writers.output import Output, Target

__all__ = ["Order", "merge_files"]

logger = logging.getLogger("chronomux")

Order: TypeAlias = Literal["strict", "window", "sort", "keep"]
Lines: TypeAlias = CopiedLines | UnitedLines | JsonLines
_Select: TypeAlias = Callable[[Capture, Iterator[Piece]], Iterator[Piece]]
BLOCKS_BYTES = 16 << 20  # what is read at once of all captures
BLOCK_BYTES = (16 << 10, 512 << 10)  # of one: at least and at most
ROOMS_BYTES = 32 << 20  # what the reorder windows of all captures may hold, halved
ROOM_BYTES = (16 << 10, 8 << 20)  # of one: at least and at most


class _Stream(NamedTuple):
    """Pieces whose keys never fall, of one capture."""

    capture: Capture
    pieces: Iterator[Piece]


def merge_files(
    paths: Sequence[str | os.PathLike[str]],
    output: Target = "-",
    *,
    timestamp: str | Sequence[str],
    timestamp_format: str = "auto",
    tz: str | None = None,
    row_names: bool = False,
    on_error: str = "raise",
    order: Order = "window",
    window: str | int = "1s",
    late: Late = "raise",
    start: str | None = None,
    end: str | None = None,
    duration: str | None = None,
    offsets: Mapping[str, str | int] | None = None,
    where: str | None = None,
    exclude: str | None = None,
    most: int | None = None,
    add_source: bool = False,
    source_column: str = "source",
    progress: Callable[[int], object] | None = None,
) -> MergeReport:
    """Merge CSV captures into one, in the order (time, order of paths, position).

    `paths` are CSV files with a header, compressed or not; '-' is stdin. `output` is a
    path, which appears when it is complete, '-' for stdout, or an open binary file. Its
    name says what is written: JSON lines if it ends in '.jsonl', else CSV, compressed
    by '.gz', '.bz2', '.xz' or '.zst'.
    `timestamp` names the column of the time, or several that are joined by a space;
    `timestamp_format`, `tz`, `row_names` and `on_error` are those of CSVReader.

    When all headers are equal each record is copied byte for byte. When they are not,
    or with `add_source`, a column `source_column` with the record's path comes last;
    different headers become one with all their columns. A file without records adds
    nothing, not even columns.

    `order` says what becomes of a record older than one before it in its file:
    'strict' raises DisorderError; 'window' puts it in its place if it is at most
    `window` late (a duration like '0.5s', or int ns) and near enough to be still in
    memory, and does with the others what `late` says: 'raise' DisorderError, 'drop'
    or 'emit' them as soon as they can be; 'sort' puts any in its place, with all
    records in a temporary file; 'keep' merges nothing: one file follows the other.

    Only records from `start` to before `end` are written: ISO 8601, epoch numbers, or
    '+10s' after the first record; `duration` is an end that counts from the start.
    `offsets` are durations to be added to the times of a path. `where` and `exclude`
    are conditions in SCL on the columns (`scl_condition`): only records are written of
    which the first holds and the second does not. A field is a number where it is
    compared with one, and else text. `most` is the greatest
    number of records to be written. `progress` is called now and then with the number
    of bytes read from the files.

    Raises SCLSyntaxError for what is no condition, ReaderError (of `file:line`, say)
    for what cannot be read, OSError with a file's name for what cannot be opened or
    written, OutputIsInputError, and ValueError for wrong options. Memory is a frame of
    records a file and, with 'window', what the reorder windows hold.
    """
    names = [os.fspath(path) for path in paths]
    span, width = Span.of(start, end, duration), as_duration(window)
    _check(order, late, width, most)
    moves = _moves(offsets or {}, names)
    select = _selection(where, exclude)
    refuse_twice(names)
    sink = Output(output)
    sink.refuse(name for name in names if name != "-")
    reading = {
        "timestamp": timestamp,
        "timestamp_format": timestamp_format,
        "tz": tz,
        "row_names": row_names,
        "on_error": on_error,
    }
    with ExitStack() as opened:
        captures = []
        for number, name in enumerate(names):
            file = InputFile(name, too_many(len(names)), _block_bytes(len(names)))
            opened.callback(file.close)
            captures.append(Capture(number, file, moves.get(name, 0), **reading))
        spool = opened.enter_context(Spool()) if order == "sort" else None
        # A file without records is only asked for its header when none has any.
        full = [capture for capture in captures if capture.has_records]
        heads = full or [capture for capture in captures if capture.header]
        with sink:
            written = 0
            if heads:
                lines = _lines(heads, sink.name, add_source, source_column)
                streams = _streams(full, order, width, late, spool)
                streams = _in_span(streams, span, order)
                if select is not None:
                    streams = [_Stream(one, select(one, ps)) for one, ps in streams]
                written = _write(lines, heads, streams, sink, most, progress)
    reports = tuple(capture.report for capture in captures)
    logger.info("%d records of %d files in %s", written, len(names), sink.name)
    return MergeReport(reports, sink.name, order, written)


def _block_bytes(files: int) -> int:
    """How much of each file is read at once; a reader holds a few blocks."""
    least, greatest = BLOCK_BYTES
    share = 1 << (BLOCKS_BYTES // max(files, 1)).bit_length() - 1
    return min(max(share, least), greatest)


def _check(order: str, late: str, width: int, most: int | None) -> None:
    if order not in get_args(Order):
        raise ValueError(f"order={order!r}: use 'strict', 'window', 'sort' or 'keep'")
    if late not in get_args(Late):
        raise ValueError(f"late={late!r}: use 'raise', 'drop' or 'emit'")
    if late != "raise" and order != "window":
        raise ValueError(f"late={late!r} goes with order='window', not {order!r}")
    if width < 0:
        raise ValueError(f"window is {width} ns: use a duration of 0s or more")
    if most is not None and (not isinstance(most, int) or most < 0):
        raise ValueError(f"most={most!r}: use a number of records")


def _moves(offsets: Mapping[str, str | int], names: Sequence[str]) -> dict[str, int]:
    moves = {os.fspath(name): as_duration(by) for name, by in offsets.items()}
    for name in moves:
        if name not in names:
            raise ValueError(f"offset for {name!r}, which is none of the files")
    return moves


def _selection(where: str | None, exclude: str | None) -> _Select | None:
    """None takes all: then nobody looks at fields."""
    if where is None and exclude is None:
        return None
    from chronomux.replay.selection import Selection

    return Selection(where, exclude).pieces


def _streams(
    captures: Sequence[Capture],
    order: Order,
    width: int,
    late: Late,
    spool: Spool | None,
) -> list[_Stream]:
    if order == "strict":
        return [_Stream(capture, strict(capture)) for capture in captures]
    if order == "keep":
        return [_Stream(capture, as_found(capture)) for capture in captures]
    if spool is not None:
        return [
            _Stream(capture, run.pieces())
            for capture in captures
            for run in spool.runs(as_found(capture))
        ]
    least, greatest = ROOM_BYTES
    room = min(max(ROOMS_BYTES // max(len(captures), 1), least), greatest)
    return [
        _Stream(capture, iter(Window(capture, width, late, room)))
        for capture in captures
    ]


def _in_span(streams: list[_Stream], span: Span, order: Order) -> list[_Stream]:
    if not span.is_all:
        heads = [(stream.capture, *peeked(stream.pieces)) for stream in streams]
        span = span.from_origin(first_key([first for _, first, _ in heads]))
        select = cut_as_found if order == "keep" else cut
        streams = [
            _Stream(capture, select(pieces, span)) for capture, _, pieces in heads
        ]
    if order == "keep":
        return [_Stream(capture, _in_turn(capture, ps)) for capture, ps in streams]
    return streams


def _in_turn(capture: Capture, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Keys that put one capture after the other."""
    for piece in pieces:
        yield piece._replace(keys=np.full(len(piece.keys), capture.number, np.int64))


def _lines(
    heads: list[Capture], name: str, add_source: bool, source_column: str
) -> Lines:
    differ = any(head.columns != heads[0].columns for head in heads)
    if uncompressed_suffix(name) == ".jsonl":
        return JsonLines(heads, source_column if differ or add_source else None)
    if differ:
        return UnitedLines(heads, source_column)
    return CopiedLines(heads, source_column if add_source else None)


def _write(
    lines: Lines,
    heads: list[Capture],
    streams: list[_Stream],
    sink: Output,
    most: int | None,
    progress: Callable[[int], object] | None,
) -> int:
    """Write all records; returns how many."""
    place = {capture.number: number for number, capture in enumerate(heads)}
    owners = [place[capture.number] for capture, _ in streams]
    merge = Merge([pieces for _, pieces in streams], most)
    body: Iterator[Any]
    if isinstance(lines, CopiedLines):
        body = merge.blocks([lines.tails[owner] for owner in owners])
    else:
        body = (
            lines([stretch._replace(source=owners[stretch.source]) for stretch in some])
            for some in merge.stretches()
        )
    first = next(body, b"")  # an error in it leaves even a stream untouched
    sink.write(lines.header)
    for block in chain([first], body):
        sink.write(block)
        if progress is not None:
            progress(sum(head.position for head in heads))
    return merge.records
