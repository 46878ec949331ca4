"""A window of rows as typed columns, which other libraries take without a copy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

    from chronomux._core.csv.typed_column import TypedColumn

__all__ = ["ColumnBatch"]


class ColumnBatch(Mapping[str, "TypedColumn"]):
    """Columns of one length by name, in the file's order; `num_rows` rows.

    Of several columns with one name the last is found by it; `columns` has them all.

    Speaks the Arrow PyCapsule interface: `polars.DataFrame(batch)`,
    `pyarrow.record_batch(batch)`, ... share its memory.
    """

    def __init__(self, columns: Sequence[TypedColumn], num_rows: int) -> None:
        self.columns = list(columns)
        self.num_rows = num_rows
        self._by_name = {column.name: column for column in self.columns}

    def __getitem__(self, name: str) -> TypedColumn:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        types = ", ".join(f"{column.name}: {column.type}" for column in self.columns)
        return f"<ColumnBatch of {self.num_rows} rows ({types})>"

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows as dicts of Python values; None where one is missing."""
        names = [column.name for column in self.columns]
        for values in zip(*self.columns, strict=True):
            yield dict(zip(names, values, strict=True))

    def __reduce__(self) -> tuple[Any, ...]:
        return ColumnBatch, (self.columns, self.num_rows)

    def __arrow_c_schema__(self) -> CapsuleType:
        from chronomux._core.csv.arrow import export_schema

        return export_schema(self.columns)

    def __arrow_c_array__(
        self, requested_schema: object = None
    ) -> tuple[CapsuleType, CapsuleType]:
        """Arrow's schema and data; another `requested_schema` is not looked at."""
        from chronomux._core.csv.arrow import export_array, export_schema

        return export_schema(self.columns), export_array(self.columns, self.num_rows)
