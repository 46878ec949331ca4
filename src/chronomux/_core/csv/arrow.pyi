from collections.abc import Iterable

from typing_extensions import CapsuleType

from chronomux._core.csv.typed_column import TypedColumn

def export_schema(columns: list[TypedColumn]) -> CapsuleType: ...
def export_array(columns: list[TypedColumn], length: int) -> CapsuleType: ...
def export_stream(
    columns: list[TypedColumn], batches: Iterable[tuple[list[TypedColumn], int]]
) -> CapsuleType: ...
