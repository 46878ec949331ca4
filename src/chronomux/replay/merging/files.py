"""Many captures to one: the call behind `chronomux merge`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias, get_args

import numpy as np

from chronomux.replay.content import kind_of, unpacked
from chronomux.replay.input_file import InputFile, refuse_twice, too_many
from chronomux.replay.merging.capture import Capture
from chronomux.replay.merging.csv_merge import CSVMerge, refuse_packets
from chronomux.replay.merging.order import Late, Window, as_found, strict
from chronomux.replay.merging.packet_form import PacketFormat
from chronomux.replay.merging.packet_merge import PacketMerge, refuse_csv
from chronomux.replay.merging.spool import Spool
from chronomux.replay.merging.timeline import Merge, Piece
from chronomux.replay.reports import MergeReport
from chronomux.replay.span import (
    Span,
    as_duration,
    cut,
    cut_as_found,
    first_key,
    peeked,
)
from chronomux.writers.output import Output, Target

if TYPE_CHECKING:
    from chronomux.replay.merging.item_merge import ItemMerge
    from chronomux.replay.merging.selection import Selection

__all__ = ["Order", "merge_files"]

logger = logging.getLogger("chronomux")

Order: TypeAlias = Literal["strict", "window", "sort", "keep"]
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
    timestamp: str | Sequence[str] | None = None,
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
    format: PacketFormat | None = None,
    progress: Callable[[int], object] | None = None,
) -> MergeReport:
    """Merge captures into one, in the order (time, order of paths, position).

    `paths` are files that `chronomux.open` knows; they may be compressed, '-' is stdin.
    CSV files with a header become CSV, packet captures (pcap and pcapng) packets. Other
    files, and those of several formats, become JSON lines as `chronomux cat` writes.
    `output` is a path, which appears when it is complete, '-' for stdout, or an open
    binary file. '.gz', '.bz2', '.xz' or '.zst' at its end compress it.

    Packets are written as pcapng, where every interface of every file stays one of its
    own, named after the file, or with format='pcap' as that, of one link type; both
    have their times in ns. Bytes and lengths are those read; comments and other blocks
    are left out. A packet without a time stays behind its predecessor and is counted.
    A file that is damaged or ends early gives its good packets: the error is raised
    when all are written, and then the output is there.

    Of CSV, `timestamp` names the column of the time, or several that are joined by a
    space; `timestamp_format`, `tz`, `row_names` and `on_error` are those of CSVReader.
    Packets need none but `on_error`, which is that of PcapReader. Records of CSV are
    written as CSV, or as JSON lines if the name of `output` says '.jsonl'.

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
    `offsets` are durations to be added to the times of a path; packets are written with
    their new times. `where` and `exclude` are conditions in SCL on the columns, or on
    packets as PcapReader gives them (`scl_condition`): only records are written of
    which the first holds and the second does not. A field is a number where it is
    compared with one, and else text. `most` is the greatest number of records to be
    written. `progress` is called now and then with the number of bytes read from the
    files.

    Raises SCLSyntaxError for what is no condition, ReaderError (of `file:line`, say)
    for what cannot be read, OSError with a file's name for what cannot be opened or
    written, OutputIsInputError, and ValueError for wrong options. Memory is a frame of
    records a file and, with 'window', what the reorder windows hold.
    """
    names = [os.fspath(path) for path in paths]
    span, width = Span.of(start, end, duration), as_duration(window)
    _check(order, late, width, most, format)
    moves = _moves(offsets or {}, names)
    refuse_twice(names)
    sink = Output(output)
    sink.refuse(name for name in names if name != "-")
    with ExitStack() as opened:
        files = [_opened(name, len(names), opened) for name in names]
        contents = [unpacked(file) for file in files]
        kind = kind_of(contents, sink.name)
        merging: CSVMerge | PacketMerge | ItemMerge
        if kind == "packets":
            refuse_csv(
                sink.name,
                timestamp=timestamp is not None,
                timestamp_format=timestamp_format != "auto",
                tz=tz is not None,
                row_names=row_names,
                add_source=add_source,
            )
            merging = PacketMerge.of(format, where, exclude, on_error)
        elif kind == "items":
            from chronomux.replay.merging.item_merge import ItemMerge

            merging = ItemMerge.of(
                sink.name,
                (timestamp, timestamp_format, tz, on_error),
                (where, exclude),
                source_column if add_source else None,
                format=format is not None,
                row_names=row_names,
            )
        else:
            refuse_packets(names, timestamp, format)
            merging = CSVMerge(
                sink.name,
                _selection(where, exclude),
                add_source,
                source_column,
                timestamp=timestamp,
                timestamp_format=timestamp_format,
                tz=tz,
                row_names=row_names,
                on_error=on_error,
            )
        for file, content in zip(files, contents, strict=True):
            merging.add(file, content, moves.get(file.name, 0))
        spool = opened.enter_context(Spool()) if order == "sort" else None
        captures = merging.captures
        with sink:
            full = [capture for capture in captures if capture.has_records]
            streams = _streams(full, order, width, late, spool)
            streams = _in_span(streams, span, order)
            merge = Merge([merging.select(*stream) for stream in streams], most)
            owners = [stream.capture.number for stream in streams]
            for block in merging.blocks(merge, owners):
                sink.write(block)
                if progress is not None:
                    progress(sum(capture.position for capture in captures))
        merging.end()
    reports = tuple(capture.report for capture in captures)
    logger.info("%d records of %d files in %s", merge.records, len(names), sink.name)
    return MergeReport(reports, sink.name, order, merge.records)


def _opened(name: str, count: int, opened: ExitStack) -> InputFile:
    """One of so many files."""
    file = InputFile(name, too_many(count), _block_bytes(count))
    opened.callback(file.close)
    return file


def _block_bytes(files: int) -> int:
    """How much of each file is read at once; a reader holds a few blocks."""
    least, greatest = BLOCK_BYTES
    share = 1 << (BLOCKS_BYTES // max(files, 1)).bit_length() - 1
    return min(max(share, least), greatest)


def _check(
    order: str, late: str, width: int, most: int | None, format: str | None
) -> None:
    if order not in get_args(Order):
        raise ValueError(f"order={order!r}: use 'strict', 'window', 'sort' or 'keep'")
    if late not in get_args(Late):
        raise ValueError(f"late={late!r}: use 'raise', 'drop' or 'emit'")
    if late != "raise" and order != "window":
        raise ValueError(f"late={late!r} goes with order='window', not {order!r}")
    if format not in (None, *get_args(PacketFormat)):
        raise ValueError(f"format={format!r}: use 'pcapng' or 'pcap'")
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


def _selection(where: str | None, exclude: str | None) -> Selection | None:
    if where is None and exclude is None:
        return None
    from chronomux.replay.merging.selection import Selection

    return Selection(where, exclude)


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
