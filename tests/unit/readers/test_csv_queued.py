"""CSVReader onto a chronomux.Queue: what goes there as bytes, and what as objects."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from chronomux import CSVReader, Queue, SortedQueueMultiplexer
from tests.queues import PATIENCE, assert_nothing_comes, drain

NUMBERS = "n\n" + "".join(f"{i}\n" for i in range(1000))


def numbers(rows: list[Any]) -> list[int]:
    return [int(row["n"]) for row in rows]


@pytest.mark.parametrize(
    ("text", "options", "rows"),
    [
        ("a,b\n1,2\n", {}, [{"a": "1", "b": "2"}]),
        ("a,b\n1,2\n", {"rows": "list"}, [["1", "2"]]),
        ("a,b\n1\n\n,\n", {}, [{"a": "1", "b": None}, {"a": "", "b": ""}]),
        ("a,b\n1\n", {"restval": 7}, [{"a": "1", "b": 7}]),
        ("é,b\n" + "x" * 99 + ',"a""b"\n', {}, [{"é": "x" * 99, "b": 'a"b'}]),
        ('a,b\nÿé,"€""😀"\n', {}, [{"a": "ÿé", "b": '€"😀'}]),
        (
            "a|b\r'1|'|2\r",
            {"delimiter": "|", "quotechar": "'"},
            [{"a": "1|", "b": "2"}],
        ),
        ("a,b\n1\\,,2\n", {"escapechar": "\\"}, [{"a": "1,", "b": "2"}]),
        ('a,b\n1,"2', {}, [{"a": "1", "b": "2"}]),
    ],
)
def test_rows_go_to_the_queue_without_an_object(
    no_objects: None, text: str, options: dict[str, Any], rows: list[Any]
) -> None:
    target = Queue()
    CSVReader(io.StringIO(text, newline=""), target, start=True, **options)
    assert drain(target) == rows
    assert_nothing_comes(target)


@pytest.mark.parametrize("sort_key", [None, "timestamp", "b", ["timestamp"]])
@pytest.mark.parametrize("maxsize", [0, 10_000])
def test_rows_with_times_need_an_object_only_for_the_first(
    monkeypatch: pytest.MonkeyPatch, sort_key: Any, maxsize: int
) -> None:
    target = Queue(maxsize, sort_key=sort_key)
    text = "t,b\n" + "".join(f'{i},"é"\n' for i in range(1000))
    reader = CSVReader(io.StringIO(text), target, timestamp="t")
    monkeypatch.setattr(reader, "_item", pytest.fail)
    reader.start()
    assert drain(target) == [
        {"t": str(i), "b": "é", "timestamp": i * 10**9} for i in range(1000)
    ]


def test_the_time_at_the_end_of_a_list_can_be_its_key(no_objects: None) -> None:
    multiplexer = SortedQueueMultiplexer(sort_key=[-1])
    for start in (0, 1):
        text = "t\n" + "".join(f"{i}\n" for i in range(start, 1000, 2))
        CSVReader(
            io.StringIO(text), multiplexer.input_queue(), rows="list", timestamp="t"
        ).run()
    output = multiplexer.output_queue()
    multiplexer.run()
    assert drain(output) == [[str(i), i * 10**9] for i in range(1000)]
    assert multiplexer._frames is not None


def test_readers_feed_the_multiplexer_of_frames(no_objects: None) -> None:
    multiplexer = SortedQueueMultiplexer(sort_key="timestamp")
    readers = []
    for start in range(3):
        text = "t,n\n" + "".join(
            f"{i // 4}.{i % 4},{i}\n" for i in range(start, 600, 3)
        )
        source = multiplexer.input_queue()
        readers.append(CSVReader(io.StringIO(text), source, timestamp="t").run())
    output = multiplexer.output_queue()
    multiplexer.run()
    rows = drain(output)
    assert numbers(rows) == list(range(600))
    assert [row["timestamp"] for row in rows[:5]] == [
        0,
        10**8,
        2 * 10**8,
        3 * 10**8,
        10**9,
    ]
    assert multiplexer._frames is not None
    for reader in readers:
        reader.join(PATIENCE)


class Overridden(CSVReader):
    def __iter__(self) -> Any:
        return (row for row in self.reader if row["n"] != "1")


class Counting(Queue):
    """Another `put`: whoever replaces it is called for each item."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def put(self, item: Any, *arguments: Any, **options: Any) -> None:
        self.count += 1
        super().put(item, *arguments, **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda target: CSVReader(io.StringIO("n\n0\n2\n"), target, rows="lazy"),
        lambda target: CSVReader(io.StringIO("n\n0\n2\n"), target, lambda row: row),
        lambda target: Overridden(io.StringIO("n\n0\n1\n2\n"), target),
        lambda target: CSVReader(io.StringIO("n,n\n9,0\n8,2\n"), target),
    ],
    ids=["lazy", "wrapper", "subclass", "twice the same key"],
)
def test_what_only_objects_can_do_is_done_with_objects(make: Any) -> None:
    target = Queue()
    make(target).start()
    assert numbers(drain(target)) == [0, 2]
    assert_nothing_comes(target)


def test_columns_go_to_the_queue_as_batches() -> None:
    target = Queue()
    reader = CSVReader(
        io.StringIO("n\n0\n2\n"), target, lambda batch: batch.num_rows, rows="columns"
    )
    reader.start()
    assert drain(target) == [2]


def test_a_put_that_was_replaced_is_called_for_each_row() -> None:
    target = Counting()
    CSVReader(io.StringIO("n\n0\n2\n"), target).start()
    assert numbers(drain(target)) == [0, 2]
    assert target.count == 3


def test_a_reader_that_has_given_rows_puts_the_others() -> None:
    target = Queue()
    reader = CSVReader(io.StringIO("n\n0\n1\n2\n"), target)
    assert next(reader.reader) == {"n": "0"}
    reader.start()
    assert numbers(drain(target)) == [1, 2]
    assert_nothing_comes(target)


def test_the_file_is_closed_and_nothing_is_left_to_read(tmp_path: Path) -> None:
    path = tmp_path / "numbers.csv"
    path.write_text(NUMBERS)
    reader = CSVReader(path, Queue(), start=True)
    assert reader._source is not None
    assert reader._source._owned.closed
    assert list(reader.reader) == []
    assert reader.line_num == 1001


def test_bad_times_are_counted_located_and_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    target = Queue()
    reader = CSVReader(
        io.StringIO("t\n1\nx\n2\ny\n"), target, timestamp="t", on_error="skip"
    )
    reader.start()
    assert [row["t"] for row in drain(target)] == ["1", "2"]
    assert (reader.stats.bad_times, reader.stats.bad_lines) == (2, [3, 5])
    assert "2 records have no readable time" in caplog.text
