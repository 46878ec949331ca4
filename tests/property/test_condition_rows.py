"""Rows of columns against conditions: what `match` says of the same rows as dicts."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chronomux._core.csv.typed_column import TypedColumn
from chronomux.event import EventManager
from chronomux.readers.column_batch import ColumnBatch
from tests.property.test_conditions import RULES

# Paths that rules ask for, spelled out and in part, and one that none does.
COLUMNS = st.sampled_from(["a", "b", "c", "0", "a.b", "b.c", "a.b.c", "other"])
FIELDS = {
    "int64": ["", "0", "1", "2", "-1", str(2**53 + 1)],
    "float64": ["", "0", "1", "2.5", "nan", "inf"],
    "timestamp": ["", "1", "2"],
    "str": ["", "x", "xy", "xyz", "XY", "yx", "10.0.0.1", "::1", "é"],
}


@st.composite
def batches(draw: st.DrawFn) -> ColumnBatch:
    rows = draw(st.integers(0, 4))
    columns = []
    for name in draw(st.lists(COLUMNS, max_size=5)):  # some of one name
        kind = draw(st.sampled_from(sorted(FIELDS)))
        column = TypedColumn(name, kind)  # type: ignore[arg-type]
        for _ in range(rows):
            assert column.add(draw(st.sampled_from(FIELDS[kind])).encode())
        columns.append(column)
    return ColumnBatch(columns, rows)


def managed(rules: list[dict[str, Any]]) -> EventManager:
    manager = EventManager()
    for one in rules:
        manager.register(print, one)
    return manager


@given(st.lists(RULES, max_size=6), batches())
def test_rows_match_what_they_do_as_dicts(
    rules: list[dict[str, Any]], batch: ColumnBatch
) -> None:
    manager = managed(rules)
    expected = [manager.match(row) for row in batch.rows()]
    assert manager.match_rows(batch) == expected
    plain = {name: list(column) for name, column in batch.items()}
    assert manager.match_rows(plain) == expected
