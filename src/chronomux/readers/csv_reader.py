"""CSV: dict rows equal to csv.DictReader's, and frames of raw records with times."""

from __future__ import annotations

import codecs
import csv
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from chronomux._core.csv.lazy import LazyRow, LazyRows
from chronomux._core.csv.rows import DictRows
from chronomux.errors import TimestampError
from chronomux.readers.base import Reader
from chronomux.readers.column_batch import ColumnBatch
from chronomux.readers.csv_columns import (
    Times,
    batches,
    check_types,
    column_rows,
    empty_batch,
)
from chronomux.readers.csv_dialect import FIELD_SIZE_LIMIT, dialect_of, rules_of
from chronomux.readers.csv_header import Header, read_header
from chronomux.readers.csv_queued import queued_rows, takes_rows
from chronomux.readers.csv_records import (
    Frames,
    TimeColumns,
    lazy_time_picker,
    text_frames,
    time_picker,
    timed_frames,
    timed_records,
)
from chronomux.readers.csv_rows import keyed_rows, list_rows
from chronomux.readers.csv_times import KEY, ReaderStats, RecordTimes
from chronomux.readers.delivery import Direct
from chronomux.readers.sources import FileLike, Source
from chronomux.readers.timestamps import time_parser
from chronomux.types import Frame, QueueLike

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

__all__ = ["CSVReader"]

logger = logging.getLogger("chronomux")

_NUMBERS_ARE_FLOATS = (csv.QUOTE_NONNUMERIC, 4)  # 4: QUOTE_STRINGS, since Python 3.12
_PICKERS: dict[str, Any] = {
    "dict": time_picker,
    "list": time_picker,
    "lazy": lazy_time_picker,
}
_ROW_TYPES: dict[str, type] = {
    "dict": dict,
    "list": list,
    "lazy": LazyRow,
    "columns": ColumnBatch,
}


class CSVReader(Reader[Any]):
    """Puts the rows of a CSV file on a queue as dicts, then `queue.Empty`.

    Rows equal csv.DictReader's for the same `fieldnames`, `restkey`, `restval`,
    `dialect` and format parameters (`delimiter`, `quotechar`, ...). Two things differ:
    a byte order mark is dropped, and errors are ReaderError (those of the csv module
    CSVError), with file:line. A field may have `field_size_limit` characters.
    With `rows='list'` rows are lists, as csv.reader's behind the header; with 'lazy'
    immutable mappings equal to the dicts, whose fields are decoded when asked for; with
    'columns' typed columns of up to 65,536 rows, each a ColumnBatch.

    `filename`, `queue`, `wrapper`, `start`, `encoding`, `errors` and `follow` are as in
    FileReader; a file that takes the place of a followed one must have the same header.
    Undecodable bytes are reported with file:line:column.

    `timestamp` names the column with the time, or gives its number from 0; a sequence
    of them is joined by spaces. Every row then has a key 'timestamp' with int ns since
    1970 (UTC), a list one more element. The key replaces a column of that name which
    `timestamp` names; one that `timestamp` does not name is an error, as it would be
    lost. `timestamp_format` and `tz` are those of `chronomux.readers.time_parser`.
    `on_error` says what becomes of a record whose time cannot be read: 'raise'
    TimestampError with file:line, 'skip' it, or 'null' (None; in frames -2**63). The
    latter two count and locate it in `stats`.

    `types` gives the types of columns by name, for `rows='columns'`: 'int64', 'float64'
    or 'str'. Others are inferred from the first batch: numbers if all values there are
    numbers as one would write them (not 007), else 'str'; `stats.types` tells. An empty
    number is missing (None). What is not of its column's type later on, and a row with
    more fields than names, raises ReaderError with file:line. A reader of columns is an
    Arrow stream: `polars.DataFrame(reader)`, `pyarrow.table(reader)`, ...

    `row_names=True` is for files as R writes them, with one field more than there are
    names in the header: the first field gets the key ''. Column numbers count it.

    `frames()` needs `timestamp`. A reader makes one pass, as rows or as frames.
    """

    def __init__(
        self,
        filename: FileLike,
        queue: QueueLike | None = None,
        wrapper: Callable[[Any], Any] = dict,
        start: bool = False,
        *,
        fieldnames: Iterable[str] | None = None,
        restkey: Any = None,
        restval: Any = None,
        dialect: Any = "excel",
        timestamp: str | int | Sequence[str | int] | None = None,
        timestamp_format: str = "auto",
        tz: str | tzinfo | None = None,
        on_error: Literal["raise", "skip", "null"] = "raise",
        row_names: bool = False,
        rows: Literal["dict", "list", "lazy", "columns"] = "dict",
        types: Mapping[str, str] | None = None,
        field_size_limit: int = FIELD_SIZE_LIMIT,
        encoding: str = "utf-8",
        errors: str = "strict",
        follow: bool = False,
        **fmtparams: Any,
    ) -> None:
        if rows not in _ROW_TYPES:
            raise ValueError(f"rows={rows!r}: use {', '.join(map(repr, _ROW_TYPES))}")
        if wrapper is dict:
            wrapper = _ROW_TYPES[rows]  # the default makes no dict of another kind
        super().__init__(
            filename, queue, wrapper, encoding=encoding, errors=errors, follow=follow
        )
        self.rows = rows
        self._row_type = _ROW_TYPES[rows]
        self._types = check_types(types, errors) if rows == "columns" else {}
        if types is not None and rows != "columns":
            raise ValueError("types= needs rows='columns'")
        self._limit = field_size_limit
        self.restkey = restkey
        self.restval = restval
        self.on_error = on_error
        self.row_names = row_names
        # Public: the lines, from 1, in which the records of the latest frame begin.
        self.frame_lines: Sequence[int] = ()
        self._given = None if fieldnames is None else list(fieldnames)
        self._dialect = dialect_of(dialect, fmtparams)
        if rows == "lazy" and rules_of(self._dialect, field_size_limit) is None:
            raise ValueError("rows='lazy' needs a dialect of ASCII characters")
        missing = restval if isinstance(restval, str) else ""
        parser = time_parser(timestamp_format, tz)
        self._times = RecordTimes(self.name, timestamp, parser, on_error, missing)
        if self._times and self._dialect.quoting in _NUMBERS_ARE_FLOATS:
            raise ValueError("timestamp= needs text, but this quoting makes floats")
        self._header: Header | None = None
        self._tokens: Any = None
        self._is_first_record = True
        if start:
            self.start()

    @property
    def stats(self) -> ReaderStats:
        """What was noticed so far."""
        return self._times.stats

    @property
    def fieldnames(self) -> list[str] | None:
        """The keys of the rows; None for an empty file. Reads the header when asked."""
        names = self._load_header().names
        return ["", *names] if self.row_names and names is not None else names

    @property
    def header(self) -> bytes:
        """The header record as it stands in the file, without a byte order mark.

        b"" if the file is empty or `fieldnames` were given.
        """
        return self._load_header().raw

    @property
    def line_num(self) -> int:
        """How many lines have been read."""
        if self._tokens is not None:
            return int(self._tokens.line_num)
        return 0 if self._header is None else self._header.lines

    def frames(self) -> Iterator[Frame]:
        """Batches of up to 4096 records as they stand in the file, with their times.

        A record has its line ending (the last one perhaps none) and the file's
        encoding; blank lines are left out. Only times are decoded: other fields' bytes
        are not looked at. The rows of a frame are mostly a view of what was read, no
        copy. Memory is bounded by the block size and the longest record.

        Raises ValueError without `timestamp`, and ReaderError as the rows do, after the
        frames before the damage.
        """
        if not self._times:
            raise ValueError(
                f"{self.name}: frames() needs timestamp=, the column of times"
            )
        return self._read_frames()

    def _read_frames(self) -> Iterator[Frame]:
        source = self._begin("frames")
        try:
            header = self._load_header()
            names = self.fieldnames
            if names is None:
                return
            columns = self._times.columns(names)
            for frame, lines in self._frames(source, header, columns):
                self.frame_lines = lines
                yield frame
            self._times.report()
        finally:
            source.close()

    def _time_columns(self, columns: list[int]) -> TimeColumns:
        return TimeColumns(
            self._times.parser,
            columns,
            self._times.missing,
            self._times.stays_without,
            self._note_first,
        )

    def _frames(self, source: Source, header: Header, columns: list[int]) -> Frames:
        times = self._time_columns(columns)
        rules = rules_of(self._dialect, self._limit)
        if rules is None:
            yield from text_frames(source, self._dialect, times, header.lines > 0)
            return
        source.unread(source.read()[header.skip :])
        self._tokens = records = timed_records(source, rules, times, header.lines)
        yield from timed_frames(records, source)
        if records.is_open_at_end:
            logger.warning(
                "%s:%d: a quote is opened here and never closed: "
                "all lines from here on are one record",
                self.name,
                records.row_line,
            )

    def _rows(self, source: Source) -> Iterator[Any]:
        header = self._load_header()
        names = self.fieldnames
        if names is None:
            return iter(())
        if self.rows == "columns":
            return self._column_batches(source, header, names)
        self._tokens = tokens = self._open_tokens(source, names)
        if header.lines:
            tokens.skip()
        if self._times:
            return self._timed_rows(tokens, names)
        if self.rows == "dict" and not isinstance(tokens, DictRows):
            return (self._as_dict(row, names) for row in tokens if row)
        return iter(tokens)

    def _direct(self) -> Direct | None:
        # Who has read rows before, or changes them on their way, gets objects.
        is_plain = self.wrapper is self._row_type and self.rows in ("dict", "list")
        is_whole = self._use == "" and type(self).__iter__ is Reader.__iter__
        if not (is_plain and is_whole and takes_rows(self.queue)):
            return None
        source = self._begin("rows")
        header, names = self._load_header(), self.fieldnames
        if names is None:
            return None
        times = None
        if self._times:
            self._times.check_key(names)
            times = self._time_columns(self._times.columns(names))
        tokens = self._open_tokens(source, names)
        direct = queued_rows(
            self.queue,
            tokens,
            names if self.rows == "dict" else None,
            self.restval,
            partial(self._item, names),
            times,
            self._times.report,
        )
        if direct is not None:
            self._tokens = tokens
            if header.lines:
                tokens.skip()
        return direct

    def _item(self, names: list[str], row: list[Any], time: int | None) -> Any:
        """The row as it is put; `time` is None without `timestamp` too."""
        item: Any = self._as_dict(row, names) if self.rows == "dict" else row
        if self._times:
            if self.rows == "dict":
                item[KEY] = time
            else:
                item.append(time)
        return item

    def _column_batches(
        self, source: Source, header: Header, names: list[str]
    ) -> Iterator[ColumnBatch]:
        times = None
        if self._times:
            self._times.check_key(names)
            columns, parser = self._times.columns(names), self._times.parser
            times = Times(columns, parser, KEY, self._times.stays_without)
        self._tokens = rows = column_rows(
            source, self._dialect, self._limit, names, self._types, times
        )
        if header.lines:
            rows.skip()
        for batch in batches(rows):
            self.stats.types = {column.name: column.type for column in batch.columns}
            yield batch
        self._times.report()

    def __arrow_c_stream__(self, requested_schema: object = None) -> CapsuleType:
        """The rows still to come, as Arrow's stream of batches.

        Raises TypeError but for `rows='columns'`. Another `requested_schema` is not
        looked at.
        """
        if self.rows != "columns":
            raise TypeError(f"{self.name}: only rows='columns' is an Arrow stream")
        from chronomux._core.csv.arrow import export_stream

        rest = self.reader
        first = next(rest, None)
        if first is None:
            no_rows = self._tokens is None
            first = ColumnBatch([], 0) if no_rows else empty_batch(self._tokens)
        parts = ((batch.columns, batch.num_rows) for batch in chain([first], rest))
        return export_stream(first.columns, parts)

    def _open_tokens(self, source: Source, names: list[str]) -> Any:
        """Rows that are complete but for their times, or lists."""
        format = source, self._dialect, self._limit
        rest = {"restkey": self.restkey, "restval": self.restval}
        rows: Any = None
        if self.rows == "lazy":
            time_key = KEY if self._times else None
            rows = keyed_rows(LazyRows, *format, names, time_key=time_key, **rest)
        elif self.rows == "dict" and not self._times:
            rows = keyed_rows(DictRows, *format, names, **rest)
        return rows or list_rows(*format)

    def _timed_rows(self, rows: Any, names: list[str]) -> Iterator[Any]:
        self._times.check_key(names)
        parse, kind = self._times.parser, self.rows
        pick = _PICKERS[kind](self._times.columns(names), self._times.missing)
        for row in rows:
            if not row:
                continue
            if self._is_first_record:
                fields = row.fields() if kind == "lazy" else row
                self._note_first(rows.row_line, fields)
            time: int | None = None
            try:
                time = parse(pick(row))
            except TimestampError as error:
                if not self._times.stays_without(rows.row_line, error):
                    continue
            if kind == "lazy":
                row.set_time(time)
            else:
                row = self._item(names, row, time)
            yield row
        self._times.report()

    def _as_dict(self, row: list[Any], names: list[str]) -> dict[Any, Any]:
        item: dict[Any, Any] = dict(zip(names, row))  # noqa: B905
        if len(row) != len(names):
            self._add_rest(item, row, names)
        return item

    def _add_rest(self, item: dict[Any, Any], row: list[Any], names: list[str]) -> None:
        if len(row) > len(names):
            item[self.restkey] = row[len(names) :]
        for name in names[len(row) :]:
            item[name] = self.restval

    def _load_header(self) -> Header:
        if self._header is None:
            source = self._open()
            header = read_header(source, self._dialect, self._limit, self._given)
            mark = codecs.BOM_UTF8[: header.skip - len(header.raw)]
            source.skip_repeated(mark + header.raw)
            self._header = header
        return self._header

    def _note_first(self, line: int, fields: list[str]) -> None:
        self._is_first_record = False
        self._times.check_width(line, fields, len(self.fieldnames or ()))
