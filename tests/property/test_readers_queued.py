"""What a reader puts on a chronomux.Queue without objects equals what putting gives."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronomux import Queue, SortedQueueMultiplexer
from chronomux._core.csv.queued import QueuedRows
from chronomux.readers import CSVReader, sources
from tests.property.test_readers_csv import FMTPARAMS, TEXTS, Trickle

RECORDS = st.lists(
    st.tuples(
        st.sampled_from(["5", "1.25", '"7"', "2015-02-02 14:19:00.5", "", "x", "1é"]),
        st.text(st.sampled_from("ab'é😀\xff "), max_size=5),
        st.sampled_from(["", ",x", ',"a""b"', ',"c,\n1"', ",d,e", ",\u20ac,f,g"]),
        st.sampled_from(["\n", "\r\n", "\r", "\n\n"]),
    ).map(lambda record: f"{record[0]},{record[1]}{record[2]}{record[3]}"),
    max_size=20,
).map("".join)
HEADERS = st.sampled_from(
    ["a,b,c\n", "timestamp,b,c\n", "a,a,c\n", "é,b\n", '"a",b,c,d,e\r\n', "a\n", ""]
)
OPTIONS = st.fixed_dictionaries(
    {
        "rows": st.sampled_from(["dict", "list"]),
        "restkey": st.sampled_from([None, "more", "b", 7]),
        "restval": st.sampled_from([None, "-", 1.5, True, 1 << 80, b"x", ()]),
        "fieldnames": st.sampled_from([None, None, ["a", "timestamp"], ["a", 3], []]),
        "row_names": st.booleans(),
        "timestamp": st.sampled_from([None, 0, 0, [0, 1], "timestamp"]),
        "on_error": st.sampled_from(["raise", "skip", "null"]),
    }
)
SORT_KEYS = st.sampled_from([None, "timestamp", "a", "b", "0", "1", "-1", "a.b", len])
SIZES = st.sampled_from([1, 7, sources.BLOCK_BYTES])
QUOTINGS = st.sampled_from(
    [csv.QUOTE_MINIMAL, csv.QUOTE_NONE, csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL]
)


def same(row: Any) -> Any:
    return row


def through(queue: Queue, reader: CSVReader) -> tuple[list[Any], Any]:
    """All that a reader puts, with its types and keys in order, and its error."""
    error = None
    try:
        reader.start()
    except Exception as raised:
        error = type(raised), str(raised)
    queue.flush()
    found = [queue.get(timeout=30)]
    while found[-1] is not Queue.Empty:
        found.append(queue.get(timeout=30))
    return [typed(item) for item in found], error


def typed(item: Any) -> Any:
    if isinstance(item, dict):
        return "dict", [(typed(key), typed(value)) for key, value in item.items()]
    if isinstance(item, list):
        return "list", [typed(value) for value in item]
    return type(item), repr(item)


def check_equal(text: str, size: int, sort_key: Any, **options: Any) -> None:
    data = text.encode()
    outcomes = []
    readers = []
    for wrapper in (dict, same):
        queue = Queue(sort_key=sort_key, ring_bytes=1 << 16)
        reader = CSVReader(Trickle(data, size), queue, wrapper, **options)
        outcomes.append(through(queue, reader))
        readers.append(reader)
        queue.close()
    assert outcomes[0] == outcomes[1]
    assert readers[0].stats == readers[1].stats
    if outcomes[0][1] is None:
        assert readers[0].line_num == readers[1].line_num
        assert list(readers[0].reader) == []


@given(HEADERS, RECORDS, OPTIONS, SORT_KEYS, SIZES)
def test_what_comes_out_is_what_putting_each_row_gives(
    header: str, records: str, options: dict[str, Any], sort_key: Any, size: int
) -> None:
    check_equal(header + records, size, sort_key, **options)


@given(TEXTS, FMTPARAMS, QUOTINGS, OPTIONS, SORT_KEYS, SIZES)
def test_any_dialect_gives_what_putting_each_row_gives(
    text: str,
    fmtparams: dict[str, Any],
    quoting: int,
    options: dict[str, Any],
    sort_key: Any,
    size: int,
) -> None:
    if quoting == csv.QUOTE_NONNUMERIC:
        options = {**options, "timestamp": None}
    fmtparams = {**fmtparams, "quoting": quoting}
    check_equal(text, size, sort_key, **options, **fmtparams)


@given(
    st.lists(st.lists(st.integers(0, 10**6), max_size=30).map(sorted), max_size=3),
    st.sampled_from(["timestamp", "n"]),
)
def test_queues_that_readers_fill_are_merged_by_their_keys(
    files: list[list[int]], sort_key: str
) -> None:
    multiplexer = SortedQueueMultiplexer(sort_key=sort_key)
    inputs = [multiplexer.input_queue() for _ in range(len(files) + 1)]
    output = multiplexer.output_queue()
    for queue, times in zip(inputs, [*files, [1, 2]], strict=True):
        text = "t,n\n" + "".join(f"{time},{time:08}\n" for time in times)
        CSVReader(
            io.StringIO(text), queue, timestamp="t", timestamp_format="epoch_s"
        ).start()
    multiplexer.run()
    found = []
    while (item := output.get(timeout=30)) is not Queue.Empty:
        found.append(item["timestamp"] // 10**9)
    assert found == sorted(sum(files, [1, 2]))


@pytest.mark.parametrize("rows", ["dict", "list"])
def test_what_the_property_tests_compare_does_go_the_direct_way(
    rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(sort_key="timestamp" if rows == "dict" else None)
    text = "t,b\n" + "".join(f'{i},"é"\n' for i in range(1000))
    reader = CSVReader(io.StringIO(text), queue, timestamp="t", rows=rows)
    monkeypatch.setattr(reader, "_item", pytest.fail)  # is called for an object
    direct = reader._direct()
    assert isinstance(direct, QueuedRows)
    for _ in range(1001):
        if not direct.put(1):
            break
    assert queue.qsize() == 1000


@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
            min_size=2,
            max_size=4,
        ),
        max_size=5,
    ),
    st.booleans(),
    st.sampled_from([1, 33, 100, sources.BLOCK_BYTES]),
)
def test_any_text_comes_out_as_it_stands_in_the_file(
    records: list[list[str]], quote_all: bool, size: int
) -> None:
    file = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(file, quoting=quoting).writerows(records)
    data = b"header\n" + file.getvalue().encode()
    queue = Queue(ring_bytes=1 << 16)
    found, error = through(queue, CSVReader(Trickle(data, size), queue, rows="list"))
    assert error is None
    assert found[:-1] == [typed(row) for row in records]


@given(st.integers(0, 300), st.integers(1, 40), SIZES)
def test_a_bounded_queue_delivers_every_row_once_and_in_order(
    count: int, maxsize: int, size: int
) -> None:
    data = "n\n" + "".join(f"{i}\n" for i in range(count))
    queue = Queue(maxsize, ring_bytes=1 << 14)
    reader = CSVReader(Trickle(data.encode(), size), queue).run()
    found = [queue.get(timeout=30)]
    while found[-1] is not Queue.Empty:
        found += queue.get_many(7, timeout=30)
    reader.join(30)
    assert found[:-1] == [{"n": str(i)} for i in range(count)]
    assert queue.empty()
