"""Lazy rows are immutable mappings, equal to the dicts that csv.DictReader makes."""

from __future__ import annotations

import copy
import csv
import io
import json
import pickle
from collections.abc import Mapping
from typing import Any

import pytest

from chronomux.readers import CSVReader

TEXT = 'a,b,c\n1,"x ""y""",é\n\n2\n3,4,5,6,7\n"8"9,10,11\n'


def lazy(text: str, **options: Any) -> list[Any]:
    return list(CSVReader(io.BytesIO(text.encode()), rows="lazy", **options))


@pytest.mark.parametrize("header", ["a,b,c", "a,b,a", "a", "rest,b,c"])
def test_rows_equal_those_of_dict_reader(header: str) -> None:
    text = header + TEXT[5:]
    rest = {"restkey": "rest", "restval": "-"}
    expected = list(csv.DictReader(io.StringIO(text, newline=""), **rest))
    rows = lazy(text, **rest)
    assert rows == expected
    for row, items in zip(rows, expected, strict=True):
        assert isinstance(row, Mapping)
        assert not isinstance(row, dict)
        assert dict(row) == {**row} == items
        assert (list(row), len(row)) == (list(items), len(items))
        assert list(row.keys()) == list(items.keys())
        assert list(row.values()) == list(items.values())
        assert list(row.items()) == list(items.items())
        assert repr(row) == f"LazyRow({items!r})"
        for key in [*items, "none", 0, None]:
            assert (key in row) == (key in items)
            assert row.get(key, 7) == items.get(key, 7)
        with pytest.raises(KeyError):
            row["none"]


def test_rows_are_values() -> None:
    first, again = lazy(TEXT), lazy(TEXT)
    assert first == again
    assert [hash(row) for row in first] == [hash(row) for row in again]
    assert len({*first, *again}) == len(first)
    assert first[0] != first[1]
    assert first[0] != 1
    with pytest.raises(TypeError):
        first[0]["a"] = "2"
    assert first[0] | {"a": "2", "d": "3"} == {**first[0], "a": "2", "d": "3"}
    assert {"a": "2", "d": "3"} | first[0] == {"d": "3", **first[0]}
    assert copy.copy(first[0]) is copy.deepcopy(first[0]) is first[0]


def test_rows_pickle_as_dicts() -> None:
    for row in lazy(TEXT):
        loaded = pickle.loads(pickle.dumps(row))
        assert type(loaded) is dict
        assert loaded == row
        assert json.loads(json.dumps({str(k): v for k, v in row.items()}))


def test_rows_outlive_the_reader_and_its_windows() -> None:
    lines = [f'{i},"{i % 7}, x"\n' for i in range(200_000)]
    data = ("n,v\n" + "".join(lines)).encode()
    kept = list(CSVReader(io.BytesIO(data), rows="lazy"))[::1000]
    assert [(row["n"], row["v"]) for row in kept] == [
        (str(i), f"{i % 7}, x") for i in range(0, 200_000, 1000)
    ]


def test_a_time_is_one_more_key() -> None:
    rows = lazy("t,v\n1.5,x\n2,y\n", timestamp="t")
    assert rows == [
        {"t": "1.5", "v": "x", "timestamp": 1_500_000_000},
        {"t": "2", "v": "y", "timestamp": 2_000_000_000},
    ]
    assert list(rows[0]) == ["t", "v", "timestamp"]
    replaced = lazy("timestamp,v\n1.5,x\n", timestamp="timestamp")
    assert list(replaced[0].items()) == [("timestamp", 1_500_000_000), ("v", "x")]


def test_numbers_are_made_when_asked_for_and_checked_before() -> None:
    quoting: Any = csv.QUOTE_NONNUMERIC
    (row,) = lazy('"a","b"\n1.5,"2"\n', quoting=quoting)
    assert dict(row) == {"a": 1.5, "b": "2"}
    with pytest.raises(ValueError, match=r"^<BytesIO>:2: could not convert"):
        lazy('"a","b"\nx,"2"\n', quoting=quoting)


def test_a_dialect_that_only_csv_reads_has_no_lazy_rows() -> None:
    with pytest.raises(ValueError, match="needs a dialect of ASCII characters"):
        lazy("a\n", delimiter="§")


def test_lazy_rows_are_made_by_readers_only() -> None:
    with pytest.raises(TypeError, match="made by CSVReader"):
        type(lazy("a\n1\n")[0])()
