"""What CSVReader adds to csv.DictReader: times, row names, frames, located errors."""

from __future__ import annotations

import csv
import io
import sys
from typing import Any

import pytest

from chronomux.errors import ReaderError, TimestampError
from chronomux.readers import CSVReader, FileReader
from tests.property.test_readers_csv import Trickle

S = 10**9


def read(text: str, **options: Any) -> list[dict[Any, Any]]:
    return list(CSVReader(io.BytesIO(text.encode()), **options).reader)


def times(text: str, **options: Any) -> list[int]:
    """The times by frames; by rows they must be the same."""
    reader = CSVReader(io.BytesIO(text.encode()), **options)
    found = [key for frame in reader.frames() for key in frame.keys]
    by_row = [row["timestamp"] for row in read(text, **options)]
    assert found == [-(2**63) if time is None else time for time in by_row]
    return found


def test_timestamp_is_one_more_key_and_the_last() -> None:
    (row,) = read("t,v\n1.5,x\n", timestamp="t")
    assert list(row.items()) == [("t", "1.5"), ("v", "x"), ("timestamp", 3 * S // 2)]


def test_a_timestamp_column_that_is_the_source_is_replaced() -> None:
    (row,) = read("timestamp,v\n1.5,x\n", timestamp="timestamp")
    assert list(row.items()) == [("timestamp", 3 * S // 2), ("v", "x")]


def test_a_timestamp_column_that_is_not_the_source_is_not_overwritten() -> None:
    with pytest.raises(ReaderError, match=r"^<BytesIO>:1: has a column 'timestamp'"):
        read("t,timestamp\n1,x\n", timestamp="t")
    frames = CSVReader(io.BytesIO(b"t,timestamp\n1,x\n"), timestamp="t").frames()
    assert next(frames).rows == b"1,x\n"


@pytest.mark.parametrize("timestamp", ["b", 1, ["b"], [1]])
def test_a_column_is_named_or_numbered(timestamp: Any) -> None:
    assert times("a,b,c\n9,1,9\n9,2,9\n", timestamp=timestamp) == [S, 2 * S]


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("timestamp", [["day", "time"], [2, 0]])
def test_several_columns_are_joined_by_a_space(timestamp: Any, quote: str) -> None:
    text = "time,v,day\n00:00:01,x,1970-01-02\n".replace("x", f"{quote}x{quote}")
    assert times(text, timestamp=timestamp) == [86_401 * S]


@pytest.mark.parametrize("timestamp", ["nope", 3, -1, ["a", "nope"]])
def test_a_column_that_is_not_there_is_an_error_that_lists_the_others(
    timestamp: Any,
) -> None:
    for read_all in (CSVReader._read_rows, CSVReader.frames):
        reader = CSVReader(io.BytesIO(b"a,b,c\n1,2,3\n"), timestamp=timestamp)
        with pytest.raises(ReaderError, match=r":1: has no column .*3: 'a', 'b', 'c'$"):
            list(read_all(reader))


def test_of_columns_with_one_name_the_last_counts_as_in_the_row() -> None:
    text = "t,v,t\n1,x,2\n"
    assert times(text, timestamp="t") == [2 * S]
    assert read(text, timestamp="t")[0]["t"] == "2"


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_short_record_has_no_time(quote: str) -> None:
    text = f"v,t\n{quote}a{quote},1\nb\nc,3\n"
    with pytest.raises(TimestampError, match=r"^<BytesIO>:3: time '' is not"):
        times(text, timestamp="t")
    assert times(text, timestamp="t", on_error="skip") == [S, 3 * S]
    assert times(text, timestamp="t", on_error="null") == [S, -(2**63), 3 * S]
    assert times(text, timestamp="t", restval="2") == [S, 2 * S, 3 * S]


@pytest.mark.parametrize("on_error", ["skip", "null"])
def test_bad_times_are_counted_at_the_line_their_record_begins_in(
    on_error: Any,
) -> None:
    data = b't,v\n1,"a\nb"\n\nx,"c\nd\ne"\r\n2,f\ny,g\n'
    for read_all in (CSVReader._read_rows, CSVReader.frames):
        reader = CSVReader(io.BytesIO(data), timestamp="t", on_error=on_error)
        list(read_all(reader))
        assert (reader.stats.bad_times, reader.stats.bad_lines) == (2, [5, 9])


def test_row_names_give_the_first_field_an_empty_name() -> None:
    text = '"a","b"\n"r1",1,2\n"r2",3,4\n'
    reader = CSVReader(io.BytesIO(text.encode()), row_names=True, timestamp="a")
    assert reader.fieldnames == ["", "a", "b"]
    assert reader.header == b'"a","b"\n'
    assert read(text, row_names=True) == [
        {"": "r1", "a": "1", "b": "2"},
        {"": "r2", "a": "3", "b": "4"},
    ]
    assert times(text, row_names=True, timestamp="a") == [S, 3 * S]
    assert times(text, row_names=True, timestamp=1) == [S, 3 * S]


@pytest.mark.parametrize("extra", ["5", ""])
def test_row_names_that_were_not_announced_are_noticed_once(
    caplog: pytest.LogCaptureFixture, extra: str
) -> None:
    data = b'"t","v"\n' + f'"1",2,"{extra}"\n'.encode() * 3
    for read_all in (CSVReader._read_rows, CSVReader.frames):
        caplog.clear()
        list(read_all(CSVReader(io.BytesIO(data), timestamp="t")))
        messages = [record.getMessage() for record in caplog.records]
        # An empty last field is only a delimiter at the end of the line.
        assert [text.partition(";")[0] for text in messages] == (
            ["<BytesIO>:2: has one field more than the header has names"]
            if extra
            else []
        )


@pytest.mark.parametrize("length", [1, 60_000])
def test_a_quote_that_is_never_closed_is_located_where_it_opens(
    caplog: pytest.LogCaptureFixture, length: int
) -> None:
    data = b't,v\n1,"a\nb"\n2,"open\n' + b"x\n" * length
    reader = CSVReader(io.BytesIO(data), timestamp="t")
    rows = b"".join(frame.rows for frame in reader.frames())
    assert reader.header + rows == data
    assert [record.getMessage().partition(" and")[0] for record in caplog.records] == [
        "<BytesIO>:4: a quote is opened here"
    ]


def test_a_quote_closed_in_the_last_line_is_closed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for end in (b"", b"\n", b"\r\n\r\n"):
        data = b't,v\n1,"a\nb"' + end
        assert times(data.decode(), timestamp="t") == [S]
    assert not caplog.records


def test_given_fieldnames_make_the_first_line_a_record() -> None:
    reader = CSVReader(
        io.BytesIO(b"\xef\xbb\xbf1,a\n2,b\n"), fieldnames="tv", timestamp="t"
    )
    assert (reader.header, reader.fieldnames) == (b"", ["t", "v"])
    (frame,) = reader.frames()
    assert (list(frame.keys), frame.rows) == ([S, 2 * S], b"1,a\n2,b\n")


def test_a_byte_order_mark_before_records_is_dropped_wherever_blocks_end() -> None:
    data = b"\xef\xbb\xbf1,a\n2,b\n"
    for size in (1, 2, 3, 100):
        file = Trickle(data, size)
        frames = list(CSVReader(file, fieldnames="tv", timestamp="t").frames())
        assert [key for frame in frames for key in frame.keys] == [S, 2 * S]
        assert b"".join(frame.rows for frame in frames) == data[3:]


def test_frames_cut_records_where_csv_does() -> None:
    data = b't,v\r\n1,"a\r\n""b"\r\n\r\n2,x\n3,"c,d"\r4,e'
    reader = CSVReader(io.BytesIO(data), timestamp="t")
    frames = list(reader.frames())
    records = [
        frame.rows[start:end]
        for frame in frames
        for start, end in zip(frame.offsets, frame.offsets[1:], strict=False)
    ]
    assert records == [b'1,"a\r\n""b"\r\n', b"2,x\n", b'3,"c,d"\r', b"4,e"]
    for frame in frames:
        assert memoryview(frame.keys).format == memoryview(frame.offsets).format == "q"
    assert reader.header == b"t,v\r\n"


def test_frames_hold_at_most_4096_records() -> None:
    lines = [f"{i},{'q' * (i % 3)}\n" for i in range(20_000)]
    for head, body in (("t,v\n", lines), ('t,"v"\n', ['0,"q"\n', *lines[1:]])):
        data = (head + "".join(body)).encode()
        frames = list(CSVReader(io.BytesIO(data), timestamp="t").frames())
        assert max(len(frame.keys) for frame in frames) <= 4096
        assert [key for frame in frames for key in frame.keys] == [
            i * S for i in range(20_000)
        ]
        assert b"".join(frame.rows for frame in frames) == "".join(body).encode()


# Of two columns, the second the time; (bytes with %d for it, lines). Some are found by
# their line ends alone, some need the index of fields, some the exact machine.
KINDS = [
    (b"x,%d\n", 1),
    (b'"a,""b",%d\r\n', 1),
    (b'"a\nb\r\nc",%d\n', 3),
    (b'x"y,%d\n', 1),
    (b"x,%d\r", 1),
    (b"x, 1970-01-01 +0000 %d\n", 1),  # no time
    (b"\r\n", 1),
    (b"x" * 9000 + b',"%d"\n', 1),
]


@pytest.mark.parametrize("run", [1, 7, 500])
def test_frames_of_any_mix_of_records_have_their_bytes_times_and_lines(
    run: int,
) -> None:
    body, keys, lines, kept, line = [], [], [], [], 2
    for i in range(4000):
        record, height = KINDS[i * i // run % len(KINDS)]
        body.append(record % i if b"%d" in record else record)
        if record != b"\r\n":
            keys.append(-(2**63) if b"1970" in record else i * S)
            lines.append(line)
            kept.append(body[-1])
        line += height
    reader = CSVReader(
        io.BytesIO(b"v,t\n" + b"".join(body)), timestamp="t", on_error="null"
    )
    found_keys, found_lines, rows = [], [], []
    for frame in reader.frames():
        found_keys += frame.keys
        found_lines += reader.frame_lines
        places = zip(frame.offsets, frame.offsets[1:], strict=False)
        rows += [bytes(frame.rows[begin:end]) for begin, end in places]
    assert rows == kept
    assert found_keys == keys
    assert found_lines == lines
    assert reader.line_num == line - 1


def test_frames_leave_bytes_they_need_not_read_alone() -> None:
    data = b"t,v\n1,\xff\xfe\n2,\xc0\n"
    if sys.version_info >= (3, 11):  # before, csv takes no NUL, and so neither do we
        data += b"3,\x00\n"
    (frame,) = CSVReader(io.BytesIO(data), timestamp="t").frames()
    assert frame.rows == data[4:]


def test_frames_end_with_the_error_behind_the_good_records() -> None:
    data = b't,v\n1,"a"\n2,"' + b"x" * 200_000 + b'"\n'
    reader = CSVReader(io.BytesIO(data), timestamp="t", field_size_limit=131_072)
    frames = reader.frames()
    assert next(frames).rows == b'1,"a"\n'
    with pytest.raises(ReaderError, match=r"^<BytesIO>:3: field larger than"):
        next(frames)


def test_no_frame_is_empty() -> None:
    for blank in (b"\n" * 300_000, b'"x"\n' * 60_000):
        data = b"t,v\n1,a\n" + blank + b"2,b\n"
        reader = CSVReader(io.BytesIO(data), timestamp="t", on_error="skip")
        assert [list(frame.keys) for frame in reader.frames()] == [[S], [2 * S]]


def test_frames_need_a_timestamp() -> None:
    with pytest.raises(ValueError, match=r"frames\(\) needs timestamp="):
        CSVReader(io.BytesIO(b"a\n")).frames()
    with pytest.raises(ReaderError, match="no timestamps"):
        FileReader(io.BytesIO(b"a\n")).frames()


def test_a_reader_makes_one_pass() -> None:
    reader = CSVReader(io.BytesIO(b"t\n1\n2\n"), timestamp="t")
    next(reader.reader)
    with pytest.raises(ValueError, match="being read as rows"):
        list(reader.frames())


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b"t,v\n", b"t,v"])
def test_files_without_records_give_nothing(data: bytes) -> None:
    assert read(data.decode(), timestamp="t") == []
    reader = CSVReader(io.BytesIO(data), timestamp="t")
    assert list(reader.frames()) == []
    assert reader.fieldnames == (["t", "v"] if b"t" in data else None)


def test_names_and_header_can_be_asked_at_any_time() -> None:
    reader = CSVReader(io.BytesIO(b't,"v\n w"\n1,2\n3,4\n'), timestamp="t")
    assert (reader.fieldnames, reader.line_num) == (["t", "v\n w"], 2)
    assert next(reader.reader)["t"] == "1"
    assert reader.header == b't,"v\n w"\n'
    assert reader.line_num == 3
    assert len(list(reader.reader)) == 1
    assert reader.fieldnames == ["t", "v\n w"]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"on_error": "ignore"}, ValueError),
        ({"timestamp_format": "date"}, ValueError),
        ({"timestamp_format": "%H:%M"}, ValueError),
        ({"tz": "Nowhere/Land"}, ValueError),
        ({"delimiter": "ab"}, TypeError),
        ({"no_such_option": 1}, TypeError),
        ({"dialect": "no-such-dialect"}, csv.Error),
        ({"timestamp": "t", "quoting": csv.QUOTE_NONNUMERIC}, ValueError),
        ({"encoding": "no-such-encoding"}, LookupError),
        ({"errors": "no-such-handler"}, LookupError),
    ],
)
def test_wrong_options_are_refused_when_the_reader_is_made(
    options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        CSVReader(io.BytesIO(b""), **options)


def test_csv_errors_are_located() -> None:
    with pytest.raises(ReaderError, match=r"^<BytesIO>:2: .*expected after"):
        read('a,b\n"x"y,1\n', strict=True)
    with pytest.raises(ReaderError, match=r"^<BytesIO>:1: .*in the header"):
        read('"a"b,c\n1,2\n', strict=True)


def test_dialects_are_known_by_name_class_and_parameters() -> None:
    class Piped(csv.excel):
        delimiter = "|"

    assert read("a\tb\n1\t2\n", dialect="excel-tab") == [{"a": "1", "b": "2"}]
    assert read("a|b\n1|2\n", dialect=Piped) == [{"a": "1", "b": "2"}]
    assert read("a;b\n'1';2\n", delimiter=";", quotechar="'") == [{"a": "1", "b": "2"}]
