"""Rules against the columns of a CSV file."""

from __future__ import annotations

from typing import Any

import pytest

from chronomux.event import EventManager
from chronomux.event import operators as op
from chronomux.readers import CSVReader
from chronomux.readers.column_batch import ColumnBatch


def batches_of(tmp_path: Any, text: str) -> list[ColumnBatch]:
    path = tmp_path / "rows.csv"
    path.write_text(text)
    return list(CSVReader(str(path), rows="columns"))


def managed(*conditions: Any, **options: Any) -> EventManager:
    manager = EventManager(**options)
    for condition in conditions:
        manager.register(print, condition)
    return manager


def test_the_rows_of_a_file_match_by_number_text_and_range(tmp_path: Any) -> None:
    [batch] = batches_of(tmp_path, "site,level,load\nnorth,3,0.5\nsouth,4,9.5\n")
    manager = managed(
        {"site": "north"}, {"level": [3, 4]}, {"load": op.above(9), "level": 4.0}, {}
    )
    assert manager.match_rows(batch) == [[0, 1, 3], [1, 2, 3]]


def test_a_missing_value_is_none_and_is_there(tmp_path: Any) -> None:
    [batch] = batches_of(tmp_path, "a,level\nx,3\ny,\n")
    manager = managed({"level": None}, {"level": op.exists()}, {"level": op.absent()})
    assert manager.match_rows(batch) == [[1], [0, 1]]


def test_a_column_that_there_is_not_is_absent(tmp_path: Any) -> None:
    [batch] = batches_of(tmp_path, "a\n1\n")
    manager = managed({"b": op.absent()}, {"b": op.exists()}, {"b": None})
    assert manager.match_rows(batch) == [[0]]


def test_a_dotted_name_is_a_path(tmp_path: Any) -> None:
    [batch] = batches_of(tmp_path, "name.type,name\ncommand,x\n")
    manager = managed({"name.type": "command"}, {"name": {"type": "command"}})
    assert manager.match_rows(batch) == [[0, 1]]


def test_a_predicate_sees_candidates_alone_and_its_error_goes_on(tmp_path: Any) -> None:
    [batch] = batches_of(tmp_path, "a,b\n1,5\n2,6\n1,0\n")
    seen, failed = [], []

    def divides(value: int) -> bool:
        seen.append(value)
        return 10 % value == 0

    manager = managed(
        {"a": 1, "b": divides}, on_error=lambda *given: failed.append(given[1:])
    )
    assert manager.match_rows(batch) == [[0], [], []]
    assert seen == [5, 0]
    [(event, error)] = failed
    assert event == {"a": 1, "b": 0}
    assert isinstance(error, ZeroDivisionError)


def test_a_predicate_may_register_and_unregister(tmp_path: Any) -> None:
    """What it changes counts from the next row on."""
    [batch] = batches_of(tmp_path, "a,b\n1,1\n1,1\n1,1\n")
    manager = EventManager()
    latest = [1]

    def replaces(value: int) -> bool:
        manager.unregister(latest[-1])
        latest.append(manager.register(print, {"b": 1}))
        return True

    manager.register(print, {"a": replaces})
    manager.register(print, {"b": 1})
    assert manager.match_rows(batch) == [[0, 1], [0, 2], [0, 3]]
    assert manager.match({"b": 1}) == [4]


def test_columns_of_any_sequences_do_too() -> None:
    manager = managed({"a": 1, "b.c": "x"}, {"a": 2})
    columns = {"a": [1, 2], "b": ({"c": "x"}, {"c": "x"})}
    assert manager.match_rows(columns) == [[0], [1]]
    assert manager.match_rows({}) == []
    assert manager.match_rows({"a": []}) == []


@pytest.mark.parametrize(
    "columns", [None, [{"a": 1}], {"a": 1}, {"a": "text"}, {"a": {"b": 1}}]
)
def test_what_is_no_mapping_of_columns_is_refused(columns: Any) -> None:
    with pytest.raises(TypeError, match="column"):
        EventManager().match_rows(columns)


def test_columns_of_several_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="column 'b' has 1 rows and column 'a' has 2"):
        EventManager().match_rows({"a": [1, 2], "b": [1]})
